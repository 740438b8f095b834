"""Which picture an image is, what it is called in the raw folder, its id and its size."""

import unicodedata

import pytest
from support.coco_builder import image
from support.mending import export, kinds, mended, outlined

from tumorseg.errors import UserError
from tumorseg.sources.mending.naming import plain_names

TWO = [outlined(0, 0)]


def found(name, pictures, **options):
    """The picture that a file_name leads to, and the kinds of fault."""
    result = mended(export([image(0, name)], TWO), pictures, **options)
    return next(iter(result.files.values())), kinds(result)


@pytest.mark.parametrize(
    ("name", "pictures", "picture", "faults"),
    [
        ("a.png", ["train/a.png"], "train/a.png", []),
        ("a.jfif", ["train/a.jfif"], "train/a.jfif", []),
        ("a.JPE", ["train/a.JPE"], "train/a.JPE", []),
        ("images/a.png", ["train/images/a.png"], "train/images/a.png", ["name_path"]),
        ("images/a.png", ["train/a.png"], "train/a.png", ["name_path"]),
        ("images\\a.png", ["train/a.png"], "train/a.png", ["name_path"]),
        ("C:\\mri\\a.png", ["train/a.png"], "train/a.png", ["name_path"]),
        ("/home/me/set/train/a.png", ["train/a.png"], "train/a.png", ["name_path"]),
        ("../../etc/a.png", ["train/a.png"], "train/a.png", ["name_path"]),
        ("./a.png", ["train/a.png"], "train/a.png", ["name_path"]),
        ("https://host/x/a.png?token=1#top", ["train/a.png"], "train/a.png", ["name_address"]),
        ("https://host/x/b%20c.png", ["train/b c.png"], "train/b c.png", ["name_address"]),
        ("/data/local-files/?d=mri%2Fa.png", ["train/a.png"], "train/a.png", ["name_address"]),
        ("a.jpg", ["train/a.JPG"], "train/a.JPG", ["name_case"]),
        (" a.png ", ["train/a.png"], "train/a.png", ["name_address"]),
        ("A/B.PNG", ["train/a/b.png", "train/c/b.png"], "train/a/b.png", ["name_case"]),
        (unicodedata.normalize("NFD", "é.png"), ["train/é.png"], "train/é.png", ["name_case"]),
        ("a", ["train/a.png"], "train/a.png", ["name_suffix"]),
        ("a.dcm", ["train/a.png"], "train/a.png", ["name_suffix"]),
        ("1.2.840.7", ["train/1.2.840.7.png", "train/1.2.840.8.png"], "train/1.2.840.7.png", ["name_suffix"]),
        ("p2/0.png", ["train/p1/0.png", "train/p2/0.png"], "train/p2/0.png", ["name_path"]),
        ("a.png", ["train/a.png", "other/a.png"], "train/a.png", []),
        ("x/a.png", ["train/a.png", "other/a.png"], "train/a.png", ["name_path"]),
        ("a.png", ["elsewhere/a.png"], "elsewhere/a.png", ["name_elsewhere"]),
        ("a%20b.png", ["train/a b.png", "train/a%20b.png"], "train/a%20b.png", []),
        (".a.png", ["train/.a.png"], "train/.a.png", ["name_characters"]),
    ],
)
def test_a_picture_is_found_however_it_is_named(name, pictures, picture, faults):
    assert found(name, pictures) == (picture, faults)


@pytest.mark.parametrize(
    ("name", "pictures", "message"),
    [
        ("a.png", ["train/b.png"], "1 of 1 files are missing from the set, such as 'a.png'; add them$"),
        ("../a.png", ["a.png.txt"], "1 of 1 files are missing"),
        ("a.dcm", ["train/b.png"], r"missing from the set, such as 'a.dcm'; .bmp, .* are read: convert them"),
        ("0.png", ["p1/0.png", "p2/0.png"], "'0.png' is ambiguous: 'p1/0.png' and 'p2/0.png' both fit"),
        ("a", ["train/a.png", "train/a.jpg"], "'a' is ambiguous"),
        ("A.png", ["train/a.png", "train/a.PNG"], "'A.png' is ambiguous"),
        ("", ["train/a.png"], "'' is no name of a picture"),
        (None, ["train/a.png"], "None is no name of a picture"),
        (5, ["train/a.png"], "5 is no name of a picture"),
    ],
)
def test_a_name_that_leads_to_no_picture_or_to_several_is_refused(name, pictures, message):
    entry = {**image(0), "file_name": name}
    with pytest.raises(UserError, match=rf"^train/a\.json: images\[0\]\.file_name: .*{message}"):
        mended(export([entry], TWO), pictures)


def test_two_names_never_lead_to_one_picture():
    images = [image(0, "p1/0.png"), image(1, "p2/0.png")]
    with pytest.raises(UserError, match=r"images\[1\].file_name: 'p2/0.png' and 'p1/0.png' .* both lead to"):
        mended(export(images), ["train/0.png"])


def test_a_picture_that_is_named_exactly_is_not_given_to_another_name():
    images = [image(0, "a.png"), image(1, "a.jpg")]
    with pytest.raises(UserError, match=r"images\[0\].file_name: 1 of 2 files are missing .* 'a.png'; add"):
        mended(export(images), ["train/a.jpg"])


def test_missing_pictures_are_left_out_with_their_annotations_where_that_is_asked_for():
    with pytest.raises(UserError, match=r"or leave such images out: source\.missing: leave out"):
        mended(export(), ["train/1.jpg"])
    result = mended(export(), ["train/1.jpg"], on_missing="leave out")
    assert [(fault.kind, fault.field, fault.action) for fault in result.faults] == [
        ("image_missing", "images[0]", "left out"),
        ("annotation_of_missing", "annotations[0]", "left out"),
    ]
    assert result.files == {"1.jpg": "train/1.jpg"}
    assert [entry["image_id"] for entry in result.export["annotations"]] == [1]
    with pytest.raises(UserError, match="2 of 2 files are missing"):
        mended(export(), ["train/2.jpg"], on_missing="leave out")


def test_names_are_plain_unique_by_stem_and_short():
    assert plain_names(["t/a.png", "t/b.png"]) == ["a.png", "b.png"]
    assert plain_names(["t/p1/0.png", "t/p1/1.png", "t/p2/0.png"]) == ["p1_0.png", "p1_1.png", "p2_0.png"]
    assert plain_names(["a.png", "A.jpg", "a_2.bmp", "a.tif"]) == ["a.png", "A_2.jpg", "a_2_2.bmp", "a_3.tif"]
    assert plain_names(["a\nb.png", "C:d.png", "..e.png", "\u200d.png"]) == [
        *("a_b.png", "C_d.png", "e.png", "_.png")
    ]
    long = plain_names([f"{'é' * 150}.png", f"{'é' * 151}.png"])
    assert len(set(long)) == 2
    assert max(len(name.encode()) for name in long) <= 202


def test_names_by_the_thousand_stay_apart():
    names = plain_names([f"p{index}/t1.png" for index in range(20_000)])
    assert (names[0], names[-1], len(set(names))) == ("p0_t1.png", "p19999_t1.png", 20_000)
    assert len(set(plain_names(["a.png"] * 20_000))) == 20_000


@pytest.mark.parametrize("sides", [("12", "8"), (12.0, 8.0), (-1, -1), (0, 0), (None, None), (12, None)])
def test_a_size_that_is_none_is_taken_from_the_picture(sides):
    entry = {**image(0), "width": sides[0], "height": sides[1]}
    result = mended(export([entry], TWO))
    assert kinds(result) == ["image_size"]
    assert (result.export["images"][0]["width"], result.export["images"][0]["height"]) == (12, 8)


def test_a_size_that_contradicts_the_picture_is_refused():
    with pytest.raises(
        UserError, match=r"images\[0\]: 'train/0.jpg' is 12×8 pixels, but width and height say 24"
    ):
        mended(export([image(0, width=24, height=16)], TWO))
    with pytest.raises(UserError, match=r"12×8 pixels, but .* as if it were turned: .* source\.exif: shown"):
        mended(export([image(0, width=8, height=12)], TWO))
    with pytest.raises(UserError, match=r"images\[0\]: 'train/0.jpg' is 9000×8 pixels; up to 8192"):
        mended(export([image(0)], TWO), size=(9000, 8))


def test_ids_of_any_type_are_joined():
    images = [image("train0", "0.jpg"), image("train1", "1.jpg")]
    result = mended(export(images, [outlined(0, "train1"), outlined(1, "0.jpg")]))
    assert kinds(result) == ["id_joined", "id_numbered"]
    assert [entry["id"] for entry in result.export["images"]] == [0, 1]
    assert [entry["image_id"] for entry in result.export["annotations"]] == [1, 0]
    result = mended(export([image("5", "0.jpg"), image(7.0, "1.jpg")], [outlined(0, 5), outlined(1, "7")]))
    assert kinds(result) == ["id_joined", "id_type"]
    assert [entry["image_id"] for entry in result.export["annotations"]] == [5, 7]


def test_one_id_of_two_pictures_and_one_picture_of_two_ids_are_refused():
    with pytest.raises(UserError, match=r"images\[1\].id: 0 is that of images\[0\] too"):
        mended(export([image(0, "0.jpg"), image("0", "1.jpg")]))
    with pytest.raises(
        UserError, match=r"images\[1\].file_name: 'train/0.jpg' is images\[0\] too, with another"
    ):
        mended(export([image(0, "0.jpg"), image(1, "0.jpg")]))
    result = mended(export([image(0), image(0)], TWO))
    assert (kinds(result), len(result.export["images"])) == (["image_repeated"], 1)
