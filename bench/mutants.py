"""Change the code that reads, splits and scores, one place at a time, and count the changes no test notices.

python bench/mutants.py [EACH [SEED]] takes EACH places of each of FILES, drawn by the seed (0: all places).
It makes one wrong at a time in a copy of the project, and runs the tests of the file. It prints what lived,
with its line, and the share that was noticed.
"""

import ast
import copy
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

# Imported once, for all runs of tests: they fork.
import cv2  # noqa: F401
import pandas  # noqa: F401
import pycocotools.mask  # noqa: F401
import pydantic  # noqa: F401
import pytest
import sklearn.metrics
import sklearn.model_selection  # noqa: F401

FORK = multiprocessing.get_context("fork")
PATIENCE = 120.0  # seconds
ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "src/tumorseg/data/coco.py": [
        "tests/data/test_coco.py",
        "tests/data/test_coco_schema.py",
        "tests/data/test_compressed_counts.py",
        "tests/data/test_masks.py",
    ],
    "src/tumorseg/data/coco_schema.py": [
        "tests/data/test_coco_schema.py",
        "tests/data/test_compressed_counts.py",
    ],
    "src/tumorseg/metrics.py": ["tests/test_metrics.py"],
    "src/tumorseg/bootstrap.py": ["tests/test_bootstrap.py"],
    "src/tumorseg/data/splits.py": ["tests/data/test_splits.py"],
}
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def runs(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are executed: no docstrings, annotations or messages of errors."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns") or isinstance(tree, ast.Raise | ast.JoinedStr):
            continue
        for node in value if isinstance(value, list) else [value]:
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            is_typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            if isinstance(node, ast.AST) and not is_docstring and not is_typing:
                yield node
                yield from runs(node)


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What to put in a node's place."""
    new = copy.deepcopy(node)
    match new:
        case ast.BinOp() | ast.BoolOp() if type(new.op) in OPERATORS:
            new.op = OPERATORS[type(new.op)]()
            yield new
        case ast.Compare() if type(new.ops[0]) in OPERATORS:
            new.ops[0] = OPERATORS[type(new.ops[0])]()
            yield new
        case ast.Constant(value=bool()):
            yield ast.Constant(not new.value)
        case ast.Constant(value=int() | float()):
            yield ast.Constant(new.value + 1)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield new.operand
        case ast.IfExp():
            yield new.body
            yield new.orelse
        case ast.Continue():
            yield ast.Pass()


def mutants(source: str) -> list[tuple[int, str, str]]:
    """Of each change: its line, what it is, and the whole source with it."""
    tree, found = ast.parse(source), []
    for index, node in enumerate(list(runs(tree))):
        for number, _ in enumerate(changes(node)):
            other = ast.parse(source)
            place = list(runs(other))[index]
            new = list(changes(place))[number]
            before = ast.unparse(place)
            for parent in ast.walk(other):
                for name, value in ast.iter_fields(parent):
                    if value is place:
                        setattr(parent, name, new)
                    elif isinstance(value, list) and any(each is place for each in value):
                        value[[each is place for each in value].index(True)] = new
            text = ast.unparse(ast.fix_missing_locations(other))
            found.append((getattr(place, "lineno", 0), f"{before} → {ast.unparse(new)}", text))
    return found


def lives(project: Path, tests: list[str]) -> bool:
    """Whether the tests pass, in a process of their own, within PATIENCE."""
    child = FORK.Process(target=run_tests, args=(project, tests))
    child.start()
    child.join(PATIENCE)
    if child.is_alive():
        child.kill()
        child.join()
    return child.exitcode == 0


def run_tests(project: Path, tests: list[str]) -> None:
    os.chdir(project)
    sys.dont_write_bytecode = True  # two versions of a file may have the same size and second
    with Path(os.devnull).open("w") as quiet, redirect_stdout(quiet), redirect_stderr(quiet):
        status = pytest.main(["-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests])
    os._exit(int(status))


def main(each: int, seed: int) -> int:
    project = Path(tempfile.mkdtemp(prefix="mutants"))
    tried = lived = 0
    try:
        for name in ("src", "tests", "stages", "pyproject.toml", "params.yaml", "dvc.yaml"):
            place = ROOT / name
            shutil.copytree(place, project / name) if place.is_dir() else shutil.copy(place, project)
        for file, tests in FILES.items():
            if not lives(project, tests):
                raise RuntimeError(f"{file}: its tests fail without any change")
            source = (ROOT / file).read_text(encoding="utf-8")
            every = mutants(source)
            chosen = random.Random(seed).sample(every, min(each or len(every), len(every)))
            here = 0
            for line, what, text in sorted(chosen):
                (project / file).write_text(text, encoding="utf-8")
                if lives(project, tests):
                    here += 1
                    print(f"  lived: {file}:{line}: {what}", flush=True)
            (project / file).write_text(source, encoding="utf-8")
            print(f"{file}: {len(chosen)} of {len(every)} tried, {here} lived", flush=True)
            tried, lived = tried + len(chosen), lived + here
        print(f"{tried} changes, {tried - lived} noticed ({(tried - lived) / tried:.0%})")
        return 0
    finally:
        shutil.rmtree(project, ignore_errors=True)


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*words, *(30, 0)[len(words) :]))
