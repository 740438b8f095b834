"""Which annotated mask a predicted slice is compared with: never that of another file."""

import numpy as np
import pytest
from support.coco_builder import annotation, image, write_annotations
from support.delivered import write_pictures

from tumorseg.delivery.outputs.records import OutFolder
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.score import score_masks, score_text
from tumorseg.delivery.truth import Truth
from tumorseg.errors import UserError

LONG, SHORT = "q" * 150, "q" * 107 + "_89b4b3c2123b"  # as sha256sum has it
MASK = np.zeros((8, 12), np.uint8)


def match(folder, truth: list[str], predicted: list[str]) -> dict[str, str]:
    for path in truth:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"not read here")
    return Truth(folder, None).match(predicted)


@pytest.mark.parametrize(
    ("truth", "predicted", "expected"),
    [
        # The mask of another patient is none of this one's.
        (["pB/001.png"], ["pA/001", "pB/001"], {"pB/001": "pB/001.png"}),
        (["pB/001.png"], ["pA/001"], {}),
        # A folder more or less, where no second file is called so.
        (["1.png"], ["x/1"], {"x/1": "1.png"}),
        (["test/1.png"], ["1"], {"1": "test/1.png"}),
        (["1.png"], ["x/1", "y/1"], {}),
        (["x/1.png", "y/1.png"], ["1"], {}),
        (["1.png"], ["1", "x/1"], {"1": "1.png"}),
        (["1.png", "x/1.png"], ["x/1"], {"x/1": "x/1.png"}),
        (["test/1.png", "valid/1.png"], ["raw/test/1"], {"raw/test/1": "test/1.png"}),
        (["11.png"], ["1"], {}),
        # What predict does to names.
        (["Tumor (12).png"], ["Tumor_12_"], {"Tumor_12_": "Tumor (12).png"}),
        ([f"{LONG}.png"], [SHORT], {SHORT: f"{LONG}.png"}),
        (["a.v1.png"], ["a.v1"], {"a.v1": "a.v1.png"}),
        (["a.png", "a.jpg"], ["a_png", "a_jpg"], {"a_png": "a.png", "a_jpg": "a.jpg"}),
        (["a.png", "a.jpg"], ["a"], {}),
        (["a_png.png"], ["a_png"], {"a_png": "a_png.png"}),
        (["a.png"], ["a", "a_png"], {"a": "a.png"}),
        # Of a number that predict gave, nobody knows the file.
        (["a (1).png", "a [1].png"], ["a_1__png", "a_1__png_2"], {}),
        # As the files of coco/ are called.
        (["test/test--a.png"], ["test/a"], {"test/a": "test/test--a.png"}),
        (["x--a.png", "a.png"], ["x/a"], {}),
    ],
)
def test_a_slice_is_compared_with_its_own_mask_or_with_none(tmp_path, truth, predicted, expected):
    assert match(tmp_path, truth, predicted) == expected


def test_masks_of_another_patient_are_no_truth(net, tmp_path):
    rng = np.random.default_rng(3)
    pictures = {f"{folder}/001": rng.integers(0, 256, (40, 50), np.uint8) for folder in ("pA", "pB")}
    pictures["pB/Tumor (12)"] = pictures["pA/001"][::-1]
    out = tmp_path / "out"
    predict([str(write_pictures(tmp_path / "in", pictures))], out, Options(model=str(net)))
    truth = tmp_path / "truth" / "pB"
    truth.mkdir(parents=True)
    (truth / "001.png").write_bytes(OutFolder(out).mask("pB/001").read_bytes())
    (truth / "Tumor (12).png").write_bytes(OutFolder(out).mask("pB/Tumor_12_").read_bytes())
    result = score_masks(out, truth.parent, None)
    assert result["pooled"]["tp"] > 0
    assert (result["slices"], result["pooled"]["dice"]) == (2, 1)
    assert (result["without_truth"], result["without_prediction"]) == (["pA/001"], [])
    assert score_text(result).splitlines()[0] == "slices     2, and 1 without annotations"


def test_annotated_slices_that_were_not_predicted_are_told(net, tmp_path):
    pictures = write_pictures(tmp_path / "in", {"0": MASK})
    (pictures / "1.png").write_bytes(b"damaged")
    predict([str(pictures)], tmp_path / "out", Options(model=str(net)))
    images = [image(0), image(1), image(2)]
    truth = write_annotations(tmp_path / "truth", images, [annotation(0, 0)])
    names = [each["file_name"] for each in images]
    result = score_masks(tmp_path / "out", truth, None)
    assert (result["slices"], result["without_prediction"]) == (1, names[1:])
    last = score_text(result).splitlines()[-1]
    assert last == f"left out   2 annotated and not predicted, such as {names[1]}"


def test_results_without_masks_say_how_to_have_them(net, tmp_path):
    pictures = write_pictures(tmp_path / "in", {"0": MASK})
    predict([str(pictures)], tmp_path / "out", Options(model=str(net), formats=frozenset({"csv"})))
    with pytest.raises(UserError, match=r"has no masks, .* with --formats csv; call it with png among them"):
        score_masks(tmp_path / "out", pictures, None)
