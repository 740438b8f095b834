"""The page that `dvc plots show` fills: a report that opens without internet.

`python -m tumorseg.page .dvc/plots/offline.html` writes it, and
`dvc config --local plots.html_template plots/offline.html` has DVC use it.
DVC's own page loads Vega from the internet; here it is inlined, from the package vl-convert.
"""

import json
import sys
from pathlib import Path

import vl_convert

from tumorseg.files import write_text

# The page from top to bottom: heading, lead, and its figures as (pattern of the id, title, note).
# Vega plots bring their titles along. The id of an image is its path, with _ for / and dots.
SECTIONS = [
    (
        "The data",
        "What the slices and their annotations are, and how rare tumour pixels are.",
        [
            ("plots_class_balance_samples_png", "Samples", "Training slices and their annotations."),
            (
                "plots_class_balance_composition_png",
                "Composition",
                "Images, annotations and pixels of each split.",
            ),
            ("tumor_fraction", "", "Few pixels of a slice are tumour, so accuracy says little: Dice does."),
        ],
    ),
    (
        "The audit",
        "What to know of the data before any score is believed: metrics/audit.json has the figures.",
        [
            ("plots_audit_audit_png", "What was found", ""),
            ("plots_audit_closest_pairs_png", "Closest pairs across splits", "Each beside a training slice."),
            ("similarity_to_train", "", "To the right of the line, the two are taken for one patient's."),
        ],
    ),
    (
        "Training",
        "Solid: valid. Dashed: train. Level lines: models that learn nothing, the level to beat.",
        [
            ("best_dice_by_epoch", "", "At the threshold that is best for the split and epoch."),
            ("dice_by_epoch", "", "At threshold 0.5."),
            ("loss_by_epoch", "", "Cut off at three times the upper quartile."),
            ("accuracy_by_epoch", "", "At threshold 0.5; finding no tumour at all scores high here too."),
        ],
    ),
    (
        "Comparison",
        "Every model on the same slices, at the threshold that valid chose.",
        [
            ("leaderboard", "", "Bars: test, at the threshold chosen on valid."),
            (
                "scores",
                "",
                "Test, pooled over all pixels, at the threshold chosen on valid. AP: average precision.",
            ),
            ("pr_curves", "", "Every threshold; on a grey line Dice is the same."),
            ("confusion_matrices", "", "Share of the actual pixels of each kind."),
        ],
    ),
    (
        "The selected model",
        "The one that params.yaml names as model.",
        [
            ("plots_selected_overlays_png", "Best, median and worst test slices", ""),
            ("selected_pr_curve", "", "Every threshold; on a grey line Dice is the same."),
            ("selected_confusion_matrix", "", "Share of the actual pixels of each kind."),
        ],
    ),
    (
        "Slice by slice",
        "Best, median and worst test slices of every model.",
        [("plots_evaluate_.*_overlays_png", "", "")],
    ),
]

TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh_tag}
<title>Brain tumour segmentation</title>
<style>
:root { color-scheme: light; font: 16px/1.5 system-ui, "Segoe UI", "Liberation Sans", sans-serif; }
body { margin: 0; background: #f6f7f8; color: #1f2933; }
header, main { max-width: 88rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.5rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 3rem 0 0; font-size: 1.35rem; }
h3 { margin: 0 0 .6rem; font-size: 1rem; }
p { margin: .4rem 0 1rem; max-width: 60rem; color: #52606d; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; }
a { color: #0072b2; text-decoration: none; }
a:hover { text-decoration: underline; }
main { padding-bottom: 4rem; }
.grid { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 36rem), 1fr)); }
figure { margin: 0; padding: 1.1rem 1.3rem; min-width: 0; background: #fff; border: 1px solid #e1e5e9;
  border-radius: 6px; position: relative; }
figure.tall { grid-row: span 2; }
figure.wide, .diff figure { grid-column: 1 / -1; grid-row: auto; }
figcaption { margin-top: .6rem; font-size: .85rem; color: #52606d; }
figure svg.marks, figure img { display: block; max-width: 100%; height: auto; }
figure .vega-embed { position: static; display: block; padding-right: 0; }
figure .vega-embed details summary { top: .7rem; right: .7rem; }
.images { display: flex; flex-wrap: wrap; gap: 1.2rem; }
.images > div { flex: 1 1 max(40%, min(100%, 20rem)); min-width: 0; }
.error { color: #b00020; }
</style>
<script>{vega}</script>
<script>
// DVC calls this as each plot is read. They wait until the page is laid out.
const drawn = window.vegaEmbed, specs = new Map();
window.vegaEmbed = (selector, spec) => specs.set(selector.slice(1), spec);
</script>
</head>
<body>
<header>
<h1>Brain tumour segmentation in MRI slices</h1>
<p>Every model of the pipeline, from the data to the scores. Click a name in a legend to see that one
alone, with shift to add another; hover for the numbers.</p>
<nav></nav>
</header>
<main></main>
<div id="plots" hidden>
{plot_divs}
</div>
<script>
const SECTIONS = {sections};
{script}
</script>
</body>
</html>
"""

SCRIPT = """
const STYLE = {
  font: "system-ui, 'Segoe UI', 'Liberation Sans', sans-serif",
  axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", labelColor: "#3e4c59",
    titleColor: "#3e4c59", gridColor: "#eceff1", domainColor: "#9aa5b1", tickColor: "#9aa5b1" },
  legend: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal", symbolStrokeWidth: 2.5 },
  header: { labelFontSize: 12, labelFontWeight: "bold", labelColor: "#1f2933" },
  text: { fontSize: 11 },
  view: { stroke: null },
};
const WIDE = 700;  // pixels: wider than half a page
const WIDE_IMAGE = 1200;  // pixels: too fine to be shown in half a page

function add(parent, tag, text) {
  const element = parent.appendChild(document.createElement(tag));
  if (text) element.textContent = text;
  return element;
}

function drawPlot(figure, div, spec) {
  if (!spec.data) {
    add(div, "p", "No data yet: dvc repro makes it.");
    return;
  }
  delete spec.title;  // it stands above as a heading, which wraps
  const options = { renderer: "svg", config: STYLE, actions: { export: true, source: false,
    compiled: false, editor: false } };
  drawn(div, spec, options)
    .then(() => {
      const width = div.querySelector("svg.marks").width.baseVal.value;
      figure.classList.toggle("wide", width > WIDE);
    })
    .catch((error) => { add(div, "p", String(error)).className = "error"; });
}

function layOutImages(figure, div) {
  const revision = (img) => img.previousElementSibling.textContent;
  const pictures = [...div.querySelectorAll("img")].map((img) => [revision(img), img]);
  pictures.sort(([a], [b]) => (a < b ? -1 : 1));  // as Vega sorts the revisions
  div.removeAttribute("style");
  div.className = "images";
  div.replaceChildren();
  for (const [name, img] of pictures) {
    const box = add(div, "div");
    if (pictures.length > 1) add(box, "strong", name);
    box.append(img);
    img.alt = figure.querySelector("h3").textContent;
    img.onerror = () => { add(box, "p", "Cannot be read: " + img.src).className = "error"; };
    img.onload = () => {
      figure.classList.toggle("wide", img.naturalWidth > WIDE_IMAGE);
      figure.classList.toggle("tall", img.naturalWidth < 1.3 * img.naturalHeight);
    };
    img.src = img.src;  // so that onload comes even where the image was there before
  }
}

function addFigure(grid, div, title, note) {
  const figure = add(grid, "figure");
  const spec = specs.get(div.id);
  const model = /evaluate_(.*)_overlays/.exec(div.id);
  add(figure, "h3", title || spec?.title?.text || (model ? model[1] : div.id.replaceAll("_", " ")));
  figure.append(div);
  if (note) add(figure, "figcaption", note);
  if (spec) drawPlot(figure, div, spec); else layOutImages(figure, div);
}

const waiting = new Map([...document.querySelectorAll("#plots > div")].map((div) => [div.id, div]));
const rows = [...specs.values()].flatMap((spec) => spec.data?.values ?? []);
const revisions = new Set(rows.map((row) => row.rev));
document.body.classList.toggle("diff", revisions.size > 1);
for (const [heading, lead, figures] of [...SECTIONS, ["More", "", [[".*", "", ""]]]]) {
  const found = figures.flatMap(([pattern, title, note]) => {
    const ids = [...waiting.keys()].filter((id) => new RegExp("^" + pattern + "$").test(id));
    return ids.map((id) => { const div = waiting.get(id); waiting.delete(id); return [div, title, note]; });
  });
  if (!found.length) continue;
  const section = add(document.querySelector("main"), "section");
  section.id = "section-" + heading.toLowerCase().replaceAll(" ", "-");
  add(document.querySelector("nav"), "a", heading).href = "#" + section.id;
  add(section, "h2", heading);
  if (lead) add(section, "p", lead);
  const grid = add(section, "div");
  grid.className = "grid";
  for (const [div, title, note] of found) addFigure(grid, div, title, note);
}
"""


def page() -> str:
    """The page, with DVC's placeholder for the plots and all that it needs to draw them."""
    parts = {"{sections}": json.dumps(SECTIONS), "{script}": SCRIPT, "{vega}": vl_convert.javascript_bundle()}
    text = TEMPLATE
    for placeholder, part in parts.items():
        text = text.replace(placeholder, part)
    return text


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), page())
