"""A net in nnU-Net's training loop and in ours, for the same minutes: what valid Dice each has, and when.

Run with `python bench/race.py data/raw flagship`, in an environment as bench/nnunet.py asks for; `--minutes`,
`--train` and `--valid` choose. Slices, size and batch are those of bench/loops.py. Each loop has as many
epochs as it gets done, so that its own schedule ends with the time. Valid Dice is taken after each epoch,
pooled over whole slices, at its best threshold. Minutes are of training and valid, without preparation.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from loops import NETS, SIZE, Slices, fit, in_memory
from nnunet import Dataset, planned, train


def valid_dice(trainer: Any, names: list[str]) -> float:
    """Of nnU-Net's net on whole slices, cropped to what is not black; outside there is no tumour."""
    import torch

    from tumorseg.metrics import count_pixels, quantise, summarise_counts

    _, valid = trainer.get_tr_and_val_datasets()
    counts = np.zeros((2, 256), np.int64)
    trainer.network.eval()
    for name in names:
        image, mask = (np.asarray(each[:]) for each in valid.load_case(name)[:2])
        padded, (height, width) = np.zeros((1, 1, SIZE, SIZE), np.float32), image.shape[-2:]
        padded[0, 0, :height, :width] = image[0, 0]
        with torch.inference_mode():
            outputs = trainer.network(torch.from_numpy(padded))
            logits = outputs[0] if isinstance(outputs, list) else outputs
        tumor = logits.float().softmax(1)[0, 1:, :height, :width]
        counts += count_pixels(quantise(tumor.numpy()), mask[0] > 0)[0]
    return summarise_counts(counts)["best_dice"]


def nnunet(net: str, dataset: Dataset, epochs: int) -> list[float]:
    """Valid Dice after each epoch."""
    dice: list[float] = []
    train(net, epochs, dataset, lambda trainer: dice.append(valid_dice(trainer, dataset.names["valid"])))
    return dice


def race(net: str, raw: Path, counts: dict[str, int], minutes: float) -> None:
    """nnU-Net first: what it runs in is as it would be without us."""
    splits = {split: in_memory(Slices(raw, count, split)) for split, count in counts.items()}

    def ours(epochs: int) -> list[float]:
        return [row["best_dice"] for row in fit(net, splits, epochs) if row["split"] == "valid"]

    with planned(raw, counts) as dataset:
        loops = {"nnU-Net": lambda epochs: nnunet(net, dataset, epochs), "tumorseg": ours}
        curves, taken = {}, {}
        for loop, run in loops.items():
            seconds = {}
            for epochs in (1, 3):
                began = time.perf_counter()
                run(epochs)
                seconds[epochs] = time.perf_counter() - began
            epochs = max(2, round(60 * minutes / ((seconds[3] - seconds[1]) / 2)))
            began = time.perf_counter()
            curves[loop] = run(epochs)
            taken[loop] = (time.perf_counter() - began) / 60
    level = min(map(max, curves.values()))
    print(f"| net | loop | epochs | minutes | best valid Dice | minutes to {level:.3f} |")
    print("|---|---|---:|---:|---:|---:|")
    for loop, dice in curves.items():
        there = next(epoch for epoch, value in enumerate(dice, 1) if value >= level) / len(dice)
        row = [f"`{net}`", loop, len(dice), f"{taken[loop]:.1f}", f"{max(dice):.3f}"]
        print("|", " | ".join(map(str, [*row, f"{taken[loop] * there:.1f}"])), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("raw", type=Path)
    parser.add_argument("net", choices=NETS)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--train", type=int, default=480)
    parser.add_argument("--valid", type=int, default=96)
    chosen = parser.parse_args()
    race(chosen.net, chosen.raw, {"train": chosen.train, "valid": chosen.valid}, chosen.minutes)


if __name__ == "__main__":
    main()
