"""dvc.yaml against the code: a dependency or param left out would silently rerun nothing."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

# They carry messages and checks; no output depends on them.
PLUMBING = {"errors", "progress", "stage", "params", "datasets", "types"}


def definitions(root: Path) -> dict[str, dict]:
    stages = YAML(typ="safe").load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


STAGES = sorted(definitions(Path(__file__).parent.parent))


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports from the package, at its top or inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in ast.walk(node):
                child.skip = True
        if getattr(node, "skip", False):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tumorseg"):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def closure(script: Path, package: Path) -> set[Path]:
    """Every package file whose code a script may run."""
    found, queue = set(), [script]
    while queue:
        for name in imported(queue.pop()):
            base = package.parent / name.replace(".", "/")
            for path in (base.with_suffix(".py"), base / "__init__.py"):
                if path.is_file() and path not in found and path.stem not in PLUMBING:
                    found.add(path)
                    queue.append(path)
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_deps_cover_all_the_code_that_a_stage_runs(root, stage):
    script = root / "stages" / f"{stage}.py"
    deps = {root / dep for dep in definitions(root)[stage]["deps"]}
    assert script in deps
    package = root / "src" / "tumorseg"
    missing = [
        str(path.relative_to(root))
        for path in closure(script, package)
        if not deps & {path, *path.parents} and path != package / "__init__.py" and path.stat().st_size > 200
    ]
    assert not missing


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_params_it_reads_and_no_others(root, stage):
    tree = ast.parse((root / "stages" / f"{stage}.py").read_text(encoding="utf-8"))
    read = set()
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if text.startswith(("params.", "load_params().")):
            text = text.replace("load_params().", "params.").removeprefix("params.")
            read.add("models" if text == "model_named" else text)
    whole = {name for name in read if not any(other.startswith(f"{name}.") for other in read)}
    used = {
        name.split(".")[0] if not name.startswith("dataset.") else ".".join(name.split(".")[:2])
        for name in whole
    }
    declared = set()
    for name in definitions(root)[stage].get("params", []):
        if isinstance(name, dict):  # validate reads the whole file
            continue
        parts = name.replace("datasets.${data}", "dataset").split(".")
        declared.add(".".join(parts[:2]) if parts[0] == "dataset" else parts[0])
    assert used == declared


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_waits_for_validation_and_is_described(root, stage):
    definition = definitions(root)[stage]
    assert definition["desc"]
    assert stage == "validate" or "data/params.ok" in definition["deps"]


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_every_net_is_rerun_by_an_edit_of_its_own_file(root, stage):
    assert "src/tumorseg/nets/${item.architecture}.py" in definitions(root)[stage]["deps"]


def test_imports_cannot_dirty_a_stage(root):
    assert "__pycache__/" in (root / ".dvcignore").read_text(encoding="utf-8")


def test_scripts_are_short_and_files_small(root):
    assert all(len(path.read_text().splitlines()) <= 60 for path in (root / "stages").glob("*.py"))
    assert all(len(path.read_text().splitlines()) <= 250 for path in (root / "src").rglob("*.py"))
