"""The nets that come with the project are whole, small, and theirs to hand on."""

import pytest

from tumorseg.delivery.contract import read_contract
from tumorseg.delivery.digests import check_digests
from tumorseg.delivery.fetch import PRETRAINED, model_folder, pretrained
from tumorseg.delivery.selftest import check_sample
from tumorseg.errors import UserError


@pytest.mark.parametrize("name", pretrained())
@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_a_net_gives_here_what_it_gave_where_it_was_made(name, runtime):
    with model_folder(name) as folder:
        assert folder == PRETRAINED / name
        check_digests(folder)
        assert "the levels of the sample are the same" in check_sample(folder, runtime, "cpu")


@pytest.mark.parametrize("name", pretrained())
def test_a_net_is_small_and_names_its_data(name):
    assert (PRETRAINED / name / "weights.safetensors").stat().st_size < 8e6
    contract = read_contract(PRETRAINED / name)
    card = (PRETRAINED / name / "README.md").read_text()
    assert contract.source_of_data in card
    assert f"Licence of the data: {contract.licence_of_data}" in card
    assert contract.licence_of_data != "not stated"


def test_there_is_one_and_an_unknown_name_says_so():
    assert pretrained() == ["small"]
    message = r"^large: no such folder or zip file; .*, and there is --model small$"
    with pytest.raises(UserError, match=message), model_folder("large"):
        pass


def test_no_name_leads_out_of_the_folder():
    with pytest.raises(UserError), model_folder("../pretrained/small/sample/../../none"):
        pass
