"""The page that `dvc plots show` fills: a report that opens without internet.

`tumorseg page .dvc/plots/offline.html` writes it, and
`dvc config --local plots.html_template plots/offline.html` has DVC use it.
DVC's own page loads Vega from the internet; here it is inlined, from the package vl-convert.
"""

import json
from pathlib import Path

import vl_convert

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
            ("leaderboard", "", "Bars: test, at the threshold chosen on valid, with its 95 % interval."),
            ("plots_compare_differences_png", "Which differences are more than chance", ""),
            ("plots_compare_ranks_png", "How firm the order is", ""),
            (
                "scores",
                "",
                "Test, pooled over all pixels, at the threshold chosen on valid. AP: average precision.",
            ),
            ("pr_curves", "", "Every threshold; on a grey line Dice is the same."),
            ("thresholds", "", "Dots: the thresholds chosen, on valid. At beta 1, F-beta is Dice."),
            (
                "reliability",
                "",
                "Test. Below the diagonal, a model is too sure of tumour. Larger dots: more pixels.",
            ),
            ("confusion_matrices", "", "Share of the actual pixels of each kind."),
            ("plots_compare_cost_png", "What Dice costs", "Dashed: models that learn nothing."),
            (
                "plots_compare_side_by_side_png",
                "The same test slices, as every model sees them",
                "At even steps from the best to the worst mean Dice of the models that learn.",
            ),
        ],
    ),
    (
        "The selected model",
        "The one that params.yaml names as model.",
        [
            ("plots_selected_statement_png", "What its score is worth", ""),
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

TEMPLATE = Path(__file__).with_name("page.html")


def page() -> str:
    """The page, with DVC's placeholder for the plots and all that it needs to draw them."""
    parts = {"{sections}": json.dumps(SECTIONS), "{vega}": vl_convert.javascript_bundle()}  # type: ignore[call-arg]  # its stub knows no default
    text = TEMPLATE.read_text(encoding="utf-8")
    for placeholder, part in parts.items():
        text = text.replace(placeholder, part)
    return text
