"""A dataset from Kaggle, pinned by version; `tumorseg.sources` checks its content digest."""

import contextlib
import io
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tumorseg.errors import UserError
from tumorseg.params import KaggleSource
from tumorseg.sources.archive import WAY_OUT
from tumorseg.sources.containers import folder_tree
from tumorseg.sources.tree import Tree


@contextlib.contextmanager
def open_kaggle(source: KaggleSource) -> Iterator[Tree]:
    """Download `source`: its files, until they are copied.

    Nothing is kept in kagglehub's own cache in the home folder: DVC caches the result, and a damaged
    copy there would be served again and again.

    Raises:
        UserError: Kaggle cannot be reached or refuses.
    """
    print(f"downloading {source.handle} version {source.version} from Kaggle", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        yield folder_tree(_download(source, Path(temporary) / "dataset"), source.handle)


def _download(source: KaggleSource, folder: Path) -> Path:
    """Where the dataset lies now: `folder`, or the read-only mount that Kaggle's notebooks have."""
    import kagglehub
    import requests

    logging.getLogger("kagglehub").setLevel(logging.ERROR)
    handle = f"{source.handle}/versions/{source.version}"
    try:
        with _quiet():
            root = Path(kagglehub.dataset_download(handle, output_dir=str(folder)))
    except requests.HTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            reason = (
                f"Kaggle refuses ({status}): make an API token at https://www.kaggle.com/settings, put it "
                "into ~/.kaggle/kaggle.json or KAGGLE_API_TOKEN, and try again"
            )
        elif status == 404:
            reason = "Kaggle has no such version of it (404): check handle and version"
        else:
            reason = f"Kaggle answers {status}: try again later"
    except requests.RequestException as error:
        reason = f"no answer from Kaggle, or one cut short ({type(error).__name__}): check the network"
    except Exception as error:  # kagglehub's own exceptions have no base in common
        reason = f"the download failed: {' '.join(str(error).split())}"
    else:
        shutil.rmtree(folder / ".complete", ignore_errors=True)  # kagglehub's mark, no part of the data
        return root
    raise UserError(
        f"source.handle: {handle}: {reason}; or get the zip from https://www.kaggle.com/datasets/"
        f"{source.handle} by hand and run with -S data=archive {WAY_OUT}"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence kagglehub's advice to upgrade and, in a log, its progress bar."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        if not sys.stderr.isatty():
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield
