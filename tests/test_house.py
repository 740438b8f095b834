"""The rules of the house that a machine can hold: which room may use which, and how long things get."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tumorseg"
FILES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "stages").glob("*.py")])
# A room uses its own files and the rooms above it, and no others. "root" is the files in no room.
LAYERS = (
    ("root",),
    ("data", "page"),
    ("sources", "audit", "models"),
    ("nets", "training", "evaluation"),
    ("compare", "report", "first_look"),
    ("delivery", "experiments"),
    ("cli", "stages"),
)
LAYER = {room: layer for layer, rooms in enumerate(LAYERS) for room in rooms}
# What params.yaml may say of an architecture, its own file says: the registry reads it.
EXCEPTIONS = {("params.py", "tumorseg.models.registry")}


def room_of(path: Path) -> str:
    if path.is_relative_to(PACKAGE):
        parts = path.relative_to(PACKAGE).parts
        if parts == ("__main__.py",):  # `python -m tumorseg` is the command
            return "cli"
        return parts[0] if len(parts) > 1 else "root"
    return "stages"


def imports(path: Path) -> Iterator[str]:
    """Modules of the package that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "tumorseg")
        elif isinstance(node, ast.ImportFrom) and node.module == "tumorseg":
            yield from (f"tumorseg.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: an import relative to the file"
            if (node.module or "").startswith("tumorseg."):
                yield node.module or ""


def used_room(module: str) -> str:
    """The room of a module; constants of the package itself are in no room."""
    name = module.split(".")[1]
    return name if (PACKAGE / name).is_dir() else "root"


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file and its number of lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_every_room_has_its_layer():
    assert {room_of(path) for path in FILES} <= set(LAYER)


def test_imports_point_one_way():
    wrong = [
        f"{path.relative_to(ROOT)} uses {module}"
        for path in FILES
        for module in imports(path)
        if (used := used_room(module)) != (room := room_of(path))
        and LAYER[used] >= LAYER[room]
        and (path.name, module) not in EXCEPTIONS
    ]
    assert not wrong


def test_no_file_over_250_lines():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 250}


def test_no_function_over_50_lines():
    long = [(path.name, name, length) for path in FILES for name, length in functions(path) if length > 50]
    assert not long


def test_stage_scripts_of_40_lines_at_most():
    for path in (ROOT / "stages").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 40, path.name
