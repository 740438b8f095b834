"""Planted defects are found, each as its own finding; sound data have none."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from support.audited import findings, number, prepared
from support.planted import OUTSIDE, PLANTED, SIZES, Export, sibling

from tumorseg.audit import audit, closest, faults, histogram
from tumorseg.audit.facts import measure
from tumorseg.audit.findings import find
from tumorseg.audit.survey import survey_data
from tumorseg.errors import UserError
from tumorseg.reading import read_json


def test_sound_data_have_no_finding(tmp_path):
    assert findings(Export(), tmp_path) == {}


@pytest.mark.parametrize("defect", PLANTED)
def test_a_planted_defect_is_found_and_nothing_else(tmp_path, defect):
    plant, ids, count = PLANTED[defect]
    export = Export()
    plant(export)
    found = findings(export, tmp_path, 32 if defect == "tumour lost" else 64)
    assert set(found) == set(ids)
    assert found[ids[0]].count == count


def test_a_category_that_is_not_tumour_is_told(tmp_path):
    facts = measure(survey_data(*prepared(Export(), tmp_path)), {"0": 1}, "shipped")
    (finding,) = find(facts)
    assert (finding.id, finding.count) == ("category_left_out", 6 + 2 + 2)
    assert finding.param == "datasets.${data}.tumor_categories"


def test_numbers_that_follow_patients_and_categories_are_told(tmp_path):
    export = Export()
    # Test slice i copies train slice 2 i, whose number is one below its own.
    number(
        export,
        {
            "train": [10 * i for i in range(12)],
            "valid": [503 + 10 * i for i in range(5)],
            "test": [20 * i + 1 for i in range(5)],
        },
    )
    for index in range(5):
        export.pixels["test"][index] = export.pixels["train"][2 * index]
    for split, firsts in (("train", 6), ("valid", 0), ("test", 3)):
        for index in range(SIZES[split]):
            export.relabel(split, index, category_id=1 if index < firsts else 2)
    found = findings(export, tmp_path)
    assert found["sequence"].count == 5
    assert "100% of the test slices" in found["sequence"].message
    assert "2 runs" in found["category_order"].message


def test_mixed_categories_do_not_follow_the_numbers(tmp_path):
    export = Export()
    number(export, {"train": list(range(12)), "valid": list(range(20, 25)), "test": list(range(30, 35))})
    assert findings(export, tmp_path) == {}


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> tuple[Path, Path]:
    """Folders of two audits of the same export, which has some defects."""
    folder = tmp_path_factory.mktemp("audit")
    export = Export()
    sibling(export)
    export.relabel("train", 5, **OUTSIDE)
    export.categories.append({"id": 3, "name": "2"})
    raw, arrays = prepared(export, folder)
    for name in ("first", "second"):
        run(raw, arrays, folder / name)
    return folder / "first", folder / "second"


def run(raw: Path, arrays: Path, out: Path, *fail_on: str) -> None:
    audit(
        raw,
        arrays,
        ["0", "1"],
        fail_on=fail_on,
        metrics=out / "audit.json",
        plots=out / "audit",
        passed=out / "audit.ok",
    )


def test_the_same_data_give_the_same_bytes(audited):
    first, second = ({p.name: p.read_bytes() for p in f.rglob("*.*")} for f in audited)
    assert first == second
    plots = {"findings.json", "facts.png", "closest_pairs.png", "similarity.csv", "faults.csv"}
    assert set(first) == {"audit.json", "audit.ok", *plots, "label_agreement.png", "label_agreement.csv"}


def test_the_json_holds_dicts_of_numbers_and_strings_only(audited):
    def leaves(value: Any) -> set[type]:
        return set().union(*map(leaves, value.values())) if isinstance(value, dict) else {type(value)}

    result = read_json(audited[0] / "audit.json")
    for finding in result["findings"].values():
        assert set(finding) == {"severity", "message", "count", "param"}
        finding.pop("param")  # null where no param deals with it
    assert leaves(result) <= {int, float, str}
    rows = read_json(audited[0] / "audit" / "findings.json")
    assert [row["finding"] for row in rows] == list(result["findings"])
    assert result["prepared"].items() <= rows[0].items()
    assert result["summary"] == {"high": 1, "medium": 0, "low": 1, "info": 2}  # groups, too
    assert next(iter(result["findings"])) == "siblings_test"
    assert result["leak"]["test"]["share"] == 0.2
    # The same octagon everywhere: wherever it is copied from, it fits.
    whole = {"pooled": 1, "mean": 1}
    assert result["baselines"] == {"nearest_mask_dice": whole, "mean_mask_dice": whole}
    # All of them octagons.
    category = result["categories"]["0"]
    assert (category["tumor"], category["images"], category["annotations"]) == ("yes", 12, 12)
    assert category["mean_x"] == pytest.approx(25 / 64, abs=0.01)
    assert category["mean_y"] == pytest.approx(21 / 64, abs=0.01)


def test_faults_are_listed_one_by_one(audited):
    table = pd.read_csv(audited[0] / "audit" / "faults.csv")
    assert table.columns.to_list() == ["as_shipped", "file", "annotation", "fault"]
    assert table.fillna(-1).values.tolist() == [
        ["train", "t5.png", 5, "outside"],
    ]


def test_every_valid_and_test_slice_is_in_the_histogram(audited):
    table = pd.read_csv(audited[0] / "audit" / "similarity.csv")
    assert table.groupby("split").images.sum().to_dict() == {"valid": 5, "test": 5}
    assert table[table.similarity_from >= 0.85].images.sum() == 1


def test_pictures_have_content_at_their_edges_in_no_case(audited):
    for name in ("facts.png", "closest_pairs.png", "label_agreement.png"):
        pixels = cv2.imread(str(audited[0] / "audit" / name))
        rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert (rim == 255).all(), name


def test_pairs_come_closest_first_and_one_a_patient():
    slices = pd.DataFrame(
        {
            "split": ["train", "valid", "test", "test"],
            "similarity": [1.0, 0.5, 0.9, 0.8],
            "lookalikes": [0, 1, 2, 2],
        }
    )
    assert closest(slices) == [2, 1]


def test_similarities_below_zero_count_as_zero():
    table = histogram(pd.DataFrame({"split": ["valid", "test"], "similarity": [-0.3, 1.0]}))
    assert table[table.split == "valid"].images.iloc[0] == 1
    assert table[table.split == "test"].images.iloc[-1] == 1


def test_no_fault_leaves_an_empty_list(tmp_path):
    assert faults(survey_data(*prepared(Export(), tmp_path))).empty


def test_what_must_not_be_found_stops_the_pipeline_once_all_is_written(tmp_path):
    export = Export()
    sibling(export)
    export.relabel("train", 5, **OUTSIDE)
    raw, arrays = prepared(export, tmp_path)
    with pytest.raises(UserError) as caught:
        run(raw, arrays, tmp_path / "out", "boxes", "label_outside", "siblings_test")
    written = tmp_path / "out" / "audit.json"
    assert str(caught.value) == (
        f"params.yaml: audit.fail_on: found siblings_test, label_outside (see {written}); "
        "change split.strategy, mend the data, or take what you accept off the list"
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["audit", "audit.json"]


def test_what_is_not_found_stops_nothing(tmp_path):
    run(*prepared(Export(), tmp_path), tmp_path / "out", "boxes", "siblings_test")
    assert (tmp_path / "out" / "audit.ok").is_file()
