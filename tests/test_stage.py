import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.scripts import BUSY, finish, script


def test_arguments_reach_main_and_the_status_is_0():
    assert finish("print(arguments)", "unet", "2") == (0, "('unet', '2')\n", "")


def test_a_user_error_is_one_line_without_traceback():
    body = "raise UserError('params.yaml: lr: 0 is too small; give more')"
    assert finish(body) == (1, "", "error: params.yaml: lr: 0 is too small; give more\n")


def test_any_other_error_keeps_its_traceback():
    status, _, said = finish("raise RuntimeError('a mistake of ours')")
    assert status == 1
    assert said.startswith("Traceback")
    assert said.endswith("RuntimeError: a mistake of ours\n")


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stage_that_is_told_to_end_tidies_up(tmp_path, sent, status):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "old.png").touch()
    process = subprocess.Popen(
        [*script(BUSY), str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "busy\n"
    assert len(list(tmp_path.iterdir())) == 3  # the old folder, a temporary one, a temporary file
    process.send_signal(sent)
    assert process.communicate(timeout=60) == ("", "stopped; run again to go on\n")
    assert process.returncode == status
    assert [path.name for path in tmp_path.rglob("*")] == ["plots", "old.png"]


def test_a_second_sigterm_does_not_cut_the_tidying_short():
    # Where a whole group is killed, the signal is followed by the one for the parent's death.
    body = """
try:
    print("busy", flush=True)
    time.sleep(60)
finally:
    print("tidying", flush=True)
    time.sleep(0.3)
    print("tidy", flush=True)
"""
    process = subprocess.Popen(script(body), stdout=subprocess.PIPE, text=True)
    for line in ("busy\n", "tidying\n"):
        assert process.stdout.readline() == line
        process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[0] == "tidy\n"
    assert process.returncode == 143


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_stage_dies_with_its_parent_and_tidies_up(tmp_path):
    start = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = subprocess.Popen(
        [sys.executable, "-c", start, *script(BUSY), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout.readline() == "busy\n"
    assert any(tmp_path.iterdir())
    parent.kill()
    # Parent and stage hold the pipe: it ends when both are gone.
    assert parent.communicate(timeout=60)[0] == ""
    assert not any(tmp_path.iterdir())


def test_every_script_goes_through_run(root: Path):
    end = 'if __name__ == "__main__":\n    stage.run(main)\n'
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (root / "stages").glob("*.py")}
    assert scripts
    assert [name for name, text in scripts.items() if not text.endswith(end)] == []


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0])
def test_a_stop_amid_an_import_is_one_line(delay):
    body = """
print("importing", flush=True)
import matplotlib.pyplot, pandas, sklearn.ensemble, lightning, torch
time.sleep(60)
"""
    process = subprocess.Popen(script(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "importing\n"
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "stopped; run again to go on\n")
    assert process.returncode == 130


def test_a_stop_that_python_ignores_is_heeded():
    body = """
class Ended:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
Ended()
time.sleep(60)
"""
    assert finish(body) == (143, "", "stopped; run again to go on\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_stage_as_dvc_yaml_has_it_dies_with_dvc_whatever_the_shell(root, shell, tmp_path):
    stages = YAML(typ="safe").load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    commands = {stage.get("do", stage)["cmd"].split("python")[0] for stage in stages}
    assert commands == {"exec env PYTHONPATH=src "}
    stage = tmp_path / "stage.py"
    stage.write_text(script(BUSY)[-1], encoding="utf-8")
    command = f"{commands.pop()}{sys.executable} {stage} {tmp_path}/out; true"
    # As DVC does it: a shell of its own choice, which it waits for.
    start = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = subprocess.Popen(
        [sys.executable, "-c", start, shell, "-c", command], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout.readline() == "busy\n"
    parent.kill()
    assert parent.communicate(timeout=60)[0] == ""
    assert not any((tmp_path / "out").iterdir())
