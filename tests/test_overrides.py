"""Values for `dvc exp run -S`, as DVC reads them."""

import pytest

from tumorseg.errors import UserError
from tumorseg.overrides import override


@pytest.mark.parametrize(
    "value",
    [
        *(True, None, 3, 1e-05, 0.5, "unet", "32-true", "null", "False", "/a b/c=d,e:f/it's.zip", "#1 {x}"),
        [["a", "1"], []],
        {"architecture": "unet", "width": 4, "train": {"lr": 1e-05}, "tags": ["0", "1"]},
    ],
)
def test_what_dvc_reads_is_what_was_written(tmp_path, value):
    from dvc.utils.hydra import apply_overrides
    from ruamel.yaml import YAML

    (tmp_path / "params.yaml").write_text("a: {b: 1}\n")
    apply_overrides(tmp_path / "params.yaml", [override("+a.c", value)])
    assert YAML(typ="safe").load(tmp_path / "params.yaml") == {"a": {"b": 1, "c": value}}


@pytest.mark.parametrize("value", ["${a}", "back\\slash", {"a b": 1}])
def test_what_dvc_would_misread_is_refused(value):
    with pytest.raises(UserError, match=r"^a: .* cannot be handed to dvc"):
        override("a", value)
