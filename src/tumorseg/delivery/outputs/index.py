"""index.html: the slices of a call of `predict`, in one file that opens offline."""

import json
from typing import Any
from urllib.parse import quote

from tumorseg.delivery.outputs.records import OutFolder, SliceRecord
from tumorseg.delivery.outputs.tables import square_mm
from tumorseg.delivery.outputs.words import WORDS
from tumorseg.files import write_text
from tumorseg.page import part

SCRIPTS = ("dom", "outlines", "dialog", "predictions")  # all but the last are the plots page's too
MOST_SLIDERS = 500  # slices that the threshold can be moved for
MOST_BYTES = 15_000_000  # of their pictures; above either, the page has thumbnails, and overlays beside it
WITH_SLIDER = (
    "Least certain first. Click a slice to see it large; arrow keys go on to the next. The slider moves the "
    "threshold of the outlines alone: figures are those of the masks."
)
WITHOUT_SLIDER = (
    "Least certain first. Click a slice to see it large, from the folder overlays; arrow keys go on to the "
    f"next. A page of more than {MOST_SLIDERS} slices or {MOST_BYTES // 1_000_000} MB has no slider."
)


def write_index(out: OutFolder, run: dict[str, Any]) -> None:
    """Write index.html from the records.

    Args:
        out: With records.
        run: What run.json holds.
    """
    sliders = has_sliders(out)
    rows = [row(out, each, sliders) for record in out.records() for each in record.slices]
    failures = [(record.name, why) for record in out.records() for why in record.problems]
    content = {
        "rows": rows,
        "failures": failures,
        "words": WORDS,
        "step": run["net"]["step"],
        "note": WITH_SLIDER if sliders else WITHOUT_SLIDER,
        "facts": [
            ["net", run["net"]["name"]],
            ["threshold", f"{run['net']['step'] / 256:.3f}"],
            ["slices", str(len(rows))],
            ["with tumour", str(sum(each["pixels"] > 0 for each in rows))],
            ["with warnings", str(sum(bool(each["warnings"]) for each in rows))],
            ["failed", str(len(failures))],
            ["contract", run["net"]["contract"]],
        ],
    }
    # "</script>" in a name would end the script, "<!--<script>" take the rest of the page for one.
    data = json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")
    code = "\n".join(part(f"{name}.js") for name in SCRIPTS)
    text = part("predictions.html").replace("{style}", part("style.css")).replace("{code}", code)
    write_text(out.path / "index.html", text.replace("{run}", data))


def has_sliders(out: OutFolder) -> bool:
    """Whether the probabilities of all slices are few enough to be in the page."""
    slices = size = 0
    for record in out.records():
        for each in record.slices:
            slices += 1
            size += len(each.picture or "") + len(each.levels or "")
    return slices <= MOST_SLIDERS and size <= MOST_BYTES


def row(out: OutFolder, each: SliceRecord, sliders: bool) -> dict[str, Any]:
    """What the page holds of a slice."""
    overlay = out.overlay(each.name)
    return {
        "name": each.name,
        "width": each.width,
        "height": each.height,
        "pixels": each.pixels,
        "mm2": square_mm(each, each.pixels),
        "lesions": len(each.lesions),
        "largest": max((lesion.pixels for lesion in each.lesions), default=0),
        "uncertainty": each.uncertainty,
        "warnings": each.warnings,
        "picture": each.picture if sliders else each.thumbnail,
        "levels": each.levels if sliders else None,
        "overlay": quote(overlay.relative_to(out.path).as_posix()) if overlay.exists() else None,
    }
