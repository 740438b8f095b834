import os

# Small nets on several tests at a time: threads would wait for each other more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest
from support.pipeline import clone
from support.prepared import write_prepared

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder, which tests read and never write."""
    return ROOT


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small prepared slices: 12 train, 6 valid, 6 test."""
    return write_prepared(tmp_path_factory.mktemp("prepared"), {"train": 12, "valid": 6, "test": 6})


@pytest.fixture(scope="session")
def prepared_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `prepared`, of the classes glioma and other."""
    folder = tmp_path_factory.mktemp("prepared")
    return write_prepared(folder, {"train": 12, "valid": 6, "test": 6}, classes=("glioma", "other"))


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project with shrunk params, nothing run, no cache."""
    return clone(ROOT, tmp_path_factory.mktemp("fresh") / "repo")
