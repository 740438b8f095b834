"""A git and DVC repository with the project's plots and templates, and pages made of it."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from support.plots import fill
from support.plotted import dvc_plots, run

from tumorseg import page
from tumorseg.files import write_text


@pytest.fixture(scope="session")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, with all plots committed, and no stages: what makes the plots does not matter here."""
    folder = tmp_path_factory.mktemp("project")
    run(folder, "git", "init", "-q")
    run(folder, sys.executable, "-m", "dvc", "init", "-q")
    shutil.copytree(root / ".dvc/plots", folder / ".dvc/plots", dirs_exist_ok=True)
    plots = yaml.safe_load((root / "dvc.yaml").read_text())["plots"]
    write_text(folder / "dvc.yaml", yaml.safe_dump({"plots": plots}, sort_keys=False))
    fill(folder / "plots")
    run(folder, "git", "add", "-A")
    run(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all")
    write_text(folder / ".dvc/plots/offline.html", page.page())
    run(folder, sys.executable, "-m", "dvc", "config", "--local", "plots.html_template", "plots/offline.html")
    return folder


@pytest.fixture(scope="session")
def shown(project: Path) -> Path:
    """The page of `dvc plots show`."""
    return dvc_plots(project, "show")


@pytest.fixture
def changed(project: Path, tmp_path: Path) -> Path:
    """A copy of the repository, to change."""
    return shutil.copytree(project, tmp_path / "project")
