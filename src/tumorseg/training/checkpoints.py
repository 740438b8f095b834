"""The checkpoints of one training, in a folder of its own: the latest epoch and the best."""

import pickle
from pathlib import Path

import torch

LATEST, BEST = "latest.ckpt", "best.ckpt"
UNSOUND = (RuntimeError, OSError, KeyError, ValueError, EOFError, pickle.UnpicklingError)


def epochs_done(checkpoints: Path) -> int:
    """Epochs that the checkpoints of a training hold; 0 where there are none.

    Where one of them cannot be read both are deleted, and that is said: the training starts anew.
    """
    paths = [checkpoints / name for name in (LATEST, BEST)]
    if not paths[0].exists():
        return 0
    try:
        latest, _ = (int(torch.load(path, weights_only=True, mmap=True)["epoch"]) for path in paths)
    except UNSOUND:
        print(f"{checkpoints}: its checkpoints are cut off; the training starts anew", flush=True)
        for path in paths:
            path.unlink(missing_ok=True)
        return 0
    return latest + 1
