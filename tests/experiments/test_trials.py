"""The queue in each kind of storage, worked on by several processes, some of them killed."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import TrialState

from tumorseg.errors import UserError
from tumorseg.experiments import trials
from tumorseg.experiments.trials import Plan, Trials, open_storage

RUNUSER = shutil.which("runuser", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or "runuser"
SERVER = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)

# A process that fills the queue and works on it: it says what it has taken, and takes its time.
WORK = """
import sys, time
from pathlib import Path
from tumorseg.experiments import trials
from tumorseg.experiments.trials import Plan, Trials

trials.HEARTBEAT, trials.GRACE = 1, 2
plan = Plan()
plan.path, plan.asked, plan.runs, plan.tries_again = Path("x.yaml"), {}, ["a", "b", "c", "d", "e", "f"], True
queue = Trials(plan, "0123456", sys.argv[1])
queue.fill(plan.runs)

def run(trial):
    name = trial.user_attrs.get("run")
    if name is None or queue.current()[name].number != trial.number:
        raise TimeoutError
    print(name, flush=True)
    time.sleep(float(sys.argv[2]))
    return 0.5

while queue.having(trials.TrialState.WAITING):
    queue.study.optimize(run, n_trials=1, catch=TimeoutError)
"""


class Letters(Plan):
    path, asked, tries_again = Path("x.yaml"), {}, True
    runs = ("a", "b", "c", "d", "e", "f")


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server of the test's own; its URL."""
    if SERVER is None:
        pytest.skip("NOT TESTED: PostgreSQL; install the Debian package postgresql")
    # The server refuses to be root, and others cannot enter pytest's own folders.
    prefix = [RUNUSER, "-u", "nobody", "--"] if os.getuid() == 0 else []
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    data = ["-D", str(folder / "data")]

    def call(*words):
        subprocess.run([*prefix, *words], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    call(str(SERVER / "initdb"), *data, "-U", "tester", "--auth=trust")
    call(str(SERVER / "pg_ctl"), *data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    call(str(SERVER / "pg_ctl"), *data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "journal", "postgresql"])
def url(request, tmp_path):
    """Where a queue is kept, empty."""
    if request.param == "postgresql":
        url = request.getfixturevalue("server")
        storage = open_storage(url)
        for study in optuna.get_all_study_names(storage):
            optuna.delete_study(study_name=study, storage=storage)
        close(storage)
        return url
    return f"sqlite:///{tmp_path}/queue.db" if request.param == "sqlite" else str(tmp_path / "queue.journal")


def close(storage: BaseStorage) -> None:
    """Close its connections, which Optuna leaves to the end of the process."""
    storage.remove_session()
    if isinstance(storage, RDBStorage):
        storage.engine.dispose()


def start(url: str, seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-c", WORK, url, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_begin_together_run_everything_once(url):
    workers = [start(url, 0.02) for _ in range(4)]
    ended = [(*worker.communicate(timeout=60), worker.returncode) for worker in workers]
    assert [status for *_, status in ended] == [0, 0, 0, 0], ended
    assert Counter("".join(out for out, *_ in ended).split()) == dict.fromkeys("abcdef", 1)
    queue = Trials(Letters(), "0123456", url)
    assert sorted(trial.user_attrs["run"] for trial in queue.having(TrialState.COMPLETE)) == list("abcdef")
    close(queue.storage)


def test_what_a_killed_process_ran_is_run_again(url, monkeypatch):
    monkeypatch.setattr(trials, "HEARTBEAT", 1)
    monkeypatch.setattr(trials, "GRACE", 2)
    killed = start(url, 60)
    assert killed.stdout.readline() == "a\n"
    time.sleep(1)  # its heartbeat has been seen
    killed.kill()
    killed.communicate()
    queue = Trials(Letters(), "0123456", url)
    queue.take_back_silent()
    assert [trial.user_attrs["run"] for trial in queue.having(TrialState.RUNNING)] == ["a"]
    if not queue.has_heartbeat:  # by hand
        queue.take_back(queue.having(TrialState.RUNNING))
    time.sleep(4)
    queue.take_back_silent()
    output, errors = start(url, 0).communicate(timeout=60)
    assert sorted(output.split()) == list("abcdef"), errors
    assert queue.current()["a"].user_attrs == {"run": "a", "turn": 1}
    close(queue.storage)


def test_what_was_killed_before_its_first_sign_of_life_is_run_again(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "HEARTBEAT", 1)
    monkeypatch.setattr(trials, "GRACE", 2)
    queue = Trials(Letters(), "0123456", f"sqlite:///{tmp_path}/queue.db")
    queue.fill(Letters.runs)
    first = queue.having(TrialState.WAITING)[0]
    taken = first.user_attrs["run"]
    queue.storage.set_trial_state_values(first._trial_id, TrialState.RUNNING)  # and nothing beats
    queue.take_back_silent()
    assert [trial.user_attrs["run"] for trial in queue.having(TrialState.RUNNING)] == [taken]
    time.sleep(4)
    queue.take_back_silent()
    assert queue.having(TrialState.RUNNING) == []
    assert queue.current()[taken].user_attrs == {"run": taken, "turn": 1}
    close(queue.storage)


def test_what_was_cut_off_goes_first(tmp_path):
    queue = Trials(Letters(), "0123456", str(tmp_path / "queue.journal"))
    queue.fill(Letters.runs)
    queue.take_back([queue.study.trials[queue.study.ask().number]])
    taken = []
    while queue.having(TrialState.WAITING):
        trial = queue.study.ask()
        run = trial.user_attrs["run"]
        if queue.is_early(run, Letters.runs):
            trials.put_again(queue.study, trial)
            queue.study.tell(trial, state=TrialState.FAIL)
        else:
            taken.append(run)
            queue.study.tell(trial, 0.5)
    assert taken == list(Letters.runs)


def test_a_queue_is_of_one_commit_and_one_file(tmp_path):
    url, plan = f"sqlite:///{tmp_path}/queue.db", Letters()
    Trials(plan, "0123456789", url)
    with pytest.raises(UserError, match=r"x.yaml: its queue is of commit 0123456, and this is abcdef0"):
        Trials(plan, "abcdef0123", url)
    plan.asked = {"seed": 1}
    with pytest.raises(UserError, match=r"x.yaml: has changed since its first run: git commit it, rename"):
        Trials(plan, "0123456789", url)


@pytest.mark.filterwarnings("ignore:Heartbeat of storage is supposed")  # a test may do without
def test_what_failed_is_tried_again_and_what_was_cut_off(tmp_path):
    queue = Trials(Letters(), "0", f"sqlite:///{tmp_path}/queue.db")
    queue.fill("abc")
    for error in ["no", None]:
        trial = queue.study.ask()
        if error:
            trial.set_user_attr("error", error)
        queue.study.tell(trial, state=TrialState.FAIL)
    queue.plan.tries_again = False
    queue.fill("abc")
    assert [trial.user_attrs["run"] for trial in queue.having(TrialState.WAITING)] == ["c", "b"]
    queue.plan.tries_again = True
    queue.fill("abc")
    assert [trial.user_attrs["run"] for trial in queue.having(TrialState.WAITING)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "name", ["queue.db", "notes.md", "line.txt", "values.json", "list.json", "cut.journal"]
)
def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path, name):
    path = tmp_path / name
    if name == "queue.db":
        close(Trials(Letters(), "0", f"sqlite:///{path}").storage)
    elif name == "cut.journal":
        close(Trials(Letters(), "0", str(path)).storage)
        path.write_bytes(path.read_bytes()[:30] + b"\n" + path.read_bytes()[60:])
    else:
        texts = {"notes.md": "# Notes\n\nMine.\n", "line.txt": "mine", "values.json": '{"mine": 1}\n'}
        path.write_text(texts.get(name, "[1]\n"))
    before = path.read_bytes()
    with pytest.raises(UserError) as error:
        open_storage(str(path))
    assert str(error.value) == (
        f"--storage: {path}: not a journal, or a damaged one; an SQLite file is sqlite:///{path}"
    )
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_journal(tmp_path):
    (tmp_path / "empty").touch()
    Trials(Letters(), "0", str(tmp_path / "empty")).fill("a")
    assert [*Trials(Letters(), "0", str(tmp_path / "empty")).current()] == ["a"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////no/such/folder/x.db", "unable to open database file"),
        ("/no/such/folder/x.journal", "No such file or directory"),
        ("nonsense://x", "nonsense"),
        ("sqlite:///README.md", "not a database"),
        ("postgresql://me:secret@127.0.0.1:1/x", "refused"),
    ],
)
def test_a_storage_that_cannot_be_reached_is_one_line_without_the_password(monkeypatch, root, url, message):
    monkeypatch.chdir(root)
    monkeypatch.setattr(trials, "ATTEMPTS", 1)
    with pytest.raises(UserError, match=r"^--storage: ") as error:
        open_storage(url)
    assert message in str(error.value)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
