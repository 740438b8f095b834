"""How often a delivered net warns: of clean valid slices, and of distorted ones; and what masks they get.

`python bench/warning_power.py` measures the net in delivered/. `--no-net` fits the expectation anew from
data/prepared and needs no net; then there are no masks.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.delivery.distortions import DISTORTIONS, Distort
from tumorseg.delivery.expectation import unexpected
from tumorseg.delivery.fit_expectation import EXAMPLES, fit_expectation
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.warning_power import distorted, native
from tumorseg.params import load_params

MOVED = ("mirrored", "upside down", "turned left", "turned right", "shifted", "half size")
SAME = 0.9  # Dice from which two masks are the same
Warned = tuple[tuple[str, ...], np.ndarray | None]  # of a slice: codes, and its mask


def with_net(slices: Iterable[np.ndarray]) -> Iterator[Warned]:
    for prediction in Predictor(Path("delivered")).predict(slices):
        yield prediction.warnings, prediction.mask > 0


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Of two masks, bool; 1 where both are empty."""
    total = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / total if total else 1.0


def row(name: str, warned: list[Warned], clean: list[np.ndarray] | None) -> str:
    """A row of the table; `clean` are the masks of the slices as they were, moved as the slices were."""
    some = [bool(codes) for codes, _ in warned]
    counts = Counter(code for codes, _ in warned for code in codes)
    shares = {code: round(100 * count / len(warned)) for code, count in counts.most_common(3)}
    shown = ", ".join(f"`{code}` {share}" for code, share in shares.items() if share)
    cells = [name, f"{100 * np.mean(some):.1f}", shown or ("each below 1" if counts else "none")]
    if clean:
        scores = [dice(mask, own) for (_, mask), own in zip(warned, clean, strict=True) if mask is not None]
        good = [warning or score >= SAME for warning, score in zip(some, scores, strict=True)]
        cells += [f"{np.mean(scores):.3f}", f"{100 * np.mean(good):.1f}"]
    return f"| {' | '.join(cells)} |"


def alarms_by_halves(train: SplitArrays, valid: SplitArrays, bent: np.ndarray) -> float:
    """False alarms where limits are set on one half of valid's groups and counted on the other, both ways."""
    half = valid.table["group"].rank(method="dense").to_numpy().astype(int) % 2
    alarms = []
    for part in (0, 1):
        limits = fit_expectation(train.images, valid.images[half == part], bent, train.tumor)
        alarms += [bool(unexpected(limits, image)) for image in valid.images[half != part]]
    return float(np.mean(alarms))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-net", action="store_true", help="fit the expectation anew; no masks")
    parser.add_argument("names", nargs="*", default=list(DISTORTIONS), help="distortions; all of them")
    arguments = parser.parse_args()
    alone = arguments.no_net
    steps = load_params().preprocess
    prepared, raw = Path("data/prepared"), Path("data/raw")
    train, valid = (load_split(prepared, split) for split in ("train", "valid"))
    size, gamma = train.images.shape[1], DISTORTIONS["gamma 2"]
    bent = np.stack([distorted(image, 0, gamma, steps, size) for image in native(train, raw, EXAMPLES)])
    expectation = fit_expectation(train.images, valid.images, bent, train.tumor) if alone else None

    def warn(distort: Distort) -> Iterator[Warned]:
        changed = (distort(image, number) for number, image in enumerate(native(valid, raw, len(valid))))
        if expectation is None:
            yield from with_net(changed)
        else:
            for image in changed:
                small = distorted(image, 0, lambda same, _: same, steps, size)
                yield tuple(unexpected(expectation, small)), None

    clean = list(warn(lambda image, _: image))
    masks = [mask for _, mask in clean if mask is not None]
    print(f"{len(train)} training and {len(valid)} valid slices at {size}×{size}, preprocess {steps}\n")
    print("| slices | warned, % | codes, % |" + (" Dice | same or warned, % |" if masks else ""))
    print("|---|---:|---|" + ("---:|---:|" if masks else ""))
    print(row("as they are", clean, masks))
    for name in arguments.names:
        distort = DISTORTIONS[name]
        moved = [distort(np.uint8(255) * mask, 0) > 127 for mask in masks] if name in MOVED else masks
        print(row(name, list(warn(distort)), moved), flush=True)
    print(f"\nlimits of one half of valid on the other: {100 * alarms_by_halves(train, valid, bent):.1f} %")


if __name__ == "__main__":
    main()
