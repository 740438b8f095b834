"""Every architecture by name: each file of `tumorseg.nets`.

A file of that folder has a function `build(outputs, *, option: type = default, ...)` that returns a net
with `outputs` channels of logits. A net that learns nothing also says `LEARNS = False`. What a file
offers is read from its source, not by importing it, so that params.yaml is checked without the second
that importing torch takes.
"""

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ConfigDict, ValidationError, create_model

from tumorseg import types

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
        annotation = eval(ast.unparse(argument.annotation), {"__builtins__": {}}, ANNOTATIONS)
        options[argument.arg] = (annotation, ast.literal_eval(default))
    constants = {
        node.targets[0].id: node.value.value
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    return Architecture(name, options, learns=constants.get("LEARNS", True))


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
    schema = create_model(name, __config__=ConfigDict(strict=True), **architecture.options)
    for option in options:
        if option not in architecture.options:
            known = ", ".join(architecture.options) or "none"
            raise ValueError(f"{option}: unknown option of {name}; it has: {known}")
    try:
        schema.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"][0].lower() + first["msg"][1:]  # choices keep their capitals
        raise ValueError(f"{first['loc'][0]}: {message}, not {first['input']!r}") from None


def channels(classes: list[str]) -> int:
    """Channels of a net's logits: a lone one of tumour, or one of background and one of each class."""
    return 1 + len(classes) if classes else 1


def build_model(name: str, outputs: int = 1, **options: Any) -> "nn.Module":
    """Build the net `name`: float32 slices (N, 1, H, W) in, logits (N, outputs, H, W) out.

    Args:
        name: Of the architecture.
        outputs: 1, whose sigmoid is the probability of tumour; or 1 and the number of classes, whose
            softmax has background first.
        options: As its `build` takes them.

    Raises:
        ValueError: As `describe` and `check_options`.
    """
    check_options(name, options, has_loss=describe(name).learns)
    return importlib.import_module(f"tumorseg.nets.{name}").build(outputs, **options)
