"""What computes here, in a few words: results differ in their last digits from one kind to another."""

import platform
import re
import shutil
import subprocess
from pathlib import Path


def machine() -> str:
    """The processor's model, whether it computes in bfloat16, and the GPU's model where there is one."""
    about = Path("/proc/cpuinfo")  # Linux; platform.processor() says only the architecture there
    text = about.read_text() if about.exists() else ""
    model = re.search(r"^model name\s*: (.+)", text, re.MULTILINE)
    # Of one name there may be both kinds, and nets are trained in another precision on each.
    bfloat16 = " with bfloat16" * bool(re.search(r"\b(avx512_bf16|amx_bf16)\b", text))
    parts = [(model[1] if model else platform.processor() or platform.machine()) + bfloat16]
    if shutil.which("nvidia-smi"):
        words = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        parts += subprocess.run(words, capture_output=True, text=True).stdout.splitlines()[:1]
    return " + ".join(" ".join(part.split()) for part in parts)
