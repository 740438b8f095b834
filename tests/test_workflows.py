"""What CI of the project's host runs, as far as it can be checked here."""

import json
import re
from pathlib import Path


def test_the_comment_on_a_pull_request_finds_the_statement(root: Path) -> None:
    text = (root / ".github/workflows/report.yml").read_text(encoding="utf-8")
    (key, path), *others = re.findall(r"jq --raw-output '\.(\w+)\[\] .*' (\S+)", text)
    sentences = json.loads((root / path).read_text(encoding="utf-8"))[key]
    assert sentences[0].startswith("unet has Dice ")
    assert others == []
