"""dvc.yaml against the code: a dependency or param left out would silently rerun nothing."""

import ast
import re
from collections.abc import Iterable, Set
from pathlib import Path

import pytest
from ruamel.yaml import YAML

# They carry messages and checks; no output depends on them.
PLUMBING = {"errors", "progress", "stage", "params", "sections", "datasets", "types"}
# Of params, by the section that each reads.
METHODS = {"model_named": "models", "ensemble_named": "ensembles", "made_of": "ensembles"}


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


def closure(scripts: Iterable[Path], package: Path, plumbing: Set[str] = PLUMBING) -> set[Path]:
    """Every package file whose code some scripts may run."""
    reached, queue = set(), list(scripts)
    while queue:
        for name in imported(queue.pop()):
            base = package.parent / name.replace(".", "/")
            for path in (base.with_suffix(".py"), base / "__init__.py"):
                if path.is_file() and path not in reached and path.stem not in plumbing:
                    reached.add(path)
                    queue.append(path)
    return reached


def code_of(dep: str, root: Path, architectures: set[str]) -> set[Path]:
    """The files of code that a dependency stands for; none where it is data."""
    if not dep.startswith(("stages/", "src/")):
        return set()
    paths = {root / dep.replace("${item.architecture}", name) for name in architectures}
    below = {file for path in paths if path.is_dir() for file in path.rglob("*.py")}
    return {path for path in paths if not path.is_dir()} | {file for file in below if file.stem != "__init__"}


@pytest.mark.parametrize("stage", STAGES)
def test_deps_cover_all_the_code_that_a_stage_runs(root, stage):
    script = root / "stages" / f"{stage}.py"
    deps = {root / dep for dep in definitions(root)[stage]["deps"]}
    assert script in deps
    package = root / "src" / "tumorseg"
    missing = [
        str(path.relative_to(root))
        for path in closure([script], package)
        if not deps & {path, *path.parents} and path != package / "__init__.py" and path.stat().st_size > 200
    ]
    assert not missing


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_no_code_that_a_stage_does_not_run(root, stage):
    script, package = root / "stages" / f"{stage}.py", root / "src" / "tumorseg"
    models = YAML(typ="safe").load((root / "params.yaml").read_text(encoding="utf-8"))["models"]
    architectures = {model["architecture"] for model in models.values()}
    nets = {package / "nets" / f"{name}.py" for name in architectures}
    roots = {script} | (nets if stage in ("train", "evaluate", "ensemble", "deliver") else set())
    # Params are what `validate` is about; to the others they are no code that an output depends on.
    reached = roots | closure(roots, package, set() if stage == "validate" else PLUMBING)
    if stage not in ("train", "evaluate") and package / "models" / "registry.py" in reached:
        reached |= set((package / "nets").glob("*.py"))  # whose source the registry reads
    superfluous = [
        f"{dep}: {path.relative_to(root)}"
        for dep in definitions(root)[stage]["deps"]
        for path in code_of(dep, root, architectures)
        if path not in reached
    ]
    assert not superfluous


def test_dvc_yaml_is_in_block_style_and_no_line_is_long(root):
    lines = (root / "dvc.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120] == []
    assert [line for line in lines if re.match(r"\s*(deps|params|outs|metrics|plots): *[\[{]", line)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_the_params_it_reads_and_no_others(root, stage):
    tree = ast.parse((root / "stages" / f"{stage}.py").read_text(encoding="utf-8"))
    read = set()
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if text.startswith(("params.", "load_params().")):
            text = text.replace("load_params().", "params.").removeprefix("params.")
            read.add(METHODS.get(text, text))
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
def test_every_stage_is_described(root, stage):
    assert definitions(root)[stage]["desc"]


def outs_of(definition: dict) -> list[str]:
    listed = [*definition.get("outs", []), *definition.get("metrics", [])]
    return [next(iter(out)) if isinstance(out, dict) else out for out in listed]


def upstream(stages: dict[str, dict], stage: str) -> set[str]:
    """Every stage that `stage` waits for, through outs that it depends on, or folders that hold them."""
    deps = [Path(dep) for dep in stages[stage].get("deps", [])]
    direct = {
        other
        for other, definition in stages.items()
        for out in map(Path, outs_of(definition))
        if other != stage and any(out in (dep, *dep.parents) or dep in out.parents for dep in deps)
    }
    return direct.union(*(upstream(stages, other) for other in direct))


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "validate"])
def test_every_stage_waits_for_validation(root, stage):
    assert "validate" in upstream(definitions(root), stage)


def test_the_metrics_of_dvc_are_one_file(root):
    metrics = [file for each in definitions(root).values() for file in each.get("metrics", [])]
    assert metrics == [{"metrics/selected.json": {"cache": False}}]


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_every_net_is_rerun_by_an_edit_of_its_own_file(root, stage):
    assert "src/tumorseg/nets/${item.architecture}.py" in definitions(root)[stage]["deps"]


def test_imports_cannot_dirty_a_stage(root):
    assert "__pycache__/" in (root / ".dvcignore").read_text(encoding="utf-8")
