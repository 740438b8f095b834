"""A delivered net from a folder, a zip file, or a version in a Git repository."""

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tumorseg.delivery.contract import FILE
from tumorseg.delivery.digests import check_digests
from tumorseg.errors import UserError

# As dvc.yaml names it, and where it lies. Not `dvc artifacts get`: that knows versions alone, no branch or
# commit, and asks DVC Studio first where the user has it.
ARTIFACT, PATH = "tumor-segmentation", "delivered"
VERSION = re.compile(r"v?\d+\.\d+\.\d+\S*")  # gto tags it ARTIFACT@VERSION; all else is a revision of Git
HOST = re.compile(r"[A-Za-z][\w+.-]*://[^/]*|[^/@:]+@[^/@:]+:")  # of an address; an @ in it is a user's
PRETRAINED = Path(__file__).parents[3] / "pretrained"  # nets that come with the project
MAX_BYTES = 4 * 2**30  # that a zip file may unpack to


@contextmanager
def model_folder(place: str) -> Iterator[Path]:
    """Yield the folder of a delivered net; what is unpacked or fetched is deleted after.

    Args:
        place: A folder, the name of one in pretrained/, a zip file of one, or REPO@VERSION.

    Raises:
        UserError: There is none.
    """
    path = Path(place)
    if path.is_dir():
        yield path
        return
    if path.name == place and (PRETRAINED / place).is_dir():
        yield PRETRAINED / place
        return
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) / "net"
        if path.is_file():
            yield unpack(path, target)
        elif "@" in place:
            get(place, target)
            yield target
        else:
            there = f", and there is --model {' or '.join(names)}" if (names := pretrained()) else ""
            raise UserError(
                f"{place}: no such folder or zip file; dvc repro deliver makes one, tumorseg get fetches one"
                f"{there}"
            )


def pretrained() -> list[str]:
    """Names of the nets that come with the project."""
    return sorted(path.name for path in PRETRAINED.glob("*") if (path / FILE).is_file())


def unpack(path: Path, target: Path) -> Path:
    """Unpack a zip file of a delivered net; where its contract lies.

    Raises:
        UserError: It is no zip file, holds no net, or is out to do harm.
    """
    from tumorseg.sources.tree import CORRUPT  # here, since `info` of a folder needs no such room

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise UserError(f"{path}: would unpack to more than {MAX_BYTES // 2**30} GiB; is it a net?")
            archive.extractall(target)  # which leads no name out of the target
    except (*CORRUPT, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{path}: cannot be unpacked: {' '.join(str(error).split())}; get it anew") from None
    found = sorted(target.rglob(FILE))
    if len(found) != 1:
        raise UserError(f"{path}: holds {len(found)} files {FILE}; a delivered net has one")
    _check_whole(found[0].parent, str(path))
    return found[0].parent


def get(place: str, target: Path) -> None:
    """Fetch the delivered net of a repository, which is there once it is whole.

    Args:
        place: The address or path of a Git repository, and maybe @ and a version or revision.
        target: The new folder.

    Raises:
        UserError: The repository has no such net, it cannot be had, or it is not whole.
    """
    if target.exists():
        raise UserError(f"{target}: exists; give a new folder with -o")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tumorseg-") as temporary:
        fetched = Path(temporary) / "net"
        _dvc_get(place, fetched)
        _check_whole(fetched, place)
        fetched.rename(target)


def _check_whole(folder: Path, place: str) -> None:
    try:
        check_digests(folder)
    except UserError as error:  # the folder is gone when it is read
        raise UserError(str(error).replace(str(folder), place)) from None


def _dvc_get(place: str, target: Path) -> None:
    repository, version = split_version(place)
    command = [sys.executable, "-m", "dvc", "get", repository, PATH, "--out", str(target)]
    if version:
        command += ["--rev", f"{ARTIFACT}@{version}" if VERSION.fullmatch(version) else version]
    quiet = os.environ | {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
        why = " ".join(said[0].removeprefix("ERROR:").split())
        raise UserError(f"{place}: cannot be fetched: {why}")


def split_version(place: str) -> tuple[str, str]:
    """A repository and its version, "" for none; a branch may have a / in its name."""
    host = found[0] if (found := HOST.match(place)) else ""
    path, at, version = place.removeprefix(host).rpartition("@")
    if not at or Path(place).exists():  # a folder may have an @ in its name
        return place, ""
    return host + path, version
