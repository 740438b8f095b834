import hashlib
import json
from pathlib import Path

import cv2
import pytest
from support.coco_builder import annotation, image, without_progress, write_annotations

from tumorseg.data.coco import ANNOTATIONS, read_split
from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource, PhantomSource
from tumorseg.sources import content_digest, fetch


def source(path: Path, digest: str | None = None) -> ArchiveSource:
    return ArchiveSource(kind="archive", path=str(path), digest=digest)


def test_digest_is_that_of_sha256sum(export: Path, tmp_path: Path) -> None:
    lines = [
        f"{hashlib.sha256((export / name).read_bytes()).hexdigest()}  {name}\n"
        for split in ("test", "train", "valid")
        for name in (f"{split}/0.jpg", f"{split}/1.jpg", f"{split}/{ANNOTATIONS}")
    ]
    assert content_digest(export) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_fetch_says_what_there_is(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = content_digest(export)
    fetch(source(export), tmp_path / "raw")
    fetch(source(export, digest), tmp_path / "raw")
    lines = without_progress(capsys.readouterr().out)
    said = ["Roboflow export, 6 images, train, valid, test"]
    said += [f"{split}: 2 images, 2 annotations" for split in ("train", "valid", "test")]
    digests = [f"content digest {digest}, {how} pinned by source.digest" for how in ("not", "as")]
    assert lines[-5:] == [*said, digests[1]]
    assert [line for line in lines if line in (*said, *digests)] == [*said, digests[0], *said, digests[1]]
    assert content_digest(tmp_path / "raw") == digest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "raw"]


def remove_image(export: Path) -> None:
    (export / "test" / "1.jpg").unlink()


def contradict(export: Path) -> None:
    write_annotations(export / "test", [image(0)], [annotation(0, 5)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove_image, r".*1\.jpg"),
        (contradict, r".*5"),
    ],
)
def test_a_bad_source_leaves_what_was_there(export: Path, tmp_path: Path, change, message: str) -> None:
    fetch(source(export), tmp_path / "raw")
    before = content_digest(tmp_path / "raw")
    change(export)
    with pytest.raises(UserError, match=rf"^test/_annotations\.coco\.json: {message}"):
        fetch(source(export), tmp_path / "raw")
    with pytest.raises(UserError, match=rf"^test/_annotations\.coco\.json: {message}"):
        fetch(source(export), tmp_path / "new")
    assert content_digest(tmp_path / "raw") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "raw"]


def test_one_split_may_be_empty_but_not_all(export: Path, tmp_path: Path) -> None:
    for split in ("valid", "test"):
        write_annotations(export / split, [], [])
    fetch(source(export), tmp_path / "raw")
    assert [len(read_split(tmp_path / "raw" / split)) for split in ("train", "valid", "test")] == [2, 0, 0]
    write_annotations(export / "train", [], [])
    with pytest.raises(
        UserError, match=r"^train, valid, test: _annotations\.coco\.json: images: no split has any"
    ):
        fetch(source(export), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_another_digest_is_refused(export: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=rf"^source\.digest: the content's digest is \w{{64}}, not {'0' * 64}: "
    ):
        fetch(source(export, "0" * 64), tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_phantom_passes_the_same_checks(tmp_path: Path) -> None:
    phantom = PhantomSource(kind="phantom", seed=0, patients=6, slices_per_patient=1, native_size=64)
    fetch(phantom, tmp_path / "raw")
    for split in ("train", "valid", "test"):
        for slice in read_split(tmp_path / "raw" / split):
            shape = cv2.imread(str(tmp_path / "raw" / split / slice.file_name), cv2.IMREAD_GRAYSCALE).shape
            assert shape == (slice.height, slice.width)
    assert json.loads((tmp_path / "raw" / "train" / ANNOTATIONS).read_text())["categories"]
