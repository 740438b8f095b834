"""Which data a figure is of: the digest changes with the data, and with nothing else."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.prepared import write_prepared

from tumorseg.errors import UserError
from tumorseg.identity import check_same, digest_of, read_identity

SIZES = {"train": 3, "valid": 2, "test": 1}


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return write_prepared(tmp_path / "prepared", SIZES)


def test_an_identity_says_which_data(prepared):
    identity = read_identity(prepared)
    assert str(identity) == f"made_up, split shipped, 3/2/1 slices ({identity.digest})"
    assert identity.rows([{"a": 1}, {"a": 2}])[1] == {"a": 2, **identity.model_dump()}
    assert identity.rows([{"file": "a</script>"}])[0]["file"] == "a< /script>"


def test_the_digest_is_of_bytes_and_names_wherever_the_folder_lies(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "elsewhere")
    (prepared / "about.json").unlink()
    (tmp_path / "elsewhere" / "about.json").unlink()
    before = digest_of(prepared)
    assert digest_of(tmp_path / "elsewhere") == before
    masks = np.load(prepared / "test" / "masks.npy")
    masks[0, 0, 0] ^= 1
    np.save(prepared / "test" / "masks.npy", masks)
    assert digest_of(prepared) != before
    (tmp_path / "elsewhere" / "slices.csv").rename(tmp_path / "elsewhere" / "slices_.csv")
    assert digest_of(tmp_path / "elsewhere") != before


@pytest.mark.parametrize(
    ("text", "fault"),
    [(None, "not found"), ("{", "not as prepare wrote it"), ('{"data": "x"}', "not as prepare wrote it")],
)
def test_what_is_no_identity_is_refused_in_one_line(prepared, text, fault):
    path = prepared / "about.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as error:
        read_identity(prepared)
    assert str(error.value) == f"{path}: {fault}; run dvc repro -f -s prepare"


def test_figures_of_two_datasets_are_not_taken_for_one(prepared):
    identity = read_identity(prepared)
    check_same(identity, Path("a"), identity, Path("b"))
    about = json.loads((prepared / "about.json").read_text()) | {"digest": "ffffffff"}
    (prepared / "about.json").write_text(json.dumps(about))
    with pytest.raises(
        UserError, match=r"^a is of made_up.* but b is of made_up.*\(ffffffff\); run dvc repro$"
    ):
        check_same(identity, Path("a"), read_identity(prepared), Path("b"))
