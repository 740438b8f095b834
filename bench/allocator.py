"""What it brings to keep freed memory: seconds of a training step and of a forward pass, with and without.

Run with `python bench/allocator.py`, and names of nets to choose some. Each way is a process of its own, and
they take turns. Printed are the medians over rounds without, and of the ratios with to without; below 1 is
faster.
"""

import subprocess
import sys
import time
from statistics import median
from typing import Any

from loops import BATCH, SIZE, build
from loops import NETS as LOOPS

ROUNDS, STEPS = 3, 3
LITE = {"architecture": "smp", "decoder": "Linknet", "encoder": "tu-tf_efficientnet_lite0", "weights": None}
SMALL, LARGE = (96, 8), (SIZE, BATCH)  # pixels a side, slices in a batch
NETS: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "simple_cnn": (LOOPS["simple_cnn"], SMALL),
    "unet": ({"architecture": "unet", "width": 16, "depth": 4}, SMALL),
    "resnet": ({"architecture": "resnet", "dropout": 0.2}, SMALL),
    "simple_cnn 256": (LOOPS["simple_cnn"], LARGE),
    "flagship": (LOOPS["flagship"], LARGE),
    "lite": (LITE, LARGE),
}


def time_one(net: str) -> None:
    """Print seconds of a training step, and of a forward pass."""
    import torch

    from tumorseg.training.depthwise import depthwise_in_float32
    from tumorseg.training.fitting import choose_precision

    options, (side, batch) = NETS[net]
    torch.manual_seed(0)
    model = build(options).to(memory_format=torch.channels_last)
    images = torch.randn(batch, 1, side, side)
    optimizer = torch.optim.AdamW(model.parameters())
    bfloat16 = choose_precision("auto", "cpu") == "bf16-mixed"

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            outputs = model(images)
        each = outputs if isinstance(outputs, list) else [outputs]
        sum(output.float().square().mean() for output in each).backward()
        optimizer.step()
        optimizer.zero_grad()

    def forward() -> None:
        with torch.inference_mode():
            model(images)

    with depthwise_in_float32(model, torch.device("cpu")):
        print(seconds(step))
    model.eval()
    print(seconds(forward))


def seconds(call: Any) -> float:
    """Of one call, after two that warm up."""
    for _ in range(2):
        call()
    began = time.perf_counter()
    for _ in range(STEPS):
        call()
    return (time.perf_counter() - began) / STEPS


def measure(net: str) -> str:
    """A row of the table."""
    rounds = []
    for _ in range(ROUNDS):
        runs = {}
        for way in ("freed", "kept"):
            command = [sys.executable, __file__, way, net]
            runs[way] = subprocess.run(command, check=True, text=True, capture_output=True).stdout.split()
        rounds.append([(float(a), float(b)) for a, b in zip(runs["freed"], runs["kept"], strict=True)])
    cells = []
    for which in range(2):
        pairs = [each[which] for each in rounds]
        cells.append(f"{1000 * median(a for a, _ in pairs):.0f} | {median(b / a for a, b in pairs):.2f}")
    return f"| `{net}` | {' | '.join(cells)} |"


def main(arguments: list[str]) -> None:
    if arguments[:1] in (["freed"], ["kept"]):
        from tumorseg.memory import keep_freed_memory

        if arguments[0] == "kept" and not keep_freed_memory():
            sys.exit("this system does not know how to keep freed memory")
        return time_one(arguments[1])
    print("| net | a step, ms | kept | a forward pass, ms | kept |\n|---|---:|---:|---:|---:|")
    for net in arguments or NETS:
        print(measure(net), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
