"""Each bad input of tests/corpus is refused in one line, with no traceback and nothing half-written."""

import contextlib
import io
import os
import re
import runpy
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpus import Case, kinds
from corpus.intermediates import first
from support.pipeline import copy, dvc

from tumorseg.models.artifact import load_model
from tumorseg.stage import finish

ROOT = Path(__file__).parents[1]
KINDS = {kind.name: kind for kind in kinds()}


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """A stage sets handlers, and is run in this process: torch is imported once for all."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.unraisablehook
    yield
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


def run_stage(folder: Path, *words: str) -> tuple[int, str]:
    """Run a stage script in a folder; its status and what it says on stderr."""
    said, argv, before = io.StringIO(), sys.argv, Path.cwd()
    sys.argv = [f"stages/{words[0]}.py", *words[1:]]
    os.chdir(folder)
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(ROOT / "stages" / f"{words[0]}.py"), run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    finally:
        sys.argv = argv
        os.chdir(before)
    raise AssertionError("a stage ends by an exit")


def cases(name: str) -> list:
    return [pytest.param(case, id=f"{number}") for number, case in enumerate(KINDS[name].cases)]


def check_line(case: Case, status: int, said: str) -> None:
    pattern = re.escape(f"error: {case.line}").replace(r"\*", ".*")
    assert re.fullmatch(pattern + "\n", said), f"{case.what}: {said}"
    assert status == 1
    assert len(said) < 1100


def half_written(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if re.search(r"\.(tmp|old)(\.|$)", path.name)]


@pytest.mark.parametrize("case", cases("Values of params.yaml") + cases("Files in place of params.yaml"))
def test_bad_params_are_one_line(case, tmp_path):
    case.make(tmp_path)
    check_line(case, *run_stage(tmp_path, "validate"))
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


@pytest.mark.parametrize("case", cases("Archives") + cases("Annotation files") + cases("Pictures"))
def test_a_bad_set_is_one_line(case, tmp_path):
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    params = params.replace("data: phantom", "data: archive").replace("data/archive.zip", "set.zip")
    (tmp_path / "params.yaml").write_text(params, encoding="utf-8")
    case.make(tmp_path)
    for stage in ("download", "render_masks", "prepare"):
        before = set((tmp_path / "data").glob("*"))
        status, said = run_stage(tmp_path, stage)
        if status:
            break
    check_line(case, status, said)
    assert set((tmp_path / "data").glob("*")) == before
    assert not half_written(tmp_path)


@pytest.mark.parametrize("case", cases("Models"))
def test_a_bad_model_is_one_line(case, tmp_path, monkeypatch, capsys):
    case.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        finish(lambda: load_model(Path("model")))
    check_line(case, int(end.value.code), capsys.readouterr().err)


@pytest.fixture(scope="module")
def finished(fresh, tmp_path_factory) -> Path:
    repo = copy(fresh, tmp_path_factory.mktemp("finished"))
    dvc(repo, "repro")
    return repo


@pytest.mark.parametrize("case", cases("Files of the pipeline's own"))
def test_a_bad_intermediate_is_one_line(case, finished):
    stage, file = case.what.split(":")[0], case.what.split(": ")[1].split()[0]
    path = first(finished, file)
    content = path.read_bytes()
    made = sorted(finished.rglob("*"))
    try:
        case.make(finished)
        check_line(case, *run_stage(finished, *stage.split()))
    finally:
        path.write_bytes(content)
    assert sorted(finished.rglob("*")) == made
    assert not half_written(finished)


def test_the_corpus_is_large_and_names_nothing_twice():
    whats = [(kind.name, case.what) for kind in KINDS.values() for case in kind.cases]
    assert len(whats) >= 150
    assert len(set(whats)) == len(whats)
