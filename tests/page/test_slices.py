"""The table of test slices, used as a reader would: sorted, filtered, opened, gone through, closed."""

from pathlib import Path

import pytest
from support.browser import use_page
from support.plots import FILLERS, MODELS

# `run` does something and gives back what the table then shows. Files are named without .jpg.
TOOLS = """
const table = document.querySelector("[data-plot=slices]");
const field = (name) => table.querySelector(`[name=${name}]`);
const files = () => texts("tbody button.open", table).map((name) => name.replace(".jpg", ""));
const set = (name, value) => {
  field(name).value = value;
  for (const event of ["input", "change"]) field(name).dispatchEvent(new Event(event));
};
const head = (name) => all("th button", table).find((button) => button.textContent === name);
const dialog = document.getElementById("slice");
const press = (key) => dialog.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
const name = () => dialog.querySelector("h3").textContent;
set("file-name-has", "SLICE_");
"""


@pytest.mark.slow
def test_columns_sort_and_sort_back(shown: Path) -> None:
    seen = use_page(
        shown,
        TOOLS
        + """
        const sorted = (column) => { head(column).click(); return files(); };
        const first = files();
        const state = () => head("Dice").closest("th").getAttribute("aria-sort");
        const before = state();
        const reversed = sorted("Dice"), after = state();
        return { model: field("model").value, first, before, reversed, after,
          file: sorted("file"), size: sorted("size, pixels"), missed: sorted("missed pixels"),
          count: table.querySelector(".count").textContent };
        """,
    )
    assert seen["model"] == "deep_cnn"
    # The worst first; a slice without a Dice comes last both ways.
    assert seen["first"] == ["slice_1", "slice_3", "slice_10", "slice_2", "slice_5", "slice_4"]
    assert seen["reversed"] == ["slice_5", "slice_2", "slice_10", "slice_1", "slice_3", "slice_4"]
    assert (seen["before"], seen["after"]) == ("ascending", "descending")
    assert seen["file"] == ["slice_1", "slice_2", "slice_3", "slice_4", "slice_5", "slice_10"]
    assert seen["size"] == ["slice_3", "slice_4", "slice_1", "slice_2", "slice_5", "slice_10"]
    assert seen["missed"][-3:] == ["slice_2", "slice_1", "slice_10"]
    assert seen["count"] == f"6 of {FILLERS + 6} slices"


@pytest.mark.slow
def test_filters_leave_what_they_say(shown: Path) -> None:
    seen = use_page(
        shown,
        TOOLS
        + """
        const left = (name, value) => {
          set(name, value);
          const now = files().sort();
          set(name, "");
          return now;
        };
        const errors = all("option", field("error")).map((option) => option.value).filter(Boolean);
        const found = Object.fromEntries(errors.map((error) => [error, left("error", error)]));
        const result = { found, category: left("category", "glioma"), least: left("Dice-from", "0.7"),
          most: left("Dice-to", "0.7"), large: left("pixels-from", "200"), small: left("pixels-to", "50") };
        set("model", "unet");
        result.unet = left("error", "not found");
        result.dice = all("tbody tr", table).map((line) => [1, 4].map((i) => line.children[i].textContent));
        set("file-name-has", "nothing has this");
        return { ...result, none: files() };
        """,
    )
    assert seen["found"] == {
        "not found": ["slice_1"],
        "mostly too much": ["slice_2"],
        "mostly too little": ["slice_10"],
        "false alarm": ["slice_3"],
    }
    assert seen["category"] == ["slice_1", "slice_2", "slice_5"]
    assert seen["least"] == ["slice_2", "slice_5"]
    assert seen["most"] == ["slice_1", "slice_10", "slice_3"]
    assert seen["large"] == ["slice_10", "slice_5"]
    assert seen["small"] == ["slice_1", "slice_3", "slice_4"]
    assert seen["unet"] == ["slice_10"]
    assert ["slice_2.jpg", "1.000"] in seen["dice"]
    assert ["slice_3.jpg", "–"] in seen["dice"]
    assert seen["none"] == []


@pytest.mark.slow
def test_a_slice_opens_large_and_keys_go_through_the_list(shown: Path) -> None:
    seen = use_page(
        shown,
        TOOLS
        + """
        all("tbody tr", table)[1].click();
        const steps = [name()];
        for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowUp", "ArrowUp"]) {
          press(key);
          steps.push(name());
        }
        const isModal = dialog.matches(":modal");
        const place = dialog.querySelector(".place").textContent;
        for (let i = 0; i < 9; i++) dialog.querySelector("button.next").click();
        const last = name(), focused = document.activeElement.className;
        press("ArrowLeft");
        press("ArrowLeft");
        dialog.querySelector("button.close").click();
        await until(() => !dialog.contains(document.activeElement));
        const back = document.activeElement.textContent;
        return { steps, isModal, place, last, focused, open: dialog.open, back };
        """,
    )
    assert seen["steps"] == [
        *("slice_3.jpg", "slice_10.jpg", "slice_2.jpg", "slice_10.jpg"),
        *("slice_3.jpg", "slice_1.jpg", "slice_1.jpg"),
    ]
    assert seen["isModal"]  # so the browser closes it on Escape, and keeps the focus inside
    assert seen["place"] == "1 of 6"
    assert (seen["last"], seen["focused"]) == ("slice_4.jpg", "next")
    assert not seen["open"]
    assert seen["back"] == "slice_2.jpg"  # the slice last seen has the focus


@pytest.mark.slow
def test_outlines_are_where_the_masks_are(shown: Path) -> None:
    seen = use_page(
        shown,
        TOOLS
        + """
        set("file-name-has", "slice_2");
        table.querySelector("button.open").click();
        await until(() => drawn(dialog));
        const canvases = all("canvas", dialog);
        const pixel = (canvas, x, y) => {
          const scale = canvas.width / 16;
          const [left, top] = [x, y].map((place) => Math.round(place * scale));
          return [...canvas.getContext("2d").getImageData(left, top, 1, 1).data].slice(0, 3);
        };
        return { labels: canvases.map((canvas) => canvas.getAttribute("aria-label")),
          plain: pixel(canvases[0], 4, 8), label: pixel(canvases[1], 4, 8),
          prediction: pixel(canvases[1], 8, 14),
          between: pixel(canvases[1], 3, 8), small: texts(".other span", dialog),
          facts: dialog.querySelector(".view-facts").textContent };
        """,
    )
    blue, orange, grey = [0x56, 0xB4, 0xE9], [0xE6, 0x9F, 0x00], [90, 90, 90]
    assert seen["plain"] == grey
    assert seen["label"] == blue
    assert seen["prediction"] == orange
    assert seen["between"] == grey
    assert len(seen["labels"]) == 2 + len(MODELS) - 1
    assert seen["small"] == ["unet: 1.000", "resnet: 0.000", "copier: 0.000"]
    for fact in ("category glioma", "100 pixels annotated", "deep_cnn: Dice 0.818", "30 false", "10 missed"):
        assert fact in seen["facts"]


@pytest.mark.slow
def test_only_thumbnails_in_sight_are_drawn(shown: Path) -> None:
    script = """
    const canvases = all("[data-plot=slices] tbody canvas");
    await until(() => canvases.slice(0, 5).every((canvas) => canvas.dataset.drawn === "2"));
    return canvases.map((canvas) => canvas.turn > 0);  // begun to be drawn
    """
    # All of the page is in sight, but the table's box shows a part of its rows.
    drawn = use_page(shown, script, height=9000)
    assert len(drawn) == FILLERS + 6
    assert not any(drawn[20:])
