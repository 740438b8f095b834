"""What is made from other files is current, and docs/generate.py says where it is not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from tumorseg.experiments import render
from tumorseg.reading import read_yaml
from tumorseg.types import FindingId

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "docs"))  # as `python docs/generate.py` has it

import generate  # noqa: E402
import models_table  # noqa: E402
import params_page  # noqa: E402
import tables  # noqa: E402

BOARD = {
    "unet": {"parameters": 1942289, "valid_dice": 0.8696, "test_dice": 0.8737, "test_dice_low": 0.855}
    | {"test_dice_high": 0.8966, "test_dice_mean": 0.8782, "test_iou": 0.7757, "test_precision": 0.8856}
    | {"test_recall": 0.862, "test_box_hit_rate": 1.0, "test_dice_at_half": 0.8426}
}
ROW = "| `unet` | 1,942,289 | **0.874** | 0.855 to 0.897 | 0.878 | 0.776 | 0.886 "
ROW += "| 0.862 | 1.00 | 0.870 | 0.843 |"
EMPTY = "Before.\n\n<!-- table: leaderboard metrics -->\n<!-- /table -->\n\nAfter.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The least that has a table: a README, params.yaml and compare.json."""
    for folder in ("docs", "metrics"):
        (tmp_path / folder).mkdir()
    (tmp_path / "metrics" / "compare.json").write_text(json.dumps({"models": BOARD}))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "README.md").write_text(EMPTY)
    return tmp_path


def test_generated_pages_and_tables_are_current(root):
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=root, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_table_is_written_once_and_then_current(project, capsys):
    assert generate.main(check=True, root=project) == 1
    assert capsys.readouterr().err.splitlines() == [
        "docs/params.md: not current; run make tables",
        "README.md: not current; run make tables",
    ]
    assert generate.main(check=False, root=project) == 0
    text = (project / "README.md").read_text()
    assert text.startswith("Before.\n\n<!-- table: leaderboard metrics -->\n\n| model | ")
    assert f"\n{ROW}\n\n<!-- /table -->\n\nAfter.\n" in text
    assert generate.main(check=True, root=project) == 0


def test_a_page_may_have_several_tables(project):
    (project / "README.md").write_text(EMPTY + EMPTY)
    assert generate.main(check=False, root=project) == 0
    assert (project / "README.md").read_text().count(ROW) == 2


def test_an_edited_figure_is_noticed(project, capsys):
    generate.main(check=False, root=project)
    page = project / "README.md"
    page.write_text(page.read_text().replace("0.874", "0.974"))
    capsys.readouterr()
    assert generate.main(check=True, root=project) == 1
    assert capsys.readouterr().err == "README.md: not current; run make tables\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- table: leaderboard metrics -->\n", "README.md: .*not closed"),
        (EMPTY.replace("leaderboard", "leader"), "README.md: table 'leader' is not one of leaderboard, "),
    ],
)
def test_a_marker_that_cannot_be_filled_is_an_error(project, text, message):
    (project / "README.md").write_text(text)
    with pytest.raises(ValueError, match=message):
        generate.generated(project)


def test_an_arm_that_a_study_lacks_is_an_error(root):
    with pytest.raises(ValueError, match="study flagship: not all of pair, seed9"):
        tables.differences(root, "flagship", "pair", "seed9")


def test_a_leaderboard_is_of_one_file_a_run(root, tmp_path):
    rows = BOARD | {"second": BOARD["unet"]}
    (tmp_path / "docs" / "results").mkdir(parents=True)
    (tmp_path / "docs" / "results" / "some_run.json").write_text(json.dumps({"models": rows, "audit": {}}))
    lines = tables.leaderboard(tmp_path, "some_run").splitlines()
    assert lines[2:] == [ROW, ROW.replace("unet", "second")]


def test_results_are_one_file_a_study_and_each_is_of_use(root):
    """All that lies in docs/results: what a file of studies/ gave, or a whole run that a page cites."""
    studies = {path.stem for path in (root / "studies").glob("*.yaml")}
    text = "".join(page.read_text(encoding="utf-8") for page in (root / "docs").glob("*.md"))
    for path in (root / "docs" / "results").iterdir():
        assert path.suffix in (".json", ".png", ".csv"), path
        assert path.stem in studies or f"results/{path.name}" in text, path
        if path.suffix == ".json" and path.stem in studies:
            asked = read_yaml(root / "studies" / f"{path.stem}.yaml")["arms"]
            assert render.read(path).arms.keys() <= asked.keys()


def test_every_key_of_params_is_described(root):
    text = params_page.page(root)
    values = YAML(typ="safe").load((root / "params.yaml").read_text(encoding="utf-8"))
    for section in params_page.SECTIONS:
        body = text.split(f"\n## `{section}`\n")[1].split("\n## ")[0]
        assert [row.split("`")[1] for row in body.splitlines() if row.startswith("| `")] == list(
            values[section]
        )
    assert "| `rotate` | rotate by an angle from ±`rotate` | degrees | number from 0 to 180 | `15` |" in text
    sizes = "`64` (phantom); `128` (kaggle, archive)"
    assert f"| whole number from 32 to 1,024 in steps of 32 | {sizes} |" in text
    assert "| `10` (phantom); `30` (kaggle, archive) |" in text


def test_an_option_without_a_meaning_is_an_error(root, monkeypatch, tmp_path):
    (tmp_path / "bare.py").write_text(
        '"""A net."""\n\n\ndef build(outputs, *, width: int = 1):\n    """No Args."""\n'
    )
    monkeypatch.setattr(params_page.registry, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"bare: build\(\) does not say what width is"):
        params_page.page(root)


def test_every_model_of_params_is_in_its_table(root):
    table = models_table.models(root).splitlines()
    names = YAML(typ="safe").load((root / "params.yaml").read_text(encoding="utf-8"))["models"]
    assert [line.split("`")[1] for line in table[2:]] == list(names)
    assert "| `simple_cnn` | 27,169 | " in "\n".join(table)


def test_every_stage_is_explained(root):
    text = (root / "docs" / "stages.md").read_text(encoding="utf-8")
    stages = YAML(typ="safe").load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    labels = {f"{name}@<model>" if "foreach" in stage else name for name, stage in stages.items()}
    assert {label for label in labels if f"| `{label}` |" not in text} == set()


def test_every_finding_of_the_audit_is_explained(root):
    text = (root / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert [name for name in get_args(FindingId) if f"| `{name}` |" not in text] == []


def test_the_readme_is_at_most_a_thousand_words(root):
    assert len((root / "README.md").read_text(encoding="utf-8").split()) <= 1000
