"""A prepared folder made by hand, for tests of what comes after `prepare`."""

from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.data.classes import write_classes
from tumorseg.identity import write_identity


def write_prepared(
    folder: Path, sizes: dict[str, int], size: int = 32, classes: tuple[str, ...] = ()
) -> Path:
    """A prepared folder whose tumours are bright squares on noise: learnable in seconds.

    Of two `classes`, which alternate, the second is less bright.
    """
    rng, rows = np.random.default_rng(0), []
    for split, count in sizes.items():
        images = rng.integers(0, 120, (count, size, size), dtype=np.uint8)
        masks = np.zeros_like(images)
        for index in range(count):
            y, x = rng.integers(2, size - 12, 2)
            masks[index, y : y + 9, x : x + 9] = 1 + (index % 2 if classes else 0)
            rows.append(
                {
                    "split": split,
                    "index": index,
                    "image_id": index,
                    "file": f"{len(rows)}_slice.jpg",
                    "as_shipped": split,
                    "group": len(rows) // 2,
                    "category": "01"[index % 2],
                    "annotations": 1,
                    "sequence": len(rows),
                    "height": size,
                    "width": size,
                    "tumor_pixels": 81,
                }
            )
        images += np.array([0, 100, 40], np.uint8)[masks]
        (folder / split).mkdir(parents=True)
        np.save(folder / split / "images.npy", images)
        np.save(folder / split / "masks.npy", masks)
    pd.DataFrame(rows).to_csv(folder / "slices.csv", index=False)
    write_classes(folder, list(classes))
    counts = dict.fromkeys(SPLITS, 0) | sizes
    write_identity(folder, data="made_up", split="shipped", image_size=size, **counts)
    return folder
