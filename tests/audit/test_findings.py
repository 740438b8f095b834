import ast
import inspect
import re
from typing import Any, get_args

import pytest

from tumorseg.audit import findings
from tumorseg.audit.findings import find
from tumorseg.audit.labels import FAULTS
from tumorseg.types import FindingId


def facts(strategy: str = "shipped", **changed: dict[str, Any]) -> dict[str, Any]:
    """Figures of data with everything wrong, but for what is `changed`, section by section."""
    twice = {"across": 2, "within": 2}
    near = {"count": 8, "share": 0.8, "by_chance": 0.01}
    siblings = {"with_sibling_in_train": 9, "share": 0.9, "similarity_median": 0.9, "near_in_sequence": near}
    groups = {"groups": 5, "largest": 3, "single_slices": 0, "in_several_splits": 4}
    whole = {
        "images": {
            **{"images": 30, "train": 10, "valid": 10, "test": 10, "left_out": 3},
            **{
                "sizes": {"9x9": 15, "8x8": 15},
                "formats": {"1x8 bit": 15, "3x16 bit": 15},
                "over_8_bits": 15,
            },
            **{"blank": 1, "outlier": 1, "unnamed_files": 1},
        },
        "split": {"strategy": strategy},
        "leak": {
            **{"sibling_from": 0.85, "copy_from": 0.995},
            **{"same_bytes": twice, "same_pixels": twice, "copies": twice},
            **{"valid": siblings, "test": siblings},
        },
        "baselines": {
            "nearest_mask_dice": {"pooled": 0.61, "mean": 0.5},
            "mean_mask_dice": {"pooled": 0.32, "mean": 0.3},
        },
        "groups": groups,
        "lookalikes": groups | {"groups": 7, "in_several_splits": 6},
        "labels": {
            **{"annotations": 20, "shapes": {"rectangle": 9, "polygon": 9, "run_lengths": 1, "box": 1}},
            **dict.fromkeys(FAULTS, 1),
            **{"images_with_several": 1, "images_with_none": 1, "lost_at_working_size": 1},
        },
        "categories": {
            "0": {"tumor": "yes", "images": 9, "annotations": 9},
            "1": {"tumor": "no", "images": 9, "annotations": 9},
            "2": {"tumor": "no", "images": 0, "annotations": 0},
        },
        "order": {"runs": 2, "by_chance": 12.0},
    }
    return {section: values | changed.get(section, {}) for section, values in whole.items()}


def test_everything_that_can_be_found_has_an_id_that_params_know():
    assert {finding.id for finding in find(facts("blocks"))} == set(get_args(FindingId))


def test_no_finding_of_the_code_has_an_unknown_id():
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(findings)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    ]
    assert len(calls) > 10
    for call in calls:
        parts = getattr(call.args[0], "values", [call.args[0]])
        pattern = "".join(re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in parts)
        assert any(re.fullmatch(pattern, id) for id in get_args(FindingId)), pattern


def words(*arguments: Any, **changed: Any) -> dict[str, str]:
    return {finding.id: finding.message for finding in find(facts(*arguments, **changed))}


def test_leaks_name_the_param_that_deals_with_them():
    params = {finding.id: finding.param for finding in find(facts("blocks"))}
    assert {id for id, param in params.items() if param == "split.strategy"} == {
        *("copies_across", "siblings_test", "siblings_valid", "sequence", "split", "groups"),
    }
    assert params["left_out"] == "datasets.${data}.blocks.gap"
    assert params["tumor_lost"] == "datasets.${data}.image_size"
    assert params["boxes"] is None


def test_a_shipped_split_is_not_praised():
    found = words("shipped")
    assert "split" not in found
    assert found["siblings_test"].endswith(
        "scores tell about known patients; copying the mask of the most similar training slice, without "
        "learning, has Dice 0.61"
    )
    assert "30 slices form 7 groups of similar slices" in found["groups"]


@pytest.mark.parametrize("strategy", ["blocks", "similar"])
def test_a_split_of_ours_tells_what_leak_it_leaves(strategy):
    assert words(strategy)["split"] == (
        f"split.strategy {strategy} leaves 90% of the test slices with a sibling in train, 80% with their "
        "nearest at most 3 file numbers away; copying the mask of the most similar training slice has Dice "
        "0.61, the mean training mask, whatever the slice shows, 0.32"
    )


def test_a_split_without_leak_or_file_numbers_says_so():
    clean = {"with_sibling_in_train": 0, "share": 0.0, "similarity_median": 0.5}
    found = words("similar", leak={"test": clean, "valid": clean}, images={"left_out": 0})
    assert "leaves 0% of the test slices with a sibling in train; copying" in found["split"]
    assert not {"siblings_test", "siblings_valid", "sequence", "left_out"} & set(found)


def test_blocks_are_told_from_groups_of_similar_slices():
    assert words("blocks")["groups"] == (
        "intervals of scores count 5 blocks of file numbers, not slices. There are 7 groups of similar "
        "slices, an upper estimate of the patients (in several splits: 6)"
    )
