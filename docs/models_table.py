"""The table of the models that params.yaml has."""

import ast
from pathlib import Path

from tumorseg.files import read_json, read_yaml
from tumorseg.models import registry


def models(root: Path) -> str:
    """Every model of params.yaml: its parameters, and the first sentence of its architecture's file."""
    board = read_json(root / "metrics" / "compare.json")
    lines = ["| model | parameters | what it is |", "| --- | ---: | --- |"]
    for name, model in read_yaml(root / "params.yaml")["models"].items():
        source = (registry.FOLDER / f"{model['architecture']}.py").read_text(encoding="utf-8")
        meaning = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].replace("\n", " ")
        parameters = f"{board[name]['parameters']:,}" if board[name]["parameters"] else "none"
        lines.append(f"| `{name}` | {parameters} | {meaning} |")
    return "\n".join(lines)
