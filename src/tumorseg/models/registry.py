"""Every architecture by name: each file of `tumorseg.nets`.

A file of that folder has a function `build(outputs, inputs, *, option: type = default, ...)` that returns a
net from slices of `inputs` channels to `outputs` channels of logits. A net that learns nothing also says
`LEARNS = False`. What a file offers is read from its source, not by importing it: params.yaml is checked in
0.2 s, and torch alone takes 1.2 s to import. A typed class of options would need a file of its own, or
imports of torch inside functions; an architecture that is one file with torch at its top, options and
defaults in one place, is worth the `ast`.
"""

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ConfigDict, ValidationError, create_model

from tumorseg import types
from tumorseg.errors import explain

if TYPE_CHECKING:
    from torch import nn

FOLDER = Path(__file__).parents[1] / "nets"
# What an option may be annotated with.
ANNOTATIONS = {"int": int, "float": float, "str": str, "bool": bool, **vars(types)}


@dataclass(frozen=True)
class Architecture:
    """What one file offers, as its source says."""

    name: str
    options: dict[str, tuple[Any, Any]]  # name: (type, default)
    learns: bool


def architectures() -> list[str]:
    """All names, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@cache
def describe(name: str) -> Architecture:
    """Read what architecture `name` offers, without importing it.

    Raises:
        ValueError: There is no such architecture; the message lists those there are.
    """
    if name not in architectures():
        raise ValueError(f"architecture: {name!r} is not one of {', '.join(architectures())}")
    body = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")).body
    build = next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == "build")
    options = {}
    for argument, default in zip(build.args.kwonlyargs, build.args.kw_defaults, strict=True):
        if argument.annotation is None or default is None:
            raise ValueError(f"architecture: {name}: {argument.arg} needs a type and a default")
        annotation = eval(ast.unparse(argument.annotation), {"__builtins__": {}}, ANNOTATIONS)
        options[argument.arg] = (annotation, ast.literal_eval(default))
    constants = {
        node.targets[0].id: node.value.value
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    return Architecture(name, options, learns=bool(constants.get("LEARNS", True)))


def check_options(name: str, options: dict[str, Any], has_loss: bool) -> None:
    """Check the options given for architecture `name`, and that a loss is given where one is used.

    Raises:
        ValueError: Unknown architecture or option, a bad value, a loss missing or useless.
    """
    architecture = describe(name)
    if architecture.learns and not has_loss:
        raise ValueError(f"loss: missing; choose one of {', '.join(get_args(types.LossName))}")
    if not architecture.learns and has_loss:
        raise ValueError(f"loss: {name} learns nothing, so it takes none")
    fields: dict[str, Any] = architecture.options
    schema = create_model(name, __config__=ConfigDict(strict=True), **fields)
    for option in options:
        if option not in architecture.options:
            known = ", ".join(architecture.options) or "none"
            raise ValueError(f"{option}: unknown option of {name}; it has: {known}")
    try:
        schema.model_validate(options)
    except ValidationError as error:
        raise ValueError(explain(error, options)) from None


def channels(classes: list[str]) -> int:
    """Channels of a net's logits: a lone one of tumour, or one of background and one of each class."""
    return 1 + len(classes) if classes else 1


def build_model(name: str, outputs: int = 1, inputs: int = 1, **options: Any) -> "nn.Module":
    """Build the net `name`: float32 slices (N, inputs, H, W) in, logits (N, outputs, H, W) out.

    Args:
        name: Of the architecture.
        outputs: 1, whose sigmoid is the probability of tumour; or 1 and the number of classes, whose
            softmax has background first.
        inputs: Channels of a slice: 1, grey; 3, red, green and blue.
        options: As its `build` takes them.

    Raises:
        ValueError: As `describe` and `check_options`.
    """
    check_options(name, options, has_loss=describe(name).learns)
    return importlib.import_module(f"tumorseg.nets.{name}").build(outputs, inputs, **options)
