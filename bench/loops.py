"""Training loops beside each other on the same slices: slices a second, and peak memory.

Run with `python bench/loops.py data/raw`, a folder as `download` leaves it; `--nets`, `--threads`, `--slices`
and `--rounds` choose. Every way is a process of its own, and they take turns, so that a drift of the
machine's speed hits all alike. After an epoch that warms up, seconds of an epoch are those of three less
those of one, by two. Printed are medians over rounds, and of ratios within a round.

- `decode each time`: what public projects on the real set do. Each slice of each epoch is decoded, its
  polygons are filled and both are resized, in two loader processes; float32, BCE, Adam.
- `MONAI`: the loop of its tutorials. Prepared slices in a CacheDataset, RandFlipd and RandRotated, float32,
  DiceCELoss, Adam.
- `tumorseg`: the stage `train`, with its checkpoints, counts and augmentation.
- `compute`: the same net and loss as tumorseg's, on one batch that lies in memory: what no loop can beat.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from tumorseg.data.slices import SplitArrays

BATCH, SIZE, ROTATE = 16, 256, 15
NETS: dict[str, dict[str, Any]] = {
    "simple_cnn": {"architecture": "simple_cnn", "loss": "bce_dice"},
    "flagship": {
        **{"architecture": "unet", "loss": "bce_slice_dice"},
        **{"width": 32, "depth": 4, "stem": 4, "dropout": 0.2},
    },
}


class Slices:
    """The first slices of a split as a loop that decodes sees them: files and polygons."""

    def __init__(self, raw: Path, count: int, split: str = "train") -> None:
        from pycocotools.coco import COCO

        self.folder = raw / split
        self.coco = COCO(self.folder / "_annotations.coco.json")
        self.ids = [number for number in sorted(self.coco.imgs) if self.coco.getAnnIds(number)][:count]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> tuple["torch.Tensor", "torch.Tensor"]:
        import cv2
        import numpy as np
        import torch

        about = self.coco.imgs[self.ids[index]]
        image = cv2.imread(str(self.folder / about["file_name"]), cv2.IMREAD_GRAYSCALE)
        mask = np.zeros((about["height"], about["width"]), np.uint8)
        for annotation in self.coco.loadAnns(self.coco.getAnnIds(about["id"])):
            mask |= self.coco.annToMask(annotation)
        image = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)
        image, mask = image[None] / np.float32(255), mask[None].astype(np.float32)
        return torch.from_numpy(image), torch.from_numpy(mask)


def build(net: dict[str, Any], outputs: int = 1) -> "torch.nn.Module":
    from tumorseg.models.registry import build_model

    options = {key: value for key, value in net.items() if key not in ("architecture", "loss")}
    return build_model(net["architecture"], outputs, **options)


def plain(model: "torch.nn.Module", loss: Any, batches: Callable[[], Any]) -> Callable[[int], None]:
    import torch

    optimizer = torch.optim.Adam(model.parameters())

    def run(epochs: int) -> None:
        for _ in range(epochs):
            for images, masks in batches():
                optimizer.zero_grad()
                outputs = model(images)
                loss(outputs[0] if isinstance(outputs, list) else outputs, masks).backward()
                optimizer.step()

    return run


def decode_each_time(net: str, raw: Path, count: int) -> Callable[[int], None]:
    import torch
    from torch.utils.data import DataLoader

    data: Any = Slices(raw, count)
    loader = DataLoader(data, BATCH, shuffle=True, num_workers=2, persistent_workers=True)
    return plain(build(NETS[net]), torch.nn.BCEWithLogitsLoss(), lambda: loader)


def with_monai(net: str, raw: Path, count: int) -> Callable[[int], None]:
    import numpy as np
    from monai.data import CacheDataset, DataLoader
    from monai.losses import DiceCELoss
    from monai.transforms import Compose, RandFlipd, RandRotated

    keys = ("image", "label")
    turn = RandRotated(
        keys, range_x=np.radians(ROTATE), prob=1.0, mode=("bilinear", "nearest"), keep_size=True
    )
    made = [dict(zip(keys, pair, strict=True)) for pair in map(Slices(raw, count).__getitem__, range(count))]
    data = CacheDataset(made, Compose([RandFlipd(keys, prob=0.5, spatial_axis=1), turn]), progress=False)
    loader = DataLoader(data, BATCH, shuffle=True)

    def batches() -> Any:
        return ((batch["image"].as_tensor(), batch["label"].as_tensor()) for batch in loader)

    return plain(build(NETS[net]), DiceCELoss(sigmoid=True), batches)


def recipe_of(net: str, epochs: int) -> Any:
    from tumorseg.params import Model, load_params
    from tumorseg.training.recipe import make_recipe

    params = load_params()
    return make_recipe(
        net,
        Model.model_validate(NETS[net]),
        seed=0,
        epochs=epochs,
        pos_weight=5.0,
        augment=params.augment.model_copy(update={"rotate": float(ROTATE)}),
        train=params.train.model_copy(update={"batch_size": BATCH}),
        compute=params.compute,
    )


def ours(net: str, raw: Path, count: int) -> Callable[[int], None]:
    arrays, few = in_memory(Slices(raw, count)), in_memory(Slices(raw, 1))

    def run(epochs: int) -> None:
        fit(net, {"train": arrays, "valid": few}, epochs)

    return run


def in_memory(slices: Slices) -> "SplitArrays":
    import numpy as np
    import pandas as pd

    from tumorseg.data.slices import SplitArrays

    pairs = list(map(slices.__getitem__, range(len(slices))))
    images, masks = (np.stack([pair[which][0].numpy() for pair in pairs]) for which in (0, 1))
    return SplitArrays((images * 255).astype(np.uint8), masks.astype(np.uint8), pd.DataFrame())


def fit(net: str, splits: dict[str, "SplitArrays"], epochs: int) -> list[dict[str, Any]]:
    """Train as the stage does; the curves, a row an epoch and split."""
    from tumorseg.training.fitting import fit_net
    from tumorseg.training.ranks import joined

    with tempfile.TemporaryDirectory() as folder, joined(1, "cpu") as ranks:
        return fit_net(build(NETS[net]), splits, (0.2, 0.2), recipe_of(net, epochs), Path(folder), ranks)[0]


def compute(net: str, raw: Path, count: int) -> Callable[[int], None]:
    import torch

    from tumorseg.memory import keep_freed_memory
    from tumorseg.training.fitting import choose_precision
    from tumorseg.training.losses import build_loss, deep_loss

    keep_freed_memory()
    model = build(NETS[net]).to(memory_format=torch.channels_last)
    pairs = list(map(Slices(raw, BATCH).__getitem__, range(BATCH)))
    images, masks = (torch.stack([pair[which] for pair in pairs]) for which in (0, 1))
    images = images.contiguous(memory_format=torch.channels_last)
    optimizer, loss = torch.optim.AdamW(model.parameters()), build_loss(NETS[net]["loss"], 5.0, 1)
    bfloat16 = choose_precision("auto", "cpu") == "bf16-mixed"

    def run(epochs: int) -> None:
        for _ in range(epochs * (count // BATCH)):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                outputs = model(images)
            logits = [each.float() for each in (outputs if isinstance(outputs, list) else [outputs])]
            deep_loss(loss, logits, masks).backward()
            optimizer.step()

    return run


WAYS = {"decode each time": decode_each_time, "MONAI": with_monai, "tumorseg": ours, "compute": compute}


def time_one(way: str, net: str, raw: Path, count: int) -> None:
    """Print seconds of an epoch, and peak MiB of this process and the largest of its children."""
    run, seconds = WAYS[way](net, raw, count), {}
    run(1)  # imports
    for epochs in (1, 3):
        began = time.perf_counter()
        run(epochs)
        seconds[epochs] = time.perf_counter() - began
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{(seconds[3] - seconds[1]) / 2} {peak / 1024}", file=sys.stderr)


def measure(net: str, raw: Path, count: int, rounds: int) -> None:
    figures: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            options = ["--slices", str(count), "--nets", net, "--way", way]
            command = [sys.executable, __file__, str(raw), *options]
            done = subprocess.run(command, check=True, text=True, capture_output=True)
            seconds, peak = map(float, done.stderr.split()[-2:])
            figures[way].append((seconds, peak))
    for way, taken in figures.items():
        rate = count / median(seconds for seconds, _ in taken)
        ratio = median(other[0] / own[0] for own, other in zip(figures["tumorseg"], taken, strict=True))
        peak = median(peak for _, peak in taken)
        print(f"| `{net}` | {way} | {rate:.1f} | {ratio:.2f} | {peak:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("raw", type=Path)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--threads", type=int, default=0, help="of each process; 0: one for each core")
    parser.add_argument("--slices", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.threads:
        os.environ["OMP_NUM_THREADS"] = str(chosen.threads)  # which the processes of the ways inherit
    if chosen.way:
        return time_one(chosen.way, chosen.nets[0], chosen.raw, chosen.slices)
    print(f"batches of {BATCH} at {SIZE}×{SIZE}, {chosen.slices} slices")
    print("| net | loop | slices a second | times tumorseg's seconds | peak MiB |\n|---|---|---:|---:|---:|")
    for net in chosen.nets:
        measure(net, chosen.raw, chosen.slices, chosen.rounds)


if __name__ == "__main__":
    main()
