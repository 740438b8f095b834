"""A delivered net run by onnxruntime: no torch."""

import os
from pathlib import Path

import numpy as np

from tumorseg.errors import UserError

FILE = "model.onnx"


class OnnxRuntime:
    """A `batches.Runtime` of model.onnx, on the CPU. Its threads change the speed, not the result.

    Args:
        folder: A delivered net.

    Raises:
        UserError: onnxruntime is not installed, or the folder has no model.onnx that it can run.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise UserError('onnxruntime: not installed; pip install ".[runtime]" brings it') from None
        path = folder / FILE
        if not path.is_file():
            raise UserError(f"{path}: not found; README.md beside it says why; use the runtime torch")
        options = onnxruntime.SessionOptions()
        # Left to itself it pins a thread to each core of the machine, and complains where it may not use all.
        options.intra_op_num_threads = usable_cores()
        options.log_severity_level = 4  # only what ends the process
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its classes have no common parent
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: onnxruntime cannot run it: {reason}; get the net again") from None

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        array: np.ndarray = self.session.run(None, {"greys": batch.astype(np.float32)})[0]
        return array


def usable_cores() -> int:
    """Cores that this process may run on, where the system tells; else all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
