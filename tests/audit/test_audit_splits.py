"""The audit tells of the splits as they are now, and of files where they were shipped."""

from dataclasses import replace

import pandas as pd
import pytest
from support.audited import SHIPPED, findings, number, prepared
from support.planted import SIZES, Export

from tumorseg import SPLITS
from tumorseg.audit import faults
from tumorseg.audit.facts import measure
from tumorseg.audit.survey import survey_data
from tumorseg.data.slices import read_table
from tumorseg.params import Blocks
from tumorseg.sections import Split


@pytest.fixture
def blocked(tmp_path) -> tuple[Export, tuple[Split, Blocks]]:
    """An export numbered from 0 on, without gaps, and the rule that splits it by blocks of numbers."""
    export = Export()
    number(export, {"train": list(range(12)), "valid": list(range(12, 17)), "test": list(range(17, 22))})
    split, blocks = SHIPPED
    return export, (split.model_copy(update={"strategy": "blocks"}), blocks)


def test_facts_about_splits_are_of_the_splits_now(tmp_path, blocked):
    export, rule = blocked
    raw, arrays = prepared(export, tmp_path, rule=rule)
    table = read_table(arrays)
    facts = measure(survey_data(raw, arrays), {"0": 1, "1": 1}, rule[0].strategy)
    images = facts["images"]
    assert {split: images[split] for split in SPLITS} == table.split.value_counts().to_dict()
    assert {split: images[split] for split in SPLITS} != SIZES
    assert images["left_out"] == sum(SIZES.values()) - len(table) > 0
    assert facts["groups"]["groups"] == table.sequence.floordiv(4).nunique()
    assert facts["groups"]["in_several_splits"] == 0
    # Slices of noise resemble no other: each is alone.
    assert facts["lookalikes"]["groups"] == len(table)
    assert facts["labels"]["annotations"] == sum(SIZES.values())


@pytest.mark.parametrize(
    ("shipped", "now", "id"),
    [
        (("train", "train"), ("train", "test"), "copies_across"),
        (("train", "test"), ("train", "train"), "copies_within"),
    ],
)
def test_copies_are_within_or_across_the_splits_now(tmp_path, blocked, shipped, now, id):
    export, rule = blocked
    table = read_table(prepared(export, tmp_path, rule=rule)[1])
    ours, theirs = (
        table[(table.as_shipped == was) & (table.split == is_now)].image_id.iloc[-1]
        for was, is_now in zip(shipped, now, strict=True)
    )
    export.pixels[shipped[1]][theirs] = export.pixels[shipped[0]][ours]
    found = set(findings(export, tmp_path, rule=rule))
    assert {"copies_across", "copies_within"} & found == {id}


def test_labels_of_slices_left_out_are_audited(tmp_path, blocked):
    export, rule = blocked
    left_out = pd.read_csv(prepared(export, tmp_path, rule=rule)[1] / "left_out.csv")
    split, file = left_out.loc[0, ["as_shipped", "file"]]
    index = [entry["file_name"] for entry in export.images[split]].index(file)
    export.relabel(split, index, area=900)  # changes no pixel, so the slices are split as before
    survey = survey_data(*prepared(export, tmp_path, rule=rule))
    assert file not in set(survey.slices.file)
    assert faults(survey).to_numpy().tolist() == [[split, file, index, "wrong_area"]]
    assert set(findings(export, tmp_path, rule=rule)) == {"label_wrong_area", "split", "left_out", "groups"}


def test_a_slice_left_out_without_annotation_is_told(tmp_path, blocked):
    export, rule = blocked
    survey = survey_data(*prepared(export, tmp_path, rule=rule))
    survey = replace(survey, left_out=survey.left_out.assign(annotations=0))
    found = faults(survey)
    assert set(found.fault) == {"unannotated"}
    assert found.file.tolist() == survey.left_out.file.tolist()
    assert measure(survey, {"0": 1, "1": 1}, "blocks")["labels"]["images_with_none"] == len(found)


def test_faults_name_the_folder_that_the_file_came_in(tmp_path, blocked):
    export, rule = blocked
    for split in SPLITS:
        for index in range(SIZES[split]):
            export.relabel(split, index, area=900)
    found = faults(survey_data(*prepared(export, tmp_path, rule=rule)))
    assert len(found) == sum(SIZES.values())
    assert all((tmp_path / "raw" / row.as_shipped / row.file).is_file() for row in found.itertuples())
