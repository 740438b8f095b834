"""kagglehub against a server on this machine: told to use localhost, it asks the proxy set here."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.coco_builder import pack, without_progress

from tumorseg.errors import UserError
from tumorseg.params import KaggleSource
from tumorseg.sources import fetch
from tumorseg.sources.kaggle import write_kaggle

SOURCE = KaggleSource(kind="kaggle", handle="somebody/brain-tumor", version=3)
ASKED = "http://localhost/api/v1/datasets.DatasetApiService/DownloadDataset"


@pytest.fixture
def kaggle(serve: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Play Kaggle with a server that answers as told, for a user without a token."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home" / ".kaggle"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "home" / "cache"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))

    def play(answer: Callable) -> None:
        monkeypatch.setenv("http_proxy", serve(answer))

    return play


def nothing_stays(tmp_path: Path) -> bool:
    return not list((tmp_path / "home").iterdir()) and not list((tmp_path / "temporary").iterdir())


def test_download(
    export: Path,
    tmp_path: Path,
    kaggle: Callable,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "token")  # only who has one is told to upgrade
    zipped = pack(export, tmp_path / "a.zip").read_bytes()
    requests = []

    def answer(path: str, body: bytes) -> tuple:
        requests.append((path, json.loads(body)))
        return 200, {"Content-Type": "application/zip", "X-Kaggle-HubVersion": "99.0.0"}, zipped

    kaggle(answer)
    fetch(SOURCE, tmp_path / "raw")
    ((path, body),) = requests  # one question, and no other to anybody
    assert path == ASKED
    assert body == {"ownerSlug": "somebody", "datasetSlug": "brain-tumor", "datasetVersionNumber": "3"} | body
    assert sorted(file.name for file in (tmp_path / "raw").iterdir()) == [
        *("source.json", "test", "train", "valid")
    ]
    assert nothing_stays(tmp_path)
    said = capfd.readouterr()
    assert said.err == ""
    lines = without_progress(said.out)
    assert lines[0] == "downloading somebody/brain-tumor version 3 from Kaggle"
    assert [line.split(":")[0] for line in lines[1:4]] == ["train", "valid", "test"]
    assert len(lines) == 5


def test_another_content_is_refused(export: Path, tmp_path: Path, kaggle: Callable) -> None:
    zipped = pack(export, tmp_path / "a.zip").read_bytes()
    kaggle(lambda path, body: (200, {}, zipped))
    with pytest.raises(UserError, match=rf"source\.digest: the content's digest is \w{{64}}, not {'0' * 64}"):
        fetch(SOURCE.model_copy(update={"digest": "0" * 64}), tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, {}, b""), r"Kaggle refuses \(401\): make an API token at https://www\.kaggle\.com/settings"),
        (
            (403, {"Content-Type": "application/json"}, b'{"code": 403, "message": "no\\nno"}'),
            r"refuses \(403\)",
        ),
        ((404, {}, b""), r"no such version of it \(404\): check handle and version"),
        ((500, {}, b"oops"), "Kaggle answers 500: try again later"),
        ((200, {"Content-Length": "100000"}, b"PK"), "no answer from Kaggle, or one cut short"),
        ((200, {}, b"<html>log in</html>"), "the download failed: Unsupported archive type"),
        ((200, {"x-goog-hash": "md5=AAAA"}, b"PK"), "the download failed: .*MD5"),
    ],
)
def test_failures_in_a_line(tmp_path: Path, kaggle: Callable, answer: tuple, message: str) -> None:
    kaggle(lambda path, body: answer)
    (tmp_path / "raw").mkdir()
    by_hand = (
        r"https://www\.kaggle\.com/datasets/somebody/brain-tumor by hand and run with -S data=archive -S "
    )
    with pytest.raises(UserError, match=rf"^source\.handle: .*{message}.*{by_hand}") as caught:
        write_kaggle(SOURCE, tmp_path / "raw")
    assert "\n" not in str(caught.value)
    assert nothing_stays(tmp_path)


def test_no_network(tmp_path: Path, kaggle: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(UserError, match=r"no answer from Kaggle, .*: check the network; or get the zip"):
        fetch(SOURCE, tmp_path / "raw")
    assert nothing_stays(tmp_path)


def test_a_bad_token_file(tmp_path: Path, kaggle: Callable) -> None:
    (tmp_path / "home" / ".kaggle").mkdir()
    (tmp_path / "home" / ".kaggle" / "kaggle.json").write_text("{")
    with pytest.raises(UserError, match=r"the download failed: Invalid Kaggle credentials file"):
        fetch(SOURCE, tmp_path / "raw")
