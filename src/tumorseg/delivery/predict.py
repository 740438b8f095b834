"""`tumorseg predict`: from what the command line says to the folder of results."""

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorseg.delivery.fetch import model_folder
from tumorseg.delivery.inputs import find_sources
from tumorseg.delivery.outputs.coco import check_flat_names, write_coco
from tumorseg.delivery.outputs.index import write_index
from tumorseg.delivery.outputs.records import OutFolder
from tumorseg.delivery.outputs.series_files import SeriesWriter
from tumorseg.delivery.outputs.slice_files import Format, SliceWriter
from tumorseg.delivery.outputs.tables import write_tables
from tumorseg.delivery.predictor import Predictor, RuntimeName
from tumorseg.delivery.run import Counts, Run
from tumorseg.errors import UserError
from tumorseg.metrics import HALF, STEPS


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    model: str = "delivered"  # a folder, a zip file, or REPO@VERSION
    runtime: RuntimeName = "torch"
    device: str = "auto"
    threshold: float | None = None
    window: str = "auto"
    formats: frozenset[Format] = frozenset({"png", "overlay", "coco", "csv", "html", "nifti"})
    probabilities: bool = False
    part: tuple[int, int] = (1, 1)  # I of N, I counted from 1
    overwrite: bool = False


def predict(arguments: list[str], folder: Path, options: Options) -> Counts:
    """Segment all inputs and write a folder of results.

    Args:
        arguments: Files, folders, zip files, patterns, or "-".
        folder: Where the results go: a new one, an empty one, or that of an earlier call.
        options: As above.

    Raises:
        UserError: Nothing can be done: the net, the inputs or the folder are not what they should be.
    """
    out = OutFolder(folder)
    check_apart(arguments, folder)
    with model_folder(options.model) as model:
        predictor = Predictor(
            model, runtime=options.runtime, device=options.device, threshold=options.threshold
        )
        run = about(predictor, contract_digest(model, options.runtime), options)
        sources = find_sources(arguments, options.window, predictor.contract.input.reading, folder)
        check_flat_names([source.name for source in sources])
        number, parts = options.part
        out.begin(run, options.overwrite, shared=parts > 1)
        contract = predictor.contract
        writer = SliceWriter(
            out=out,
            formats=options.formats,
            probabilities=options.probabilities,
            classes=contract.model.classes,
            step=run["net"]["step"],
            temperature=contract.decision.temperature,
        )
        series = SeriesWriter(
            out=out,
            formats=options.formats,
            classes=contract.model.classes,
            version=run["net"]["contract"],
        )
        try:
            others = out.discard_others({source.name for source in sources}, options.overwrite)
            counts = Run(predictor, writer, series, options.overwrite).predict(sources[number - 1 :: parts])
            counts.others = others
            write_summaries(out, run)
        except OSError as error:
            raise UserError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return counts


def write_summaries(out: OutFolder, run: dict[str, Any]) -> None:
    """Write what is made from all records: tables, annotations, the page."""
    classes, formats = run["net"]["classes"], run["options"]["formats"]
    if "csv" in formats:
        write_tables(out, classes)
    if "coco" in formats:
        write_coco(out, classes)
    if "html" in formats:
        write_index(out, run)


def about(predictor: Predictor, digest: str, options: Options) -> dict[str, Any]:
    """What run.json holds: all that decides the results, and nothing of who made them, where and when."""
    decision = predictor.decision
    step = HALF if decision.per_slice and decision.platt else round(decision.threshold * STEPS)
    packages = {"torch": "torch", "onnx": "onnxruntime"}
    names = ("numpy", "opencv-python-headless", packages[options.runtime])
    return {
        "net": {
            "name": predictor.contract.model.name,
            "contract": digest,
            "classes": predictor.contract.model.classes,
            "threshold": decision.threshold,
            "step": step,
        },
        "options": {
            "runtime": options.runtime,
            "device": options.device,
            "window": options.window,
            "formats": sorted(options.formats),
            "probabilities": options.probabilities,
        },
        "versions": {name: importlib.metadata.version(name) for name in ("tumorseg", *names)},
    }


def contract_digest(folder: Path, runtime: RuntimeName) -> str:
    """The first 16 digits of a SHA-256 of what decides a mask: the contract, and the net as it is run."""
    whole = hashlib.sha256()
    for name in ("model.json", "model.onnx" if runtime == "onnx" else "weights.safetensors"):
        whole.update((folder / name).read_bytes())
    return whole.hexdigest()[:16]


def check_apart(arguments: list[str], folder: Path) -> None:
    """Raise a `UserError` where the results would lie among the inputs: the next call would segment them."""
    for argument in arguments:
        root = Path(argument)
        if root.is_dir() and folder.resolve().is_relative_to(root.resolve()):
            raise UserError(f"-o {folder}: lies in {argument}, which is segmented; give a folder outside it")
