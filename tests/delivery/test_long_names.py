"""Names that an input may have and results may not: they are shortened, and stay apart."""

import zipfile

import cv2
import numpy as np
import pytest
from support.delivered import write_pictures
from support.results import rows_of

from tumorseg.delivery.inputs import find_sources
from tumorseg.delivery.inputs.names import shortened
from tumorseg.delivery.outputs.records import flat
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.score import score_masks

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)


def test_a_text_is_shortened_by_bytes_and_ends_with_its_digest():
    assert shortened("q" * 120, 120) == "q" * 120
    assert shortened("q" * 150, 120) == "q" * 107 + "_89b4b3c2123b"  # as sha256sum has it
    brain = shortened("脑" * 80, 120)  # of 3 bytes each; 107 bytes have 35 of them
    assert brain[:36] == "脑" * 35 + "_"
    assert len(brain.encode()) == 118


@pytest.mark.parametrize("name", ["脑" * 80, "q" * 250, "con." + "q" * 200])
def test_a_shortened_name_stays_as_it_is(tmp_path, name):
    write_pictures(tmp_path / "a", {name: PICTURE})
    (first,) = find_sources([str(tmp_path / "a")])
    write_pictures(tmp_path / "b", {first.name: PICTURE})
    (second,) = find_sources([str(tmp_path / "b")])
    assert second.name == first.name
    assert len(first.name.encode()) <= 120


def test_names_that_begin_alike_stay_apart(tmp_path):
    write_pictures(tmp_path, {"q" * 200 + end: PICTURE for end in "ab"})
    one, other = (source.name for source in find_sources([str(tmp_path)]))
    assert one != other
    assert len(flat("/".join([one, other]))) == 200


def test_long_names_and_deep_folders_stop_no_run(net, tmp_path):
    uid = "1.2.840." + "1" * 56
    names = ["aa", "脑" * 80, f"{uid}/{uid}/{uid}/{uid}"]
    folder, out = write_pictures(tmp_path / "in", dict.fromkeys(names, PICTURE)), tmp_path / "out"
    counts = predict([str(folder)], out, Options(model=str(net), probabilities=True))
    assert (counts.slices, counts.failures) == (3, [])
    rows = [row["name"] for row in rows_of(out / "predictions.csv")]
    assert set(names) - set(rows) == {"脑" * 80}
    assert len(list(out.glob("coco/train/*.png"))) == 3
    # Under these names they are found again: as inputs, as files of coco/, and of masks/.
    assert predict([str(folder)], out, Options(model=str(net), probabilities=True)).skipped == 3
    for truth in ("coco", "masks"):
        result = score_masks(out, out / truth, None)
        assert (result["slices"], result["pooled"]["dice"], result["without_prediction"]) == (3, 1, [])


def test_a_path_without_end_is_one_short_name(tmp_path):
    member = "/".join(["q" * 100] * 40) + ".png"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member, cv2.imencode(".png", PICTURE)[1].tobytes())
    (source,) = find_sources([str(tmp_path / "a.zip")])
    assert source.name[:103] == "q" * 100 + "--q"
    assert len(source.name) == 120


def test_names_are_the_same_whatever_lies_beside_them(tmp_path):
    long = "q" * 200
    write_pictures(tmp_path, {f"{long}a": PICTURE})
    (alone,) = find_sources([str(tmp_path)])
    write_pictures(tmp_path, {f"{long}b": PICTURE})
    assert alone.name in [source.name for source in find_sources([str(tmp_path)])]
