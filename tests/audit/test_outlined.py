"""What the audit says of boxes that `render_masks` has outlined."""

from pathlib import Path

import pandas as pd
import pytest
from support.planted import SQUARE, Export
from support.preparing import prepare_folder

from tumorseg.audit.facts import measure
from tumorseg.audit.findings import find
from tumorseg.audit.survey import survey_data
from tumorseg.data.masks import render_masks


def test_boxes_that_were_outlined_are_told_apart_from_those_that_were_not(tmp_path: Path) -> None:
    export = Export()
    export.relabel("train", 0, segmentation=SQUARE, area=484)
    export.relabel("train", 2, segmentation=SQUARE, area=484)
    export.relabel("test", 1, category_id=3, segmentation=SQUARE, area=484)  # no tumour, so not outlined
    export.categories.append({"id": 3, "name": "2"})
    export.labels["valid"][0] |= {
        "segmentation": [[5, 5, 9, 5, 9, 9, 5, 9]],
        "bbox": [5, 5, 4, 4],
        "area": 16,
    }
    raw = export.write(tmp_path / "raw")
    render_masks(raw, tmp_path / "masks", ["0", "1"], "grabcut")
    facts = measure(survey_data(raw, prepare_folder(tmp_path, 64)), {"0": 1, "1": 1}, "shipped")
    fill = pd.read_csv(tmp_path / "masks" / "outlines.csv")["fill"]
    assert facts["outlined"] == {
        "annotations": 3,
        "ellipses": 1,
        "fill": {
            "q25": fill.quantile(0.25),
            "median": pytest.approx(fill.median()),
            "q75": fill.quantile(0.75),
        },
    }
    found = {finding.id: finding for finding in find(facts)}
    assert (found["boxes"].count, found["boxes_outlined"].count) == (1, 3)
    assert "no truth is there to score them" in found["boxes_outlined"].message


def test_without_outlines_nothing_is_told_of_them(tmp_path: Path) -> None:
    raw = Export().write(tmp_path / "raw")
    render_masks(raw, tmp_path / "masks", ["0", "1"])
    facts = measure(survey_data(raw, prepare_folder(tmp_path, 64)), {"0": 1, "1": 1}, "shipped")
    assert facts["outlined"] == {}
    assert "boxes_outlined" not in {finding.id for finding in find(facts)}
