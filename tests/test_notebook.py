"""The notebook for Colab and Kaggle: run once, on the shrunk phantom, in this environment."""

import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "colab.ipynb"


def test_no_outputs_are_committed():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []


def test_a_clone_in_sight_is_not_taken_for_an_installation(tmp_path):
    """Colab's kernel has its own folder on the path: there the clone looks like a package without code."""
    (tmp_path / "tumorseg").mkdir()
    lines = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells).splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("found = "))
    code = ["import importlib.util, sys", f"sys.path.insert(0, {str(tmp_path)!r})", *lines[first : first + 2]]
    code.append("print(found.submodule_search_locations, installed)")
    bare = [sys.executable, "-I", "-S", "-c", "\n".join(code)]  # without what is installed
    printed = subprocess.check_output(bare, text=True)
    assert printed == f"_NamespacePath(['{tmp_path}/tumorseg']) False\n"


def outputs(cell: nbformat.NotebookNode) -> str:
    """What a cell has printed and shown."""
    return "".join(each.get("text", "") or each.get("data", {}).get("text/html", "") for each in cell.outputs)


def test_it_clones_runs_the_pipeline_and_shows_the_page(fresh, tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    settings = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert settings.source.startswith('REPOSITORY = ""')
    settings.source = settings.source.replace('REPOSITORY = ""', f'REPOSITORY = "{fresh}"')
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    _, _, repro, page = [outputs(cell) for cell in notebook.cells if cell.cell_type == "code"]
    assert "Running stage 'report'" in repro
    assert "simple_cnn has Dice " in repro.split("Updating lock file")[-1]
    assert f"The page: {tmp_path}/tumorseg/dvc_plots/index.html" in repro
    assert "<iframe srcdoc=" in page
    assert "data:image/png;base64," in page
    assert "static/" not in page
