"""A page that runs a delivered net in the browser: one HTML file, which needs no server and no internet.

It holds model.onnx and onnxruntime-web (MIT licence), the same runtime as WebAssembly. That is downloaded
once and kept in the user's cache; only its two files that are used go into the page.
"""

import base64
import gzip
import html
import json
import re
import sys
import tarfile
from pathlib import Path

from tumorseg.data.read import DEFAULT
from tumorseg.delivery.contract import Contract, read_contract
from tumorseg.delivery.onnx_runtime import FILE
from tumorseg.errors import UserError
from tumorseg.page import FOLDER as PAGE

FOLDER = Path(__file__).parent
URL = "https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz"
SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
CODE, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"  # for the CPU
STEPS = {"normalise"}  # of `preprocess`, that preprocess.js has too
SCRIPTS = ("outlines", "resize", "preprocess", "viewer")  # the last one begins the work


def browser_page(folder: Path) -> str:
    """The page of a delivered net.

    Raises:
        UserError: The folder is no delivered net or has no model.onnx, the net decides in a way that the
            page does not know, or the runtime cannot be had.
    """
    contract = read_contract(folder)
    _check(folder, contract)
    code, wasm = _runtime()
    about = {
        "input": {"preprocess": contract.input.preprocess, "image_size": contract.input.image_size},
        "decision": {"threshold": contract.decision.threshold},
    }
    parts = {
        "title": html.escape(contract.model.name),
        "expects": html.escape(contract.input.expects),
        "threshold": f"{contract.decision.threshold:.3f}",
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "contract": json.dumps(about),
        "runtime": _pack(code),
        "wasm": _pack(wasm),
        "net": _pack((folder / FILE).read_bytes()),
        "code": "\n".join(_script(name) for name in SCRIPTS),
    }
    text = (FOLDER / "viewer.html").read_text(encoding="utf-8")
    return re.sub(rf"{{({'|'.join(parts)})}}", lambda found: parts[found[1]], text)


def _check(folder: Path, contract: Contract) -> None:
    if not (folder / FILE).is_file():
        raise UserError(f"{folder / FILE}: not found; README.md beside it says why; the page needs it")
    missing: list[str] = [step for step in contract.input.preprocess if step not in STEPS]
    if contract.input.reading != DEFAULT:
        missing.append("pictures in colour, of more than 8 bits or turned by EXIF")
    if contract.decision.per_slice:
        missing.append("per_slice")
    if missing:
        raise UserError(f"{folder}: the page cannot do {', '.join(missing)}; use tumorseg predict")


def _script(name: str) -> str:
    """A script of ours; what outlines a mask is shared with the page of plots."""
    folder = PAGE if name == "outlines" else FOLDER
    return (folder / f"{name}.js").read_text(encoding="utf-8")


def _pack(data: bytes) -> str:
    """Compressed, in letters; the same bytes each time."""
    return base64.b64encode(gzip.compress(data, mtime=0)).decode("ascii")


def _runtime() -> tuple[bytes, bytes]:
    """The code and the WebAssembly of onnxruntime-web, downloaded where they are not in the cache."""
    import pooch
    import requests

    cache = pooch.os_cache("tumorseg")
    pooch.get_logger().setLevel("ERROR")
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=2**20)
    try:
        archive = pooch.retrieve(URL, f"sha256:{SHA256}", Path(URL).name, cache, downloader=downloader)
    except (requests.RequestException, OSError, ValueError) as error:  # ValueError: pooch's for another hash
        raise UserError(
            f"{URL}: cannot be downloaded ({type(error).__name__}); get it by hand and put it into {cache}"
        ) from None
    with tarfile.open(archive) as tar:
        members = [tar.extractfile(f"package/dist/{name}") for name in (CODE, WASM)]
        code, wasm = [member.read() for member in members if member]
    return code, wasm
