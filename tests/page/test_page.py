"""The page of `dvc plots show`: the project's own templates and plots, drawn by a browser."""

import re
from pathlib import Path

import pytest
import yaml
from support.browser import use_page
from support.plots import MODELS, change
from support.plotted import dvc_plots

from tumorseg import page

# What each figure shows, what went wrong, what came from outside.
LOOK = """
const legend = (figure) => {
  const strokes = all(".role-legend-symbol path", figure).map((path) => path.getAttribute("stroke"));
  return Object.fromEntries(texts(".role-legend-label text", figure).map((name, i) => [name, strokes[i]]));
};
const fetched = performance.getEntriesByType("resource").map((one) => one.name);
const figures = all("figure").map((figure) => ({
  plot: figure.dataset.plot,
  title: figure.querySelector("h3").textContent,
  section: figure.closest("section").querySelector("h2").textContent,
  marks: all("svg .role-mark path, svg .role-mark line, svg .role-mark text", figure).length,
  broken: (figure.querySelector("svg")?.outerHTML ?? "").includes("NaN"),
  svg: texts("svg text", figure),
  legend: legend(figure),
  text: figure.textContent,
  images: all("img", figure).map((img) => img.naturalWidth),
  links: all("a", figure).filter((link) => link.querySelector("img")).map((link) => link.target + link.href),
  error: figure.querySelector(".error")?.textContent ?? "",
}));
return {
  figures,
  sections: texts("h2"),
  facts: Object.fromEntries(all(".facts > div").map((one) => texts("dt, dd", one))),
  banners: Object.fromEntries(all("section")
    .map((section) => [section.querySelector("h2").textContent, texts(".banner", section)])),
  warning: texts("header .banner"),
  order: texts(".models tbody td:first-child"),
  scrolls: all(".scroll, .plot").some((one) => one.scrollWidth > one.clientWidth),
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  // Of each figure, whether it or those beside it leave a half of their row empty.
  gaps: all(".grid").flatMap((grid) => {
    const boxes = [...grid.children].map((one) => one.getBoundingClientRect());
    const isBeside = (a, b) => a !== b && a.top < b.bottom && b.top < a.bottom;
    return [...grid.children].filter((one, i) => boxes[i].width < 0.9 * grid.clientWidth
      && !boxes.some((box) => isBeside(boxes[i], box))).map((one) => one.dataset.plot);
  }),
  outside: all("script[src], link[href]").map((link) => link.outerHTML)
    .concat(fetched.filter((name) => name.startsWith("http"))),
  left: all("#plots > div").map((div) => div.id),
  colors: {
    body: getComputedStyle(document.body).backgroundColor,
    card: getComputedStyle(document.querySelector("figure")).backgroundColor,
    axis: document.querySelector("[data-plot=levels] .role-axis-label text").getAttribute("fill"),
    picture: getComputedStyle(document.querySelector("figure img")).backgroundColor,
  },
};
"""


@pytest.fixture(scope="module")
def seen(shown: Path) -> dict:
    return use_page(shown, LOOK)


def figure(seen: dict, plot: str) -> dict:
    return next(one for one in seen["figures"] if one["plot"] == plot)


@pytest.mark.slow
def test_every_plot_is_drawn_once_without_internet(seen: dict, root: Path) -> None:
    assert (seen["outside"], seen["left"]) == ([], [])
    entries = yaml.safe_load((root / "dvc.yaml").read_text())["plots"]
    assert len(seen["figures"]) == len(entries)
    titles = [one["title"] for one in seen["figures"]] + seen["sections"]
    assert len(set(titles)) == len(titles)
    for one in seen["figures"]:
        assert one["error"] == "", one["title"]
        assert not one["broken"], one["title"]
        assert one["section"] != "More", f"{one['plot']} is in no section of contents.json"
        drawn_as_text = one["plot"] in ("statement", "models", "slices", "splits", "findings")
        assert one["images"] or one["marks"] or drawn_as_text, one["title"]
        assert all(one["images"]), one["title"]


@pytest.mark.slow
def test_the_score_comes_first_and_the_audit_last(seen: dict) -> None:
    assert seen["sections"] == [
        *("The selected model", "Leaderboard", "The selected model in pictures", "Test slices, one by one"),
        *("Comparison", "Training", "The data", "The audit", "Glossary"),
    ]


@pytest.mark.slow
def test_no_half_of_a_row_is_empty(seen: dict) -> None:
    assert seen["gaps"] == []


@pytest.mark.slow
def test_text_is_text(seen: dict) -> None:
    assert "deep_cnn has Dice 0.800 on test." in figure(seen, "statement")["text"]
    models = figure(seen, "models")["text"]
    assert "1,234,567" in models
    assert "0.750 to 0.850" in models
    assert "0.35" in models  # TFLOP, to two digits
    assert "deep_cnn beats nothing" in models
    assert "siblings_test9a leaksplit" in figure(seen, "findings")["text"]
    assert "train1122110" in figure(seen, "splits")["text"]
    assert "3.10 %" in figure(seen, "splits")["text"]


@pytest.mark.slow
def test_header_says_which_data_and_no_section_has_a_banner(seen: dict) -> None:
    facts = dict(seen["facts"])
    assert re.fullmatch("[0-9a-f]{14}", facts.pop("figures"))
    assert facts == {
        "dataset": "phantom",
        "slices": "112 train, 32 valid, 16 test",
        "split": "shipped",
        "image size": "128 × 128",
        "selected model": "deep_cnn",
        "data": "3fa9c1d2",
    }
    assert seen["warning"] == []
    assert not any(seen["banners"].values())


@pytest.mark.slow
def test_models_have_one_order_and_one_color(seen: dict) -> None:
    assert seen["order"] == ["unet", "deep_cnn (selected)", "resnet", "copier"]
    plots = ("best_dice_by_epoch", "loss_by_epoch", "pr_curves", "thresholds", "reliability")
    legends = [figure(seen, plot)["legend"] for plot in plots]
    colors = [{model: legend.get(model) for model in MODELS} for legend in legends]
    assert len(set(colors[0].values())) == len(MODELS)
    assert all(one == colors[0] for one in colors)
    for legend in legends:
        assert [name for name in legend if name in MODELS] == MODELS
    for plot in ("scores", "confusion_matrices"):
        assert [text for text in figure(seen, plot)["svg"] if text in MODELS] == MODELS


@pytest.mark.slow
def test_the_tumour_is_spelt_in_one_way(seen: dict) -> None:
    for plot in ("confusion_matrices", "selected_confusion_matrix"):
        assert "tumour" in figure(seen, plot)["svg"]
    for one in seen["figures"]:
        assert not [text for text in one["svg"] if re.search(r"\b[Tt]umor\b", text)], one["title"]


@pytest.mark.slow
def test_a_picture_is_a_link_to_its_full_size(seen: dict) -> None:
    (link,) = figure(seen, "plots_compare_ranks_png")["links"]
    assert re.fullmatch(r"_blankfile://.*ranks.*\.png", link)


@pytest.mark.slow
def test_narrow_and_dark(shown: Path, seen: dict) -> None:
    dark = use_page(shown, LOOK, width=600, dark=True)
    assert dark["overflow"] <= 0
    assert dark["scrolls"]
    white, black = "rgb(255, 255, 255)", "rgb(29, 35, 42)"
    assert (seen["colors"]["card"], dark["colors"]["card"]) == (white, black)
    assert dark["colors"]["picture"] == white
    assert seen["colors"]["axis"] != dark["colors"]["axis"]
    lightness = sum(map(int, re.findall(r"\d+", dark["colors"]["axis"]))) / 3
    assert lightness > 150
    legends = [figure(one, "pr_curves")["legend"] for one in (seen, dark)]
    assert len({tuple(legend[model] for model in MODELS) for legend in legends}) == 1


@pytest.mark.slow
def test_sections_of_other_data_have_a_banner(changed: Path, seen: dict) -> None:
    kaggle = {"data": "kaggle", "train": 1501, "valid": 429, "test": 216, "digest": "00000bad"}
    for name in ("statement", "levels"):
        change(changed / f"plots/selected/{name}.json", **kaggle)
    change(changed / "plots/audit/findings.json", data=None, digest=None)
    stale = use_page(dvc_plots(changed, "show"), LOOK)
    assert stale["facts"]["dataset"] == "kaggle"
    assert stale["facts"]["slices"] == "1,501 train, 429 valid, 216 test"
    assert stale["facts"]["figures"] != seen["facts"]["figures"]
    (warning,) = stale["warning"]
    assert "mixes figures of different data" in warning
    other = (
        "These figures are of phantom (112/32/16 slices, split shipped, data 3fa9c1d2), "
        "not of the data in the header. dvc repro brings them up to date."
    )
    unknown = "These figures do not say which data they are of. dvc repro brings them up to date."
    assert stale["banners"] == {
        "The selected model": [],
        "Leaderboard": [other],
        "The selected model in pictures": [],
        "Test slices, one by one": [other],
        "Comparison": [other],
        "Training": [other],
        "The data": [other],
        "The audit": [unknown],
        "Glossary": [],
    }


@pytest.mark.slow
def test_a_plot_that_is_missing_is_said_to_be(changed: Path) -> None:
    (changed / "plots/selected/statement.json").unlink()
    page = dvc_plots(changed, "show", check=False)
    missing = use_page(page, LOOK)
    assert missing["facts"]["selected model"] == "none yet"
    assert missing["facts"]["dataset"] == "phantom"
    assert missing["warning"] == []


def test_page_leaves_dvc_its_placeholder() -> None:
    text = page.page()
    assert text.count("{plot_divs}") == 1
    assert not re.search(r"\{(scripts|style|code|contents|vega)\}", text)


def test_no_file_of_the_page_is_over_250_lines(root: Path) -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in page.FOLDER.glob("*.*")}
    assert len(lengths) > 5
    assert not {name: length for name, length in lengths.items() if length > 250}
