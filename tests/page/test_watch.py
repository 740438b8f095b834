"""What `tumorseg watch` says and draws of trainings, of which some are still running."""

import shutil
import signal
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from support.commands import finish, start, wait_for
from support.training import recipe

from tumorseg.data.slices import load_split
from tumorseg.errors import UserError
from tumorseg.files import write_csv
from tumorseg.page.watch import draw, read_curves, watch_trainings
from tumorseg.training import train_net
from tumorseg.training.ranks import Ranks

ROOT = Path(__file__).parents[2]


def write_curves(path: Path, model: str, done: int, **more: object) -> None:
    """Curves of so many epochs: valid Dice 0.1, 0.2, …; loss 1, 1/2, …"""
    rows = [
        {
            "epoch": epoch,
            "loss": 1 / epoch,
            "accuracy": 0.9,
            "dice": 0.0,
            "best_dice": epoch / 10,
            "split": split,
        }
        for epoch in range(1, done + 1)
        for split in ("train", "valid")
    ]
    write_csv(path, pd.DataFrame(rows).assign(model=model, **more))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder with the template and a finished training."""
    shutil.copytree(ROOT / ".dvc/plots", tmp_path / ".dvc/plots")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    write_curves(tmp_path / "plots/train/deep_cnn.csv", "deep_cnn", 4)
    return tmp_path


def svgs(page: str) -> list[ET.Element]:
    return [ET.fromstring("<svg" + part.split("</svg>")[0] + "</svg>") for part in page.split("<svg")[1:]]


def words(svg: ET.Element) -> list[str]:
    return [element.text or "" for element in svg.iter("{http://www.w3.org/2000/svg}text")]


def test_a_running_training_is_told_from_finished_ones(project):
    write_curves(project / ".work/unet/0123456789abcdef/curves.csv", "unet", 3, epochs=15)
    trainings, curves = read_curves(project)
    (unet,) = trainings.values()
    assert (unet.name, unet.done, unet.epochs) == ("unet", 3, 15)
    assert list(unet.lines(since=1)) == [
        "unet 2/15: loss 0.500 valid, best Dice 0.200 valid",
        "unet 3/15: loss 0.333 valid, best Dice 0.300 valid",
    ]
    assert curves.groupby("model").rev.unique().str[0].to_dict() == {
        "deep_cnn": "finished",
        "unet": "running",
    }


def test_names_like_numbers_or_nothing_stay_names(project):
    write_curves(project / ".work/NA/0123456789abcdef/curves.csv", "NA", 1, epochs=5)
    write_curves(project / "plots/train/007.csv", "007", 2)
    trainings, curves = read_curves(project)
    assert [each.name for each in trainings.values()] == ["NA"]
    assert set(curves["model"]) == {"NA", "007", "deep_cnn"}
    assert curves["loss"].dtype == float


def test_two_trainings_of_one_name_are_told_apart(project):
    for arm, epochs in (("aaaaaaaaaaaa", 1), ("bbbbbbbbbbbb", 2)):
        write_curves(project / f".work/checkpoints/small/{arm}/curves.csv", "small", epochs, epochs=5)
    trainings, curves = read_curves(project)
    assert [(each.name, each.done) for each in trainings.values()] == [
        ("small (aaaaaa)", 1),
        ("small (bbbbbb)", 2),
    ]
    assert set(curves.model) == {"deep_cnn", "small (aaaaaa)", "small (bbbbbb)"}


def test_the_page_draws_both_and_needs_nothing_from_outside(project):
    write_curves(project / ".work/unet/0123456789abcdef/curves.csv", "unet", 3, epochs=15)
    trainings, curves = read_curves(project)
    page = draw(project, list(trainings.values()), curves, live=True)
    assert 'http-equiv="refresh"' in page
    assert "<script" not in page
    assert "src=" not in page
    dice, loss = svgs(page)
    assert {"Best Dice by epoch", "running", "finished", "unet", "deep_cnn"} <= set(words(dice))
    assert "Loss by epoch" in words(loss)
    assert "refresh" not in draw(project, [], curves, live=False)


def test_before_the_first_epoch_the_page_says_so(tmp_path):
    trainings, curves = read_curves(tmp_path)
    assert "No epoch of a running training has ended yet." in draw(
        tmp_path, list(trainings), curves, live=True
    )


def test_another_folder_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"curves\.json: not found; run from the project's root folder"):
        watch_trainings(tmp_path, print)


def test_each_epoch_is_a_line_and_ctrl_c_ends(project):
    process = start(project, "watch")
    wait_for(process, "dvc_plots/watch.html in a browser; it reloads itself. Ctrl-C ends.")
    curves = project / ".work/unet/0123456789abcdef/curves.csv"
    write_curves(curves, "unet", 1, epochs=15)
    wait_for(process, "unet 1/15: ")
    write_curves(curves, "unet", 3, epochs=15)  # a quick training is not looked at after each epoch
    wait_for(process, "unet 2/15: ")
    wait_for(process, "unet 3/15: ")
    assert 'http-equiv="refresh"' in (project / "dvc_plots/watch.html").read_text()
    shutil.rmtree(curves.parent)
    wait_for(process, "unet: ended")
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in finish(process)
    assert "tumorseg watch has ended" in (project / "dvc_plots/watch.html").read_text()


def test_a_training_writes_what_watch_reads(prepared, tmp_path):
    splits = {split: load_split(prepared, split) for split in ("train", "valid")}
    folder = tmp_path / ".work/simple_cnn/0123456789abcdef"
    _, rows, _ = train_net(recipe("simple_cnn", epochs=2), splits, (0.5, 0.2), folder, Ranks())
    trainings, curves = read_curves(tmp_path)
    (training,) = trainings.values()
    assert (training.name, training.done, training.epochs) == ("simple_cnn", 2, 2)
    assert training.losses[-1] == pytest.approx(rows[-1]["loss"])
    pd.testing.assert_frame_equal(curves[list(rows[0])], pd.DataFrame(rows))
