"""A delivered net run by onnxruntime."""

from pathlib import Path

import numpy as np


class OnnxRuntime:
    """A `batches.Runtime` of model.onnx, on the CPU."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self.session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        array: np.ndarray = self.session.run(None, {"greys": batch.astype(np.float32)})[0]
        return array
