from pathlib import Path

import pytest

from tumorseg.errors import UserError
from tumorseg.experiments.spec import Search, Study, merged, read_spec
from tumorseg.experiments.work import plan_of

STUDIES = Path(__file__).parents[2] / "studies"

STUDY = """
question: What does it do?
set: {data: phantom}
reference: plain
arms:
  plain: {model: unet}
  other: {model: unet, set: {+models.wide: {width: 32}, train.lr: 1e-4}}
"""
SEARCH = "model: unet\ntrials: 3\nseed: 0\nspace: {train.lr: {log_float: [1e-4, 1e-2]}}\n"


def write(folder, text, name="some_study_1.yaml"):
    (folder / name).write_text(text)
    return folder / name


def test_a_study_is_read_as_it_stands(tmp_path):
    study = read_spec(write(tmp_path, STUDY), Study)
    assert list(study.arms) == ["plain", "other"]
    assert study.arms["other"].set == {"+models.wide": {"width": 32}, "train.lr": 0.0001}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("reference: plain", "reference: plane", "reference: 'plane' is not one of plain, other"),
        ("set: {data", "sett: {data", "sett: unknown key"),
        ("question: What does it do?", "", "question: missing key"),
        ("plain: {model: unet}", "plain: {modle: unet}", "arms.plain.model: missing key"),
        (
            "plain: {model: unet}",
            "plain: {model: 3}",
            "arms.plain.model: input should be a valid string, not 3",
        ),
        ("other:", "a/b:", "arms.a/b: string should match pattern"),
        ("data: phantom", "data=x: phantom", "set.data=x: string should match pattern"),
        ("reference: plain", "reference: [", "not YAML"),
    ],
)
def test_a_bad_study_is_one_line_that_names_file_and_key(tmp_path, old, new, message):
    path = write(tmp_path, STUDY.replace(old, new))
    with pytest.raises(UserError) as error:
        read_spec(path, Study)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{log_float: [0.0, 1.0]}", "space.train.lr.log_float.0: input should be greater than 0"),
        ("{float: [2.0, 1.0]}", "space.train.lr.float: 2.0 is not below 1.0"),
        ("{int: [1, 2, 3]}", "space.train.lr.int: list should have at most 2 items"),
        ("{choice: [1], int: [1, 2]}", "space.train.lr: give one of choice, int, log_int, float, log_float"),
        ("{}", "give one of"),
        ("{choice: [[1]]}", "space.train.lr.choice"),
    ],
)
def test_a_bad_range_is_refused(tmp_path, values, message):
    path = write(tmp_path, SEARCH.replace("{log_float: [1e-4, 1e-2]}", values))
    with pytest.raises(UserError, match=r"some_study_1\.yaml: ") as error:
        read_spec(path, Search)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_missing_or_cannot_name_experiments_is_refused(tmp_path):
    with pytest.raises(UserError, match="not found"):
        read_spec(tmp_path / "none.yaml", Study)
    with pytest.raises(UserError, match="its name begins those of its experiments"):
        read_spec(write(tmp_path, STUDY, "a b.yaml"), Study)


def test_two_files_never_share_the_name_of_an_experiment(tmp_path):
    """Arm b-c of a.yaml is the experiment a-b-c, so there is no a-b.yaml, whose arm c would be."""
    text = STUDY.replace("plain", "b-c")
    assert "b-c" in read_spec(write(tmp_path, text, "a.yaml"), Study).arms
    with pytest.raises(
        UserError, match=r"a-b\.yaml: its name begins those of its experiments, up to a -; rename"
    ):
        read_spec(write(tmp_path, STUDY, "a-b.yaml"), Study)


def test_an_arm_comes_before_its_study():
    assert merged({"a": 1, "+b": 2, "c": 3}, {"b": 4, "++c": 5}) == {"a": 1, "b": 4, "++c": 5}


@pytest.mark.parametrize("name", sorted(path.name for path in STUDIES.glob("*.yaml")))
def test_params_yaml_takes_every_run_of_the_projects_studies(monkeypatch, name):
    monkeypatch.chdir(STUDIES.parent)
    assert plan_of(STUDIES / name).runs
