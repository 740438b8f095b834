"""A small delivered net and slices, made once."""

from pathlib import Path

import pytest
from support.delivered import write_delivered, write_slices


@pytest.fixture(scope="session")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slices(tmp_path_factory.mktemp("slices") / "raw")


@pytest.fixture(scope="session")
def net(slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_delivered(tmp_path_factory.mktemp("net") / "delivered", slices)


@pytest.fixture(scope="session")
def net_of_classes(slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the classes glioma and other."""
    return write_delivered(tmp_path_factory.mktemp("net") / "delivered", slices, ("glioma", "other"))
