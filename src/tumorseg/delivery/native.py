"""The score of the masks that `predict` writes, at the slices' own size."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tumorseg.data.read import read_pair
from tumorseg.data.slices import SplitArrays, load_split, shipped_files
from tumorseg.delivery.contract import Contract
from tumorseg.delivery.predictor import Predictor
from tumorseg.errors import UserError
from tumorseg.metrics import scores
from tumorseg.reading import read_array


def with_native_scores(
    predictor: Predictor, prepared: Path, raw: Path, masks: Path, predictions: Path
) -> Contract:
    """The contract of a delivered net with `native_dice` of valid and test; arguments as there."""
    scores = {}
    for split, headline in predictor.contract.scores.items():
        arrays = load_split(prepared, split)
        dice = native_dice(predictor, arrays, raw, masks, predictions / f"{split}.npy")
        scores[split] = headline.model_copy(update={"native_dice": dice})
    return predictor.contract.model_copy(update={"scores": scores})


def native_dice(predictor: Predictor, arrays: SplitArrays, raw: Path, masks: Path, evaluated: Path) -> float:
    """Pooled Dice of tumour, of whatever class, in [0, 1] or NaN.

    Args:
        predictor: The delivered net.
        arrays: The split.
        raw: Folder of <as_shipped>/<file>, its slices at their own size.
        masks: Folder of <as_shipped>/<file's stem>.png, likewise.
        evaluated: What `evaluation` has predicted of it, <split>.npy.

    Raises:
        UserError: At the working size the levels are not those that were evaluated, bit for bit.
    """
    files, reading = shipped_files(arrays.table, raw), predictor.contract.input.reading
    truths: list[np.ndarray] = []  # of the slices that wait in a batch

    def greys() -> Iterator[np.ndarray]:
        for path in files:
            image, mask = read_pair(path, masks / path.parent.name, arrays.classes, reading)
            truths.append(mask > 0)
            yield image

    known, counts = read_array(evaluated, arrays.masks.shape), np.zeros(4, np.int64)
    for row, prediction in enumerate(predictor.predict(greys())):
        if not np.array_equal(prediction.levels, known[row]):
            raise UserError(
                f"{evaluated}: {files[row].name}: not what the delivered net predicts; "
                "run dvc repro -f evaluate"
            )
        truth, found = truths.pop(0), prediction.mask > 0
        pairs = ((truth, found), (~truth, found), (truth, ~found), (~truth, ~found))  # TP, FP, FN, TN
        counts += [int((x & y).sum()) for x, y in pairs]
    return float(scores(*counts)["dice"])
