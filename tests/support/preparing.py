"""`prepare` as the pipeline calls it, with what tests do not care about filled in."""

from pathlib import Path
from typing import Any

from tumorseg.data.prepare import prepare
from tumorseg.params import Blocks
from tumorseg.sections import Split

SHIPPED = (Split(strategy="shipped", folds=8, fold=0), Blocks(size=30, gap=5))


def prepare_folder(folder: Path, size: int, rule: tuple[Split, Blocks] = SHIPPED, **changes: Any) -> Path:
    """Prepare the `raw` and `masks` of a folder; returns its `prepared`."""
    about: dict[str, Any] = {"name": "made_up", "image_size": size, "channels": 1, "steps": []} | changes
    prepare(folder / "raw", folder / "masks", folder / "prepared", **about, rule=rule[0], blocks=rule[1])
    return folder / "prepared"
