"""The command `tumorseg`, as users call it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDY = "docs/results/phantom_augment.json"
HEAVY = ("torch", "optuna", "dvc", "pandas", "numpy", "matplotlib", "pydantic")


def call(*words: str, **more: str) -> tuple[int, str, str]:
    """Its exit status, and what it printed to stdout and stderr."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")} | more
    command = [sys.executable, "-m", "tumorseg", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_help_has_examples():
    status, output, _ = call("--help")
    assert status == 0
    assert "tumorseg study studies/phantom_augment.yaml" in output


def test_nothing_heavy_is_imported_before_a_subcommand_runs():
    code = f"import sys, tumorseg.cli; print([name for name in {HEAVY} if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True) == "[]\n"


@pytest.mark.parametrize(
    "name",
    [
        *("audit", "predict", "info", "check", "get", "measure", "score"),
        *("study", "cv", "search", "work", "table", "statement", "watch", "page"),
    ],
)
def test_each_subcommand_explains_itself_with_an_example(name):
    status, output, _ = call(name, "--help")
    assert status == 0
    assert output.startswith(f"Usage: tumorseg {name} ")
    assert f"  tumorseg {name}" in output.split("Example")[1]


def test_a_table_is_printed_of_results_committed_long_ago():
    status, output, _ = call("table", STUDY)
    assert status == 0
    assert output.startswith("| arm | what differs |")
    dice = json.loads(Path(STUDY).read_text(encoding="utf-8"))["arms"]["plain"]["dice"]
    assert f"| `plain` | `small` | 121,033 | 15 | {dice:.3f} | reference |" in output


def test_the_statement_is_printed_a_sentence_a_line():
    status, output, _ = call("statement")
    assert status == 0
    sentences = output.splitlines()
    assert len(sentences) > 2
    assert " has Dice " in sentences[0]
    assert all(sentence.endswith(".") for sentence in sentences)


def test_the_page_is_written(tmp_path):
    assert call("page", str(tmp_path / "page.html"))[0] == 0
    assert "{plot_divs}" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_what_the_user_can_mend_is_one_line_and_status_1():
    status, output, errors = call("study", "studies/none.yaml")
    assert (status, output) == (1, "")
    assert errors == "error: studies/none.yaml: not found; run from the project's root folder\n"


@pytest.mark.parametrize("words", [["study"], ["study", "x.yaml", "--jobs", "0"], ["stduy"]])
def test_wrong_usage_is_status_2(words):
    status, _, errors = call(*words)
    assert status == 2
    assert "Traceback" not in errors


def test_the_shell_completes_subcommands():
    asked = {"_TUMORSEG_COMPLETE": "complete_bash", "COMP_WORDS": "tumorseg s", "COMP_CWORD": "1"}
    assert call(**asked)[1].split() == ["score", "study", "search", "statement"]
