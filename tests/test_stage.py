import signal
import subprocess
import sys
from pathlib import Path

import pytest

# What a stage script looks like; {body} is the body of its main.
SCRIPT = """
import signal, sys, time
from pathlib import Path
from tumorseg import stage
from tumorseg.errors import UserError
from tumorseg.files import atomic_file, atomic_folder

def main(*arguments):
{body}

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
stage.run(main)
"""
# It opens a folder and a file, says so, and would go on for long.
BUSY = """
root = Path(arguments[0])
with atomic_folder(root / "plots") as folder, atomic_file(root / "scores.json") as file:
    (folder / "half.png").touch()
    file.write_text("half")
    print("busy", flush=True)
    time.sleep(60)
"""


def script(body: str) -> list[str]:
    """The command of a stage whose main has this body; arguments may follow."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return [sys.executable, "-c", SCRIPT.format(body=indented)]


def finish(body: str, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([*script(body), *arguments], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


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
    assert process.communicate(timeout=10) == ("", "stopped; run again to go on\n")
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
    assert process.communicate(timeout=10)[0] == "tidy\n"
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
    assert parent.communicate(timeout=10)[0] == ""
    assert not any(tmp_path.iterdir())


def test_every_script_goes_through_run(root: Path):
    end = 'if __name__ == "__main__":\n    stage.run(main)\n'
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (root / "stages").glob("*.py")}
    assert scripts
    assert [name for name, text in scripts.items() if not text.endswith(end)] == []
