"""The page of `dvc plots diff`: what differs is shown side by side, and the rest is folded away."""

import json
from pathlib import Path

import pytest
from support.browser import use_page
from support.plots import PICTURES
from support.plotted import dvc_plots

from tumorseg.files import write_json

LOOK = """
const describe = (root) => all("figure", root).map((figure) => figure.dataset.plot);
const fold = document.getElementById("same");
const outside = describe(document).filter((plot) => !describe(fold).includes(plot));
const summary = fold.querySelector("summary").textContent, before = describe(fold);
const slices = document.querySelector("[data-plot=slices]");
const files = () => texts("tbody button.open", slices ?? document);
const select = document.querySelector("[name=revision]");
const revisions = select ? all("option", select).map((option) => option.value) : [];
const tables = {};
for (const revision of revisions) {
  select.value = revision;
  select.dispatchEvent(new Event("change"));
  tables[revision] = files().length;
}
const shown = Object.fromEntries(all("figure").map((figure) => [figure.dataset.plot,
  texts("svg .role-row-header text, svg .role-column-header text, svg text, strong", figure)]));
fold.open = true;
await until(() => describe(fold).length && finished());
return { outside, summary, before, tables, shown, folded: describe(fold),
  drawn: all("svg.marks", fold).length, errors: texts(".error"),
  strong: texts("strong", fold), sections: texts("h2", fold),
  facts: all(".facts").map((list) => Object.fromEntries(
    all("div", list).map((one) => texts("dt, dd", one)))) };
"""


def drop_first_row(file: Path) -> None:
    rows = json.loads(file.read_text(encoding="utf-8"))
    write_json(file, rows[1:])


@pytest.mark.slow
def test_what_differs_is_shown_and_the_rest_is_folded(changed: Path, shown: Path) -> None:
    curves = changed / "plots/compare/curves.csv"
    curves.write_text(curves.read_text().replace("0.9,", "0.8,"))
    drop_first_row(changed / "plots/compare/slices.json")
    seen = use_page(dvc_plots(changed, "diff", "HEAD"), LOOK)
    drawn_from_curves = ["best_dice_by_epoch", "dice_by_epoch", "loss_by_epoch", "accuracy_by_epoch"]
    # A page can't compare bytes: pictures of the stage whose rows differ may differ too.
    pictures = [f"plots_{name.replace('/', '_')}_png" for name in PICTURES if name.startswith("compare/")]
    assert seen["outside"] == ["slices", *pictures, *drawn_from_curves]
    for plot in (*pictures, *drawn_from_curves):
        assert [text for text in seen["shown"][plot] if text in ("HEAD", "workspace")] == [
            "HEAD",
            "workspace",
        ]
    assert seen["tables"] == {"HEAD": 36, "workspace": 35}
    assert seen["before"] == []  # nothing is drawn before it is asked for
    assert seen["summary"] == f"{len(seen['folded'])} plots are the same in both revisions: show them"
    assert {"statement", "models", "scores", "findings", "plots_selected_overlays_png"} <= set(seen["folded"])
    assert not set(seen["folded"]) & set(seen["outside"])
    assert seen["drawn"] > 5
    assert seen["errors"] == []
    assert seen["strong"] == []  # once, without a name of a revision
    assert seen["sections"][0] == "The selected model: the same"
    head, workspace = seen["facts"]
    assert (head["revision"], workspace["revision"]) == ("HEAD", "workspace")
    assert head["figures"] != workspace["figures"]
    before = use_page(shown, 'return texts(".facts dd").at(-1);')
    assert head["figures"] == before  # the same figures have the same digest on every page


@pytest.mark.slow
def test_nothing_differs(changed: Path) -> None:
    seen = use_page(dvc_plots(changed, "diff", "HEAD"), LOOK)
    assert seen["outside"] == []
    assert seen["facts"][0]["figures"] == seen["facts"][1]["figures"]
