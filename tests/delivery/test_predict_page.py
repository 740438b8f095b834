"""index.html of a prediction, opened and used in a browser."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.browser import use_page
from support.delivered import write_pictures

from tumorseg.data.read import read_slice
from tumorseg.delivery.outputs import index
from tumorseg.delivery.outputs.records import OutFolder
from tumorseg.delivery.predict import Options, predict, write_summaries

# Orange pixels of a canvas: those of an outline.
ORANGE = """
const orange = (canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) count += data[i] > data[i + 2] + 60;
  return count;
};
"""


@pytest.fixture(scope="module")
def out(slices: Path, net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of 12 slices, one black one and two broken ones, whose names are out to do harm."""
    root = tmp_path_factory.mktemp("page")
    black = write_pictures(root / "in", {"<b>black</b>": np.zeros((64, 64), np.uint8)})
    (black / "broken.png").write_bytes(b"")
    (black / "a<!--<script>.png").write_bytes(b"")
    predict([str(slices), str(black)], root / "out", Options(model=str(net)))
    return root / "out"


def test_the_least_certain_is_first_and_heads_sort(out):
    seen = use_page(
        out / "index.html",
        """
        const column = (n) => texts(`tbody td:nth-child(${n})`);
        const heads = texts('thead th');
        const first = column(heads.indexOf('uncertainty') + 1).map(Number);
        all('thead button')[1].click();
        const ascending = column(3), state = all('thead th')[2].getAttribute('aria-sort');
        all('thead button')[1].click();
        return { heads, first, ascending, state, descending: column(3), facts: texts('#facts div') };
        """,
    )
    # Without mm², since no spacing is known.
    heads = ["slice", "tumour, pixels", "lesions", "largest, pixels", "uncertainty", "warnings"]
    assert seen["heads"] == ["", *heads]
    assert seen["first"] == sorted(seen["first"], reverse=True)
    numbers = [int(text.replace(",", "")) for text in seen["ascending"]]
    assert (numbers, seen["state"]) == (sorted(numbers), "ascending")
    assert seen["descending"] == seen["ascending"][::-1] or numbers[0] == numbers[1]
    assert "slices13" in seen["facts"]
    assert "failed2" in seen["facts"]


def test_filters_and_failures(out):
    seen = use_page(
        out / "index.html",
        """
        const set = (name, value) => {
          const field = document.querySelector(`[name=${name}]`);
          field.value = value;
          field.dispatchEvent(new Event('input'));
        };
        const names = () => texts('tbody button');
        set('warning', 'no-head');
        const warned = names();
        set('warning', '');
        set('name-has', 'TEST/');
        return { warned, tests: names().length, count: texts('.count')[0], failures: texts('.failures li'),
          tags: all('td b').length };
        """,
    )
    assert seen["warned"] == ["_b_black_/b_"]
    assert [line.split(";")[0] for line in seen["failures"]] == [
        "a_--_script_: a<!--<script>.png: is empty",
        "broken: broken.png: is empty",
    ]
    assert seen["tags"] == 0
    assert seen["count"] == f"{seen['tests']} of 13 slices"


def test_the_dialog_goes_on_by_keys_and_the_slider_moves_the_outline(out):
    seen = use_page(
        out / "index.html",
        ORANGE
        + """
        const rows = texts('tbody button');
        all('tbody tr')[0].click();
        const dialog = document.querySelector('dialog'), title = () => dialog.querySelector('h3').textContent;
        const opened = title();
        const key = (name) => dialog.dispatchEvent(new KeyboardEvent('keydown', { key: name }));
        key('ArrowRight');
        const next = title();
        key('ArrowLeft');
        await until(() => drawn(dialog));
        const outlines = [];
        const slider = dialog.querySelector('input[type=range]'), said = [];
        const canvas = dialog.querySelector('canvas');
        for (const value of [slider.value, 1, 255]) {
          delete canvas.dataset.drawn;
          slider.value = value;
          slider.dispatchEvent(new Event('input'));
          await until(() => drawn(dialog));
          outlines.push(orange(canvas));
          said.push(dialog.querySelector('output').textContent);
        }
        const other = document.querySelector('.filters input[type=range]').value;
        return { rows, opened, next, outlines, said, other };
        """,
    )
    assert (seen["opened"], seen["next"]) == tuple(seen["rows"][:2])
    assert seen["outlines"][0] > 50
    assert seen["outlines"][1] != seen["outlines"][0]
    assert seen["said"][0].endswith("as in the masks")
    assert not seen["said"][2].endswith("as in the masks")
    assert seen["other"] == "255"


def test_outlines_are_where_the_masks_are(out):
    """The thumbnail of a slice whose mask is on one side has its outline there."""
    name, mask = max(
        ((path, read_slice(path)) for path in out.glob("masks/*/*.png")), key=lambda pair: pair[1].sum()
    )
    rows, columns = np.nonzero(mask)
    name = name.relative_to(out / "masks").with_suffix("").as_posix()
    left, right, top, bottom = use_page(
        out / "index.html",
        ORANGE
        + f"""
        const line = all('tbody tr').find((one) => one.textContent.includes({name!r}));
        line.click();
        await until(() => drawn(document.querySelector('dialog')));
        const canvas = document.querySelector('dialog canvas'), {{ width, height }} = canvas;
        const {{ data }} = canvas.getContext('2d').getImageData(0, 0, width, height);
        let [left, right, top, bottom] = [1, 0, 1, 0];
        for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {{
          const at = 4 * (y * width + x);
          if (data[at] <= data[at + 2] + 60) continue;
          left = Math.min(left, x / width); right = Math.max(right, x / width);
          top = Math.min(top, y / height); bottom = Math.max(bottom, y / height);
        }}
        return [left, right, top, bottom];
        """,
    )
    height, width = mask.shape
    across, down = (columns.min(), columns.max() + 1), (rows.min(), rows.max() + 1)
    expected = [*np.divide(across, width), *np.divide(down, height)]
    assert np.allclose([left, right, top, bottom], expected, atol=0.02)


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_loaded_and_a_narrow_page_does_not_scroll_sideways(out, dark):
    text = (out / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"http|url\(http|@import|fetch\(|XMLHttpRequest", text)
    seen = use_page(
        out / "index.html",
        """
        const loaded = performance.getEntriesByType('resource')
          .filter(({ name }) => !name.startsWith('data:'));
        return { wide: document.documentElement.scrollWidth, inner: innerWidth, loaded: loaded.length,
          color: getComputedStyle(document.body).backgroundColor };
        """,
        width=600,
        dark=dark,
    )
    assert seen["wide"] <= seen["inner"]
    assert seen["loaded"] == 0
    assert (seen["color"] == "rgb(18, 22, 27)") == dark


def test_many_slices_have_no_slider_and_show_their_overlays(out, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "MOST_SLIDERS", 5)
    copy = shutil.copytree(out, tmp_path / "out")
    folder = OutFolder(copy)
    write_summaries(folder, folder.run())
    assert (copy / "index.html").stat().st_size < (out / "index.html").stat().st_size
    seen = use_page(
        copy / "index.html",
        """
        all('tbody tr')[2].click();
        const picture = document.querySelector('dialog img');
        await until(() => picture.complete);
        return { sliders: all('input[type=range]').length, width: picture.naturalWidth, alt: picture.alt };
        """,
    )
    assert seen["sliders"] == 0
    assert seen["width"] >= 512
