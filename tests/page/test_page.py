"""The page of `dvc plots show` and `diff`: the project's own templates and plots, drawn by a browser."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tumorseg import figures, page
from tumorseg.files import write_csv, write_text

ROOT = Path(__file__).parents[2]
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=10000", "--dump-dom"),
]
# Reads the finished page: what each figure shows, what went wrong, what came from outside.
PROBE = """<script>
setTimeout(() => {
  const figures = [...document.querySelectorAll("figure")].map((figure) => ({
    title: figure.querySelector("h3").textContent,
    section: figure.closest("section").querySelector("h2").textContent,
    marks: figure.querySelectorAll("svg .role-mark path, svg .role-mark line").length,
    broken: (figure.querySelector("svg")?.outerHTML ?? "").includes("NaN"),
    text: [...figure.querySelectorAll("svg text, strong")].map((text) => text.textContent).join(" "),
    images: [...figure.querySelectorAll("img")].map((img) => img.naturalWidth),
    error: figure.querySelector(".error")?.textContent ?? "",
  }));
  const fetched = performance.getEntriesByType("resource").map((entry) => entry.name);
  const outside = [...document.querySelectorAll("script[src], link[href]")].map((link) => link.outerHTML)
    .concat(fetched.filter((name) => name.startsWith("http")));
  const twice = [...document.querySelectorAll("#plots > div")].map((div) => div.id);
  const result = document.body.appendChild(document.createElement("pre"));
  result.id = "probe";
  result.textContent = JSON.stringify({ figures, outside, twice, errors: window.probeErrors });
}, 5000);
</script>"""
CATCH = "<script>window.probeErrors = []; onerror = (message) => { probeErrors.push(message); };</script>"


def grid(**columns: list) -> pd.DataFrame:
    """Every combination of the values, as a table."""
    return pd.MultiIndex.from_product(columns.values(), names=columns).to_frame(index=False)


def tables(models: list[str]) -> dict[str, pd.DataFrame]:
    """Small tables of the shapes that the pipeline leaves; the first model learns nothing."""
    curves = grid(model=models, split=["train", "valid"], epoch=[0, 1, 2, 3])
    curves = curves[(curves["epoch"] == 0) == (curves["model"] == models[0])]
    curves["loss"] = (1 / curves["epoch"]).where(curves["epoch"] > 0)
    curves["accuracy"], curves["dice"] = 0.9, 0.2 + 0.1 * curves["epoch"]
    curves["best_dice"] = curves["dice"] + 0.1
    pr_curve = grid(model=models, split=["valid", "test"], threshold=[0.0, 0.3, 0.6, 1.0])
    pr_curve["recall"], pr_curve["precision"] = 1 - pr_curve["threshold"], 0.1 + 0.8 * pr_curve["threshold"]
    pr_curve["f_beta"] = 0.5 - 0.1 * pr_curve["threshold"]
    reliability = grid(model=models, split=["valid", "test"], predicted=[0.0, 0.5, 0.9])
    reliability["observed"], reliability["pixels"] = 0.8 * reliability["predicted"], 1000
    leaderboard = grid(
        model=models,
        split=["valid", "test"],
        threshold_from=["0.5", "valid"],
        reduction=["pooled", "mean"],
        metric=["dice", "iou", "precision", "recall", "specificity", "accuracy", "average_precision"],
    )
    leaderboard["value"] = 0.1 + 0.1 * leaderboard["model"].map(models.index)
    leaderboard["low"], leaderboard["high"] = leaderboard["value"] - 0.05, leaderboard["value"] + 0.05
    leaderboard.loc[leaderboard["threshold_from"] == "0.5", ["low", "high"]] = np.nan
    leaderboard["parameters"] = 1000 * leaderboard["model"].map(models.index)
    kinds = ["tumor", "background"]
    confusion = grid(model=models, split=["valid", "test"], actual=kinds, predicted=kinds)
    confusion["share"] = np.where(confusion["actual"] == confusion["predicted"], 0.9, 0.1)
    confusion["pixels"] = 1000 * confusion["share"]
    fractions = grid(split=["train", "valid", "test"], fraction_from=[0.0, 0.05, 0.1])
    fractions["fraction_to"], fractions["images"] = fractions["fraction_from"] + 0.05, [3, 5, 1] * 3
    similarity = grid(split=["valid", "test"], similarity_from=[0.8, 0.9])
    similarity["similarity_to"], similarity["images"] = similarity["similarity_from"] + 0.1, [3, 5, 1, 2]
    selected = {
        f"selected/{name}": table[table["model"] == models[-1]].drop(columns="model")
        for name, table in {"pr_curve": pr_curve, "confusion": confusion}.items()
    }
    return selected | {
        "compare/curves": curves,
        "compare/pr_curve": pr_curve,
        "compare/leaderboard": leaderboard,
        "compare/confusion": confusion,
        "compare/reliability": reliability,
        "class_balance/tumor_fraction": fractions,
        "audit/similarity": similarity,
    }


def fill(folder: Path, models: list[str]) -> None:
    """Write the tables and pictures that the pipeline would leave in `folder`."""
    for name, table in tables(models).items():
        write_csv(folder / f"{name}.csv", table)
    images, masks = np.full((3, 16, 16), 90, np.uint8), np.eye(16, dtype=np.uint8)[None].repeat(3, axis=0)
    picture = folder / "class_balance/samples.png"
    figures.samples(picture, images, masks, ["a", "b", "c"])
    for path in [
        "audit/audit",
        "audit/closest_pairs",
        "class_balance/composition",
        "compare/differences",
        "compare/ranks",
        "compare/cost",
        "compare/side_by_side",
        "selected/statement",
        "selected/overlays",
        *(f"evaluate/{m}/overlays" for m in models),
    ]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, folder / f"{path}.png")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git and DVC repository with the project's plots and templates, committed, and tiny data."""
    folder = tmp_path_factory.mktemp("project")
    run(folder, "git", "init", "-q")
    run(folder, sys.executable, "-m", "dvc", "init", "-q")
    shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots", dirs_exist_ok=True)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, folder)
    fill(folder / "plots", list(yaml.safe_load((ROOT / "params.yaml").read_text())["models"]))
    run(folder, "git", "add", "-A")
    run(folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all")
    write_text(folder / ".dvc/plots/offline.html", page.page())
    run(folder, sys.executable, "-m", "dvc", "config", "--local", "plots.html_template", "plots/offline.html")
    return folder


def run(folder: Path, *command: str) -> str:
    """Run a command in `folder`; give back stdout and stderr."""
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def open_page(path: Path) -> dict:
    """Open a page in a browser without a window, and give back what PROBE saw."""
    if BROWSER is None:
        message = "NOT TESTED: the plots page, since there is no chromium or google-chrome"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    text = path.read_text(encoding="utf-8").replace("<head>", "<head>" + CATCH, 1)
    # The inlined libraries hold a </body> too.
    before, after = text.rsplit("</body>", 1)
    probed = path.with_name("probed.html")
    probed.write_text(before + PROBE + "</body>" + after, encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={path.parent / 'browser'}", probed.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    found = re.search(r'<pre id="probe">(.*?)</pre>', dom, re.DOTALL)
    assert found, f"the page did not finish: {dom[-2000:]}"
    return json.loads(html.unescape(found[1]))


def check(seen: dict) -> dict[str, dict]:
    """Assert that every figure is drawn, once, from nothing outside; give back the figures by title."""
    assert seen["errors"] == []
    assert seen["outside"] == []
    assert seen["twice"] == []
    by_title = {f"{figure['section']}: {figure['title']}": figure for figure in seen["figures"]}
    assert len(by_title) == len(seen["figures"])
    for title, figure in by_title.items():
        assert figure["error"] == "", title
        assert not figure["broken"], title
        assert figure["section"] != "More", f"{title} is in no section of page.py"
        assert figure["images"] or figure["marks"], f"{title} is empty"
        assert all(figure["images"]), title
    return by_title


@pytest.mark.slow
def test_show_draws_every_plot_without_internet(project: Path) -> None:
    output = run(project, sys.executable, "-m", "dvc", "plots", "show")
    assert "failed to load" not in output
    seen = check(open_page(project / "dvc_plots/index.html"))
    entries = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    models = yaml.safe_load((ROOT / "params.yaml").read_text())["models"]
    assert len(seen) == len(entries) + len(models)
    assert {f"Slice by slice: {model}" for model in models} <= set(seen)


@pytest.mark.slow
def test_diff_sets_revisions_side_by_side(project: Path) -> None:
    curves = project / "plots/compare/curves.csv"
    curves.write_text(curves.read_text().replace("0.9,", "0.8,"))
    output = run(project, sys.executable, "-m", "dvc", "plots", "diff", "HEAD", "-o", "diff")
    assert "failed to load" not in output
    for title, figure in check(open_page(project / "diff/index.html")).items():
        assert "HEAD" in figure["text"], title
        assert "workspace" in figure["text"], title


def test_page_leaves_dvc_its_placeholder() -> None:
    text = page.page()
    assert text.count("{plot_divs}") == 1
    assert not re.search(r"\{(scripts|sections|script|vega)\}", text)
