"""A net in nnU-Net's own training loop: slices a second, beside those of bench/loops.py.

Run with `pip install nnunetv2` in an environment of its own, in which tumorseg is installed, too, then
`python bench/nnunet.py data/raw --nets flagship`. Slices, size and batch are those of bench/loops.py. nnU-Net
plans, preprocesses, augments in two processes, and trains with its own loss and optimizer, in float32, as it
does on a processor. Its net is replaced by ours.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from loops import BATCH, NETS, SIZE, Slices, build

DATASET = "Dataset001_Slices"
EPOCHS = 4  # the first is not counted


def write_dataset(raw: Path, counts: dict[str, int], folder: Path) -> dict[str, list[str]]:
    """Slices of the splits as nnU-Net wants them; the names of each split's."""
    import cv2

    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    names: dict[str, list[str]] = {split: [] for split in counts}
    for split, count in counts.items():
        slices = Slices(raw, count, split)
        for index in range(count):
            (image, mask), name = slices[index], f"{split}{index:04}"
            cv2.imwrite(str(folder / f"imagesTr/{name}_0000.png"), (image[0] * 255).byte().numpy())
            cv2.imwrite(str(folder / f"labelsTr/{name}.png"), mask[0].byte().numpy())
            names[split].append(name)
    about = {"channel_names": {"0": "T1"}, "labels": {"background": 0, "tumor": 1}}
    about |= {"numTraining": sum(counts.values()), "file_ending": ".png"}
    (folder / "dataset.json").write_text(json.dumps(about))
    return names


@dataclass
class Dataset:
    """Slices as nnU-Net has planned and preprocessed them."""

    folder: Path
    names: dict[str, list[str]]  # by split
    plans: dict[str, Any]


@contextmanager
def planned(raw: Path, counts: dict[str, int]) -> Iterator[Dataset]:
    """The first slices of each split, in a folder that is deleted at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("raw", "preprocessed", "results"):  # nnU-Net reads them when it is imported
            os.environ[f"nnUNet_{part}"] = str(folder / part)
        os.environ |= {"nnUNet_n_proc_DA": "2", "nnUNet_compile": "f"}
        names = write_dataset(raw, counts, folder / "raw" / DATASET)
        yield Dataset(folder, names, prepare(folder, names))


def prepare(folder: Path, names: dict[str, list[str]]) -> dict[str, Any]:
    """nnU-Net's plans, at our size and batch."""
    from nnunetv2.experiment_planning import plan_and_preprocess_api as api

    api.extract_fingerprints([1], num_processes=2, show_progress_bar=False)
    api.plan_experiments([1])
    path = folder / "preprocessed" / DATASET / "nnUNetPlans.json"
    plans: dict[str, Any] = json.loads(path.read_text())
    plans["configurations"]["2d"] |= {"patch_size": [SIZE, SIZE], "batch_size": BATCH}
    path.write_text(json.dumps(plans))
    api.preprocess([1], configurations=["2d"], num_processes=[2], show_progress_bar=False)
    split = {"train": names["train"], "val": names["valid"]}
    (path.parent / "splits_final.json").write_text(json.dumps([split]))
    return plans


def train(
    net: str, epochs: int, dataset: Dataset, after: Callable[[Any], None] = lambda trainer: None
) -> list[float]:
    """Train in nnU-Net's loop; `after` is called at the end of each epoch. Seconds of each."""
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    seconds: list[float] = []

    class Timed(nnUNetTrainer):  # type: ignore[misc]
        @staticmethod
        def build_network_architecture(
            plans_manager: Any,
            configuration_manager: Any,
            num_input_channels: int,
            num_output_channels: int,
            enable_deep_supervision: bool = True,
        ) -> torch.nn.Module:
            return build(NETS[net], num_output_channels)

        def set_deep_supervision_enabled(self, enabled: bool) -> None:
            pass

        def on_train_epoch_start(self) -> None:
            self.began = time.perf_counter()
            super().on_train_epoch_start()

        def on_train_epoch_end(self, train_outputs: Any) -> None:
            super().on_train_epoch_end(train_outputs)
            seconds.append(time.perf_counter() - self.began)
            after(self)

    about = json.loads((dataset.folder / "raw" / DATASET / "dataset.json").read_text())
    trainer = Timed(dataset.plans | {"continue_training": False}, "2d", 0, about, torch.device("cpu"))
    trainer.enable_deep_supervision = False
    trainer.num_epochs, trainer.num_iterations_per_epoch = epochs, len(dataset.names["train"]) // BATCH
    trainer.num_val_iterations_per_epoch = 1
    trainer.run_training()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("raw", type=Path)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--slices", type=int, default=160)
    chosen = parser.parse_args()
    with planned(chosen.raw, {"train": chosen.slices, "valid": 1}) as dataset:
        for net in chosen.nets:
            seconds = median(train(net, EPOCHS, dataset)[1:])
            print(f"| `{net}` | nnU-Net | {chosen.slices // BATCH * BATCH / seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
