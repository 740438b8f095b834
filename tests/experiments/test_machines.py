"""A study on several clones, as on several machines: one queue, one Git hub, one DVC remote."""

import json
import subprocess

import pytest
from support.commands import finish, start, wait_for
from support.pipeline import commit, copy, dvc

PAIR = """
question: What does beta do?
set: {data: phantom}
reference: one
arms:
  one: {model: location_prior}
  two: {model: location_prior, set: {evaluate.beta: 2.0}}
  half: {model: location_prior, set: {evaluate.beta: 0.5}}
  three: {model: location_prior, set: {evaluate.beta: 3.0}}
"""


@pytest.mark.slow
def test_clones_share_a_study_and_a_third_collects_it(fresh, tmp_path):
    first = copy(fresh, tmp_path / "first")
    (first / "studies/pair.yaml").write_text(PAIR)
    dvc(first, "remote", "add", "--default", "shared", str(tmp_path / "store"))
    commit(first)
    subprocess.run(["git", "clone", "--quiet", "--bare", first, tmp_path / "hub"], check=True)
    second, third = (tmp_path / name / "repo" for name in ("second", "third"))
    for repo in (second, third):
        subprocess.run(["git", "clone", "--quiet", tmp_path / "hub", repo], check=True)
    subprocess.run(["git", "remote", "add", "origin", tmp_path / "hub"], cwd=first, check=True)
    place = ["--storage", f"sqlite:///{tmp_path}/queue.db", "--remote", "origin"]

    killed = start(first, "work", "studies/pair.yaml", *place)
    wait_for(killed, "pair-one: valid Dice")
    wait_for(killed, "pair-two: runs")
    killed.kill()
    killed.communicate()
    worker = start(second, "work", "studies/pair.yaml", *place, OMP_NUM_THREADS="2")
    study = start(first, "study", "studies/pair.yaml", *place)
    outputs = [finish(worker), finish(study)]
    for arm in ("two", "half", "three"):
        assert sum(output.count(f"pair-{arm}: valid Dice") for output in outputs) == 1, outputs
    assert not any("pair-one: runs" in output for output in outputs)
    assert all("pair-" in output for output in outputs)

    output = finish(start(third, "study", "studies/pair.yaml", "--remote", "origin"))
    assert "pair-one: has been run" in output
    assert ": runs" not in output
    results = [repo / "docs/results" for repo in (first, third)]
    for name in ("pair.json", "pair.png"):
        assert (results[0] / name).read_bytes() == (results[1] / name).read_bytes()
    told = json.loads((results[1] / "pair.json").read_text())
    assert told["missing"] == []
    assert {arm["threads"] for arm in told["arms"].values()} == {1, 2}

    (third / "stages/new.py").write_text("")
    output = finish(start(third, "work", "studies/pair.yaml", "--storage", str(tmp_path / "j")), status=1)
    assert output == "error: stages/new.py: not committed; experiments are kept by commit: git commit first\n"
    commit(third)
    output = finish(start(third, "work", "studies/pair.yaml", *place), status=1)
    assert output.startswith("error: studies/pair.yaml: its queue is of commit ")
