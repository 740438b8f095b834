import ast
import inspect
import re
from typing import Any, get_args

import pytest

from tumorseg.audit import findings, label_findings
from tumorseg.audit.findings import find
from tumorseg.audit.labels import FLAGS
from tumorseg.types import FindingId


def ceiling(net: float) -> dict:
    ends = {
        name: {"dice": d, "low": d - 0.03, "high": d + 0.03}
        for name, d in (("net", net), ("labels", net - 0.1))
    }
    return {"runs": 30, "triples": 90, **ends}


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
            **{"blank": 1, "outlier": 1, "turned": 2},
            **{"in_colour": {"several": 15, "looked_at": 15, "colourful": 14}},
            **{"far_from_square": 4, "longest_aspect": 4.8},
        },
        "split": {"strategy": strategy, "without_tumor": {"train": 1, "valid": 1, "test": 10}},
        "source": {
            **{"layout": "CVAT", "exif": "stored", "mended": {"area": 3, "ids": 2}},
            **{"left out": {"fragment": 1}, "guessed": {"size": 1}},
        },
        "search": {"slices": 30, "recall": 0.987},
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
            **dict.fromkeys(FLAGS, 1),
            **{"images_with_several": 1, "images_with_none": 1, "lost_at_working_size": 1},
        },
        "outlined": {
            **{"annotations": 4, "ellipses": 1},
            **{"fill": {"q25": 0.5, "median": 0.6, "q75": 0.7}},
        },
        "agreement": {
            **{"alike_from": 0.95, "pairs": 31, "dice": 0.824},
            "by_distance": {"1": {"pooled": 0.79}, "2": {"pooled": 0.72}},
            "ceiling": ceiling(0.907),
        },
        "painted_over": {
            "core": {"slices": 5, "vanished": 5},
            "rim": {"slices": 5, "vanished": 0},
            "cyst": {"slices": 4, "vanished": 1},
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
        for module in (findings, label_findings)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    ]
    assert len(calls) > 10
    for call in calls:
        if isinstance(call.args[0], ast.Name):  # of a table beside it
            continue
        parts = getattr(call.args[0], "values", [call.args[0]])
        pattern = "".join(re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in parts)
        assert any(re.fullmatch(pattern, id) for id in get_args(FindingId)), pattern


def words(*arguments: Any, **changed: Any) -> dict[str, str]:
    return {finding.id: finding.message for finding in find(facts(*arguments, **changed))}


def test_leaks_name_the_param_that_deals_with_them():
    params = {finding.id: finding.param for finding in find(facts("blocks"))}
    assert {id for id, param in params.items() if param == "split.strategy"} == {
        *("copies_across", "siblings_test", "siblings_valid", "sequence", "split", "groups"),
        "split_unlabelled",
    }
    assert params["left_out"] == "datasets.${data}.blocks.gap"
    assert params["tumor_lost"] == "datasets.${data}.image_size"
    assert params["boxes"] == params["boxes_outlined"] == "datasets.${data}.boxes"
    assert params["image_aspect"] == "preprocess"


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
        "intervals of scores count 5 blocks of file numbers, not slices. Lookalikes form 7 groups of similar "
        "slices, an upper estimate of the patients (in several splits: 6)"
    )


def test_a_split_without_tumour_is_told_with_what_it_is_for():
    assert words()["split_unlabelled"] == "no slice of test has tumour: every score on it means nothing"
    some = words(split={"without_tumor": {"train": 0, "valid": 9, "test": 9}})
    assert "split_unlabelled" not in some


def test_labels_that_agree_so_far_are_told_and_too_few_pairs_tell_nothing():
    assert words()["label_agreement"].startswith(
        "labels agree with themselves to Dice 0.82, in the median of 31 pairs of slices that"
    )
    assert "label_agreement" not in words(agreement={"pairs": 3, "dice": float("nan")})


def test_what_labels_allow_is_told_and_weighs_more_below_a_limit():
    allowed = "labels allow a Dice of about 0.91 (0.88 to 0.94) to a net that knows every tumour: labels of"
    assert words()["label_ceiling"].startswith(allowed)
    assert words()["label_ceiling"].endswith("so two labels of one slice to about 0.81 (0.78 to 0.84)")
    poor = next(f for f in find(facts(agreement={"ceiling": ceiling(0.84)})) if f.id == "label_ceiling")
    assert poor.severity == "medium"
    assert poor.message.endswith("better labels are worth more than a better net")
    assert "label_ceiling" not in words(agreement={"ceiling": ceiling(float("nan"))})


def test_a_class_that_is_nowhere_left_is_severer_than_one_that_is_missing_in_some_slices():
    found = {finding.id: finding for finding in find(facts())}["label_painted_over"]
    assert (found.severity, found.count) == ("high", 6)
    assert found.message.endswith("core in 5 of 5, cyst in 1 of 4")
    some = {"core": {"slices": 5, "vanished": 0}}
    found = {finding.id: finding for finding in find(facts(painted_over=some))}["label_painted_over"]
    assert found.severity == "medium"


def test_what_the_download_has_changed_is_told_by_action():
    found = words()
    assert found["source_mended"] == "mended at download: area 3, ids 2; listed in data/raw/faults.csv"
    assert found["source_left_out"].startswith("left out at download: fragment 1")
    assert found["source_guessed"].startswith("guessed at download: size 1")
    (mended,) = [each for each in find(facts(), "mended.csv") if each.id == "source_mended"]
    assert mended.message.endswith("; listed in mended.csv")


def test_one_of_something_is_singular():
    one = {"groups": 1, "largest": 3, "single_slices": 0, "in_several_splits": 0}
    found = words("blocks", groups=one, lookalikes=one, agreement={"pairs": 1}, order={"runs": 1})
    assert found["groups"].startswith("intervals of scores count 1 block of file numbers")
    assert "Lookalikes form 1 group of similar slices" in found["groups"]
    assert "in the median of 1 pair of slices" in found["label_agreement"]
    assert "1 run of one category, 12 by chance" in found["category_order"]
    assert found["category_left_out"] == 'annotations that are not taken for tumour, of category "1": 9'
