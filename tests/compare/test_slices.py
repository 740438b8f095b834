"""What the page of plots gets: a row a model, a row a slice."""

import base64

import cv2
import numpy as np

from tumorseg.compare.slices import data_uri
from tumorseg.data.slices import load_split
from tumorseg.identity import read_identity
from tumorseg.reading import read_json


def test_the_page_gets_a_row_a_model_and_a_row_a_slice_with_pictures(measured, compared):
    about = read_identity(measured / "prepared").model_dump()
    models, slices = (read_json(compared.plots / f"{name}.json") for name in ("models", "slices"))
    assert [row["model"] for row in models] == list(compared.board)
    assert all(row.items() >= about.items() for row in [*models, *slices])
    words = "The labels agree with themselves to Dice 0.82, in the median of 40 pairs of slices that are"
    assert all(row["label_agreement"].startswith(words) for row in models)
    assert words in compared.printed
    low = models[2]
    assert (low["learns"], low["dice"], low["verdict"]) == (
        *(True, compared.board["low"]["test_dice"], compared.board["low"]["verdict"]),
    )
    test, quantised = (
        load_split(measured / "prepared", "test"),
        np.load(measured / "predictions/low/test.npy"),
    )
    assert [row["file"] for row in slices] == test.table.file.tolist()
    row, side = slices[1], test.images.shape[1]
    assert (row["size"], row["category"], row["group"]) == (81, "1", test.table.group[1])
    assert list(row["models"]) == list(compared.board)
    of_low = row["models"]["low"]
    assert (of_low["tp"], of_low["fp"], of_low["fn"], of_low["dice"]) == (60, 0, 21, 120 / 141)
    assert decode(row["picture"]).shape == (side, side)
    assert np.abs(decode(row["picture"]).astype(int) - test.images[1]).mean() < 8  # WebP loses a little
    np.testing.assert_array_equal(decode(row["label"]) > 0, test.masks[1] > 0)
    threshold = compared.board["low"]["threshold"]
    np.testing.assert_array_equal(decode(of_low["mask"]) > 0, quantised[1] >= threshold * 256)


def decode(uri: str) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def test_large_slices_are_made_smaller_and_no_mask_turns_grey():
    picture = decode(data_uri(np.full((384, 384), 90, np.uint8)))
    assert picture.shape == (256, 256)
    mask = np.zeros((384, 384), bool)
    mask[::2] = True
    assert set(np.unique(decode(data_uri(mask)))) == {0, 255}
