"""What a cross-validation's file says, and the runs that follow from it."""

from pathlib import Path

import pytest

from tumorseg.errors import UserError
from tumorseg.experiments.cv.plan import CrossValidationPlan
from tumorseg.experiments.work import plan_of

ROOT = Path(__file__).parents[3]
TEXT = """
question: How good is each?
strategy: blocks
folds: 3
set: {data: phantom}
arms:
  prior: {model: location_prior}
  unet: {model: unet, set: {datasets.phantom.image_size: 96}}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file with one change; params are this project's."""
    monkeypatch.chdir(ROOT)

    def file(old: str = "", new: str = "") -> Path:
        assert old in TEXT
        (tmp_path / "cv_x.yaml").write_text(TEXT.replace(old, new) if old else TEXT)
        return tmp_path / "cv_x.yaml"

    return file


def test_every_arm_is_run_on_every_fold_of_the_strategy(write):
    plan = plan_of(write())
    assert isinstance(plan, CrossValidationPlan)
    assert plan.runs == [f"cv_x-{arm}-fold{fold}" for arm in ("prior", "unet") for fold in range(3)]
    for fold, each in enumerate(plan.arms["unet"]):
        assert each.values["split"] == {"strategy": "blocks", "folds": 3, "fold": fold}
        assert each.values["datasets"]["phantom"]["image_size"] == 96
        assert each.arguments()[-1] == "evaluate@unet"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "strategy: blocks",
            "strategy: shipped",
            "strategy: input should be 'blocks' or 'similar', not 'shipped'",
        ),
        ("strategy: blocks", "", "strategy: missing key"),
        ("folds: 3", "folds: 2", "folds: input should be greater than or equal to 3, not 2"),
        ("folds: 3", "folds: 1000000000", "folds: input should be less than or equal to 100"),
        ("folds: 3", "folds: three", "folds: input should be a valid integer, not 'three'"),
        ("folds: 3", "fold: 3\nfolds: 3", "fold: unknown key"),
        ("{data: phantom}", "{split.fold: 1}", "set.split.fold: is set fold by fold; give `strategy`"),
        ("{data: phantom}", "{split: {fold: 1}}", "set.split: is set fold by fold"),
        (
            "{model: location_prior}",
            "{model: location_prior, set: {++split.gap: 1}}",
            "arms.prior.set.++split.gap: is set fold by fold",
        ),
        ("{model: location_prior}", "{modle: x}", "arms.prior.model: missing key"),
        ("{model: location_prior}", "{model: nope}", "arms.prior: model: 'nope' is not one of"),
        (
            "set: {data: phantom}",
            "set: {train.lr: -1}",
            "arms.prior: train.lr: input should be greater than 0",
        ),
        ("arms:", "arms: {}\nrest:", "arms: dictionary should have at least 1 item"),
        ("question: How good is each?", "question: [", "not YAML"),
        (
            "{model: location_prior}",
            "{model: location_prior, set: {data: kaggle}}",
            "arms.unet: its data is not that of prior",
        ),
        (
            "{model: location_prior}",
            "{model: location_prior, set: {datasets.phantom.blocks.gap: 1}}",
            "arms.unet: its datasets.phantom.blocks is not that of prior",
        ),
        (
            "{model: location_prior}",
            "{model: location_prior, set: {datasets.phantom.boxes: grabcut}}",
            "arms.unet: its datasets.phantom.boxes is not that of prior",
        ),
        # Lookalikes are found on the slices at their working size.
        ("blocks", "similar", "arms.unet: its datasets.phantom.image_size is not that of prior"),
    ],
)
def test_a_bad_file_is_one_line_that_names_file_and_key(write, old, new, message):
    path = write(old, new)
    with pytest.raises(UserError) as error:
        CrossValidationPlan(path)
    line = str(error.value)
    assert line.startswith(f"{path}: {message}" if "YAML" not in message else f"{path}: ")
    assert message in line
    assert "\n" not in line


@pytest.mark.parametrize("content", ["", "[1]", "folds: 3", "3", "\x00"])
def test_what_is_no_cross_validation_is_refused(write, content):
    path = write()
    path.write_text(content)
    with pytest.raises(UserError, match=r"cv_x\.yaml: ") as error:
        CrossValidationPlan(path)
    assert "\n" not in str(error.value)
