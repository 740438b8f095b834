import os

# Small nets on several tests at a time: threads would wait for each other more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest
from support.pipeline import clone
from support.prepared import write_prepared

ROOT = Path(__file__).parent.parent
# What tests start as a process of its own is this copy's code too, whichever copy is installed.
os.environ["PYTHONPATH"] = str(ROOT / "src")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs the real pipeline is slow. The files with slow tests are begun first, the longest at once."""
    for item in items:
        if "fresh" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name != "test_pipeline.py", item.path not in slow))


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
