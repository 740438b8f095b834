"""Categories, and which of them an annotation means."""

import pytest
from support.mending import export, kinds, mended, outlined

from tumorseg.errors import UserError

ONE = [{"id": 1, "name": "tumor"}]


def named(categories, *category_ids):
    """The name of each annotation's category, and the kinds of fault."""
    entries = [outlined(index, 0, category_id=id) for index, id in enumerate(category_ids)]
    result = mended(export(annotations=entries, categories=categories))
    names = {entry["id"]: entry["name"] for entry in result.export["categories"]}
    return [names[entry["category_id"]] for entry in result.export["annotations"]], kinds(result)


@pytest.mark.parametrize(
    ("categories", "ids", "names", "faults"),
    [
        (ONE, [1], ["tumor"], []),
        (ONE, ["1", 1.0], ["tumor", "tumor"], ["id_joined"]),
        (ONE, ["tumor"], ["tumor"], ["id_joined"]),
        (ONE, [...], ["tumor"], ["category_missing"]),
        ([{"id": "1", "name": "tumor"}], [1], ["tumor"], ["id_type"]),
        ([{"id": "a", "name": "x"}, {"id": "b", "name": "y"}], ["b"], ["y"], ["id_joined", "id_numbered"]),
        ([{"id": 1, "name": " tumor\n"}], [1], ["tumor"], ["category_name"]),
        ([{"id": 1, "name": 2}], [1], ["2"], ["category_name"]),
        ([{"id": 1}], [1], ["1"], ["category_unnamed"]),
        ([{"id": 1, "name": " "}], [1], ["1"], ["category_unnamed"]),
        (ONE + ONE, [1], ["tumor"], ["category_repeated"]),
        ([], [4, "cyst"], ["4", "cyst"], ["category_unnamed", "id_joined", "id_numbered"]),
        ([{"id": 0, "name": "tumor"}, *ONE], [1], ["tumor"], []),  # the parent that Roboflow adds
        ([{"id": 0, "name": "tumor"}, *ONE], [1, 0], ["tumor", "tumor"], ["category_name_shared"]),
    ],
)
def test_categories_are_joined_and_named(categories, ids, names, faults):
    assert named(categories, *ids) == (names, faults)


@pytest.mark.parametrize(
    ("categories", "id", "message"),
    [
        (ONE, 9, r"annotations\[0\]\.category_id: there is no category 9; list it"),
        (ONE, [1], r"annotations\[0\]\.category_id: there is no category \[1\]; list it"),
        ([*ONE, {"id": 2, "name": "cyst"}], ..., r"annotations\[0\]\.category_id: missing; list it"),
        ([*ONE, {"id": 1, "name": "cyst"}], 1, r"categories\[1\]\.id: 1, 'cyst', is that of categories\[0\]"),
        ([{"name": "tumor"}], 1, r"categories\[0\]\.id: None is no id; number the categories"),
        ([{"id": 1, "name": ["x"]}], 1, r"categories\[0\]\.name: \['x'\] is no name"),
        ([{"id": 1, "name": 201 * "x"}], 1, r"categories\[0\]\.name: 201 characters, more than 200"),
    ],
)
def test_what_cannot_be_told_is_refused(categories, id, message):
    with pytest.raises(UserError, match=rf"^train/a\.json: {message}"):
        named(categories, id)
