"""What can be asserted of pictures: bytes, sizes, colours, and that no name covers another."""

from pathlib import Path

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from tumorseg.compare import cost, heatmaps
from tumorseg.compare.differences import compare
from tumorseg.compare.side_by_side import choose_rows, side_by_side
from tumorseg.data.slices import load_split
from tumorseg.figures import BETTER, DPI, STYLE, WORSE, axes_at
from tumorseg.paired import Scored


def scored(count: int, gap: float) -> Scored:
    """Models whose recall falls by `gap` from one to the next."""
    rng = np.random.default_rng(0)
    tp = rng.binomial(200, 0.9 - gap * np.arange(count)[:, None], (count, 40))
    counts = np.stack([tp, np.full_like(tp, 10), 200 - tp], axis=2)
    dice = 2 * tp / (2 * tp + 10 + 200 - tp)
    return Scored([f"model_{i}" for i in range(count)], np.arange(40), counts, dice)


def pixels(path: Path, color: str) -> int:
    """How many pixels of a picture have a colour."""
    image = matplotlib.image.imread(path)[..., :3]
    return int(np.isclose(image, to_rgb(color), atol=1 / 255).all(axis=-1).sum())


@pytest.mark.parametrize("count", [1, 2, 12])
def test_maps_grow_with_the_models(tmp_path, count):
    models = scored(count, 0.05)
    comparison = compare(models)
    heatmaps.difference_map(tmp_path / "differences.png", models.names, comparison.differences)
    heatmaps.rank_map(tmp_path / "ranks.png", models.names, comparison.shares)
    for name in ("differences", "ranks"):
        height, width, _ = matplotlib.image.imread(tmp_path / f"{name}.png").shape
        assert width >= max(heatmaps.NARROWEST, count * heatmaps.CELL[0]) * DPI - 1
        assert height >= count * heatmaps.CELL[1] * DPI


def test_differences_that_may_be_chance_are_grey_and_others_coloured(tmp_path):
    for name, gap in {"firm": 0.3, "chance": 0.0}.items():
        models = scored(2, gap)
        heatmaps.difference_map(tmp_path / f"{name}.png", models.names, compare(models).differences)
    assert pixels(tmp_path / "firm.png", heatmaps.CHANCE) < 500  # the rims of letters
    assert pixels(tmp_path / "firm.png", BETTER) > 1000  # the better row
    assert pixels(tmp_path / "firm.png", WORSE) > 1000
    assert pixels(tmp_path / "chance.png", heatmaps.CHANCE) > 2000
    assert pixels(tmp_path / "chance.png", BETTER) == 0


@pytest.mark.parametrize(
    ("share", "text"),
    [(np.nan, ""), (0.0, ""), (0.004, "<1 %"), (0.5, "50 %"), (0.996, ">99 %"), (1.0, "100 %")],
)
def test_shares_that_round_to_none_or_all_say_so(share, text):
    assert heatmaps.percent(share) == text


def figures(dice: float, parameters: int) -> dict[str, float]:
    return {
        "parameters": parameters,
        "training_pflops": parameters / 1e8,
        "test_dice": dice,
        "test_dice_low": dice - 0.04,
        "test_dice_high": dice + 0.03,
    }


def test_no_name_covers_another_or_leaves_the_panel():
    board = {f"architecture_{i}": figures(0.7 + 0.01 * (i % 3), 10**5 + 10**4 * i) for i in range(6)}
    board |= {"copy": figures(0.71, 0), "prior": figures(0.3, 0)}
    learns = {name: name.startswith("architecture") for name in board}
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.5, 4.5), dpi=DPI)
        renderer = FigureCanvasAgg(figure).get_renderer()
        axis = axes_at(figure, 0.6, 0.5, *cost.PANEL)
        axis.set(xscale="log", ylim=(0.2, 0.8))
        cost.draw_marks(axis, board, learns, "parameters")
        cost.draw_names(axis, board, learns, "parameters")
        boxes = {text.get_text(): text.get_window_extent(renderer) for text in axis.texts}
    assert set(boxes) == set(board)
    for name, box in boxes.items():
        assert Bbox.intersection(box, axis.bbox).bounds == pytest.approx(box.bounds), name
        for other in set(boxes) - {name}:
            shared = Bbox.intersection(box, boxes[other])
            assert shared is None or shared.width * shared.height < 1, (name, other)


def test_costs_without_intervals_or_models_that_learn_are_drawn(tmp_path):
    nothing = figures(0.5, 0) | {"test_dice_low": np.nan, "test_dice_high": np.nan}
    cost.cost(tmp_path / "baseline.png", {"a": nothing}, {"a": False})
    cost.cost(tmp_path / "net.png", {"a": nothing | figures(np.nan, 7)}, {"a": True})
    assert pixels(tmp_path / "baseline.png", cost.BASELINE) > 100
    assert pixels(tmp_path / "baseline.png", cost.LEARNS) == 0
    assert (tmp_path / "net.png").is_file()


def test_rows_at_even_steps_from_the_best_to_the_worst():
    # Means: slice i has 1 − i / 20, but for slices 3 and 4, where it is defined for one model or none.
    means = 1 - np.arange(13) / 20
    dice = np.stack([means + 0.01, means - 0.01])
    dice[:, 3] = [0, np.nan]
    dice[:, 4] = np.nan
    # In order: 0 1 2 5 6 7 8 9 10 11 12 3; steps of 11 / 5: places 0, 2.2, 4.4, 6.6, 8.8, 11.
    assert choose_rows(dice, [True, True]).tolist() == [0, 2, 6, 9, 11, 3]


def test_few_slices_are_all_drawn_once_and_those_without_dice_if_there_are_no_others():
    assert choose_rows(np.array([[0.2, 0.5, 0.1]]), [True]).tolist() == [1, 0, 2]
    assert choose_rows(np.full((2, 3), np.nan), [True, False]).tolist() == [0, 1, 2]


def test_baselines_have_no_say_in_the_choice_unless_there_is_nothing_else():
    dice = np.array([[0.2, 0.5, 0.1], [0.9, 0.1, 0.8]])
    assert choose_rows(dice, [True, False]).tolist() == [1, 0, 2]
    assert choose_rows(dice, [False, True]).tolist() == [0, 2, 1]
    assert choose_rows(dice, [False, False]).tolist() == [0, 2, 1]


@pytest.mark.parametrize("models", [1, 10])
def test_slices_shrink_where_models_are_many(prepared, tmp_path, models):
    test, rows = load_split(prepared, "test"), np.array([3, 0])
    predictions = {f"model_{i}": test.masks[rows] == 1 for i in range(models)}
    side_by_side(tmp_path / "a.png", test, rows, predictions, np.full((models, 2), np.nan))
    side_by_side(tmp_path / "b.png", test, rows, predictions, np.full((models, 2), np.nan))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    _, width, _ = matplotlib.image.imread(tmp_path / "a.png").shape
    assert width == pytest.approx(DPI * (13 if models == 10 else 3.26), abs=1.5)
