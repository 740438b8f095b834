"""A delivered net as model.onnx, greys in and probabilities out; kept only where its masks are the same."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorseg.delivery.contract import Contract, read_contract
from tumorseg.delivery.onnx_runtime import FILE
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.selftest import MOST_OFF
from tumorseg.errors import UserError
from tumorseg.models.artifact import load_weights
from tumorseg.models.batches import BATCH
from tumorseg.models.registry import describe

if TYPE_CHECKING:
    import onnx

OPSET = 20  # of ONNX 1.15 (2023), so that older runtimes take the file too
# float32 (batch, S, S), or in colour (batch, S, S, 3), 0 to 255; float32 (batch, C, S, S)
INPUT, OUTPUT = "greys", "probabilities"


def export_onnx(folder: Path, slices: Sequence[np.ndarray]) -> str | None:
    """Write model.onnx beside the contract and the weights of a delivered net.

    The file has all that lies between a slice at the working size and its probabilities: normalisation, the
    mean of members and of the mirror image. It names no path, and the same net gives the same bytes.

    Args:
        folder: The delivered net.
        slices: Grey, uint8 (H, W): their masks must be the same by onnxruntime as by torch.

    Returns:
        Nothing, or a sentence that says why there is no such file.
    """
    contract = read_contract(folder)
    for model in contract.model.made_of:
        if not describe(model.architecture).learns:
            return f"No {FILE}: {model.architecture} learns nothing, and only nets are exported."
    try:
        model = to_onnx(folder, contract)
    except Exception as error:  # whatever a net and the exporter raise
        return f"No {FILE}: torch cannot export this net ({_root_cause(error)})."
    (folder / FILE).write_bytes(model.SerializeToString(deterministic=True))
    difference = compare_runtimes(folder, slices)
    if difference:
        (folder / FILE).unlink()
        return f"No {FILE}: {difference}."
    return None


def to_onnx(folder: Path, contract: Contract) -> "onnx.ModelProto":
    """The net of a delivered folder, for batches of any number of slices, without traces of this machine."""
    import torch

    from tumorseg.models.predict import Pipeline

    about, size = contract.model, contract.input.image_size
    pipeline = Pipeline(load_weights(folder, about), about.mean, about.std, contract.decision.flip).eval()
    with _quiet():
        program = torch.onnx.export(
            pipeline,
            (torch.zeros(BATCH, size, size, *([3] if about.channels == 3 else [])),),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
        )
        assert program is not None  # it is None only for the older exporter, which writes a file
        model = program.model_proto
    _strip(model)
    return model


def compare_runtimes(folder: Path, slices: Sequence[np.ndarray]) -> str | None:
    """What onnxruntime makes otherwise than torch; nothing where all masks are the same.

    Levels may differ by one step in few pixels: a sum in another order rounds otherwise.
    """
    try:
        by_onnx = Predictor(folder, runtime="onnx", device="cpu").predict(slices)
        by_torch = Predictor(folder, runtime="torch", device="cpu").predict(slices)
        differing, off, pixels, most = 0, 0, 0, 0
        for ours, theirs in zip(by_torch, by_onnx, strict=True):
            differing += not np.array_equal(ours.mask, theirs.mask)
            steps = np.abs(ours.levels.astype(int) - theirs.levels)
            off, pixels, most = off + int((steps > 0).sum()), pixels + steps.size, max(most, int(steps.max()))
    except UserError as error:
        return str(error)
    if differing:
        return f"by onnxruntime {differing} of {len(slices)} masks differ from those by torch"
    if most > 1 or off > MOST_OFF * pixels:
        return f"by onnxruntime {off / pixels:.2%} of the levels differ from those by torch, by up to {most}"
    return None


def _strip(message: Any) -> None:
    """Empty a protobuf of ONNX, and all within it, of what the exporter notes about its source files."""
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string"):
            message.ClearField(field.name)
        elif field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                _strip(part)


def _root_cause(error: BaseException) -> str:
    """The first error of a chain, in a line: the exporter wraps it in advice to developers of torch."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].rstrip('.')}" if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Within it, the exporter's warnings and logs, which are for developers of torch, are not shown."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
