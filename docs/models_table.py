"""The table of the models that params.yaml has."""

import ast
from pathlib import Path

from tables import board

from tumorseg.models import registry
from tumorseg.reading import read_yaml
from tumorseg.text import markdown_table


def models(root: Path) -> str:
    """Every model of params.yaml: its parameters, and the first sentence of its architecture's file."""
    rows_by_model = board(root, "metrics")
    rows = []
    for name, model in read_yaml(root / "params.yaml")["models"].items():
        source = (registry.FOLDER / f"{model['architecture']}.py").read_text(encoding="utf-8")
        parameters = f"{rows_by_model[name]['parameters']:,}" if rows_by_model[name]["parameters"] else "none"
        rows.append([f"`{name}`", parameters, meaning_of(ast.parse(source))])
    return markdown_table(["model", "parameters", "what it is"], rows, right={"parameters"})


def meaning_of(module: ast.Module) -> str:
    """The first paragraph of a module's docstring, in a line."""
    return (ast.get_docstring(module) or "").split("\n\n")[0].replace("\n", " ")
