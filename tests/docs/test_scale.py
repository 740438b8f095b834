"""The scripts of docs/scale.md: a shell reads them, and their launchers start as many ranks as they say."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from support.markdown import FENCE
from torch.distributed.run import parse_args

from tumorseg.params import load_params

ROOT = Path(__file__).parents[2]
SCRIPTS = [body for _, body in FENCE.findall((ROOT / "docs/scale.md").read_text(encoding="utf-8"))]
LAUNCHER = re.compile(r'^export TUMORSEG_LAUNCHER="(.*)"$', re.MULTILINE)


def one(found: list[str]) -> str:
    assert len(found) == 1
    return found[0]


def ranks(script: str) -> int:
    return int(one(re.findall(r"train\.ranks=(\d+)", script)))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_shell_reads_it(script):
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_two_hosts_of_torchrun_meet_and_are_as_many_ranks_as_dvc_is_told():
    first = one([script for script in SCRIPTS if "LAUNCHER" in script and "torchrun" in script])
    second = one([line for each in SCRIPTS for line in each.splitlines() if line.startswith("torchrun")])
    name, *prefix = shlex.split(one(LAUNCHER.findall(first)))
    assert name == "torchrun"
    # The stage adds the interpreter, the script and the model.
    hosts = parse_args([*prefix, "python", "stages/train.py", "unet"]), parse_args(shlex.split(second)[1:])
    assert [host.no_python for host in hosts] == [True, False]  # or it would be python python
    assert [int(host.node_rank) for host in hosts] == [0, 1]
    for option in ("nnodes", "master_addr", "master_port", "nproc_per_node"):
        assert getattr(hosts[0], option) == getattr(hosts[1], option), option
    assert int(hosts[0].nnodes) * int(hosts[0].nproc_per_node) == ranks(first)
    assert (ROOT / hosts[1].training_script).is_file()
    assert hosts[1].training_script_args == [load_params(ROOT / "params.yaml").model]


def test_the_tasks_of_slurm_are_as_many_ranks_as_dvc_is_told():
    script = one([script for script in SCRIPTS if "#SBATCH" in script])
    assert script.startswith("#!/bin/bash\n#SBATCH ")  # directives after a command are not read
    options = dict(re.findall(r"^#SBATCH --([a-z-]+)=(\S+)$", script, re.MULTILINE))
    assert len(options) == script.count("#SBATCH")
    assert int(options["nodes"]) * int(options["ntasks-per-node"]) == ranks(script)
    assert options["gpus-per-node"] == options["ntasks-per-node"]
    assert options["cpus-per-task"] == one(re.findall(r"OMP_NUM_THREADS=(\d+)", script))
    assert shlex.split(one(LAUNCHER.findall(script)))[0] == "srun"
    size = load_params(ROOT / "params.yaml").train.batch_size
    assert size % ranks(script) == 0
