"""`tumorseg check`: whether a delivered net is whole, and does here what it did where it was made."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from tumorseg.delivery.contract import SCHEMA, read_contract
from tumorseg.delivery.digests import check_digests, digests
from tumorseg.delivery.info import FILES
from tumorseg.delivery.predictor import RuntimeName
from tumorseg.delivery.selftest import check_sample
from tumorseg.errors import UserError

PACKAGES: dict[RuntimeName, str] = {"torch": "torch", "onnx": "onnxruntime"}  # that each needs


def check_net(folder: Path) -> Iterator[str]:
    """Yield a line for each check that is passed or cannot be made.

    Raises:
        UserError: A check fails, or none of the net can be made.
    """
    check_digests(folder)
    yield f"digests: {len(digests(folder))} files, none changed"
    contract = read_contract(folder)
    yield f"contract: {contract.model.name}, schema {SCHEMA}"
    ran = 0
    for runtime, package in PACKAGES.items():
        file = FILES[runtime]
        if not (folder / file).exists():
            yield f"{runtime}: not checked, since there is no {file}"
        elif importlib.util.find_spec(package) is None:
            yield f"{runtime}: not checked, since {package} is not installed"
        else:
            yield check_sample(folder, runtime)
            ran += 1
    if not ran:
        raise UserError(f"{folder}: nothing here can run it; install torch or onnxruntime")
