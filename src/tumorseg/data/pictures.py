"""All pictures of a dataset, looked at before they become slices: how to read them, and what is lost."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tumorseg.data.coco import SOURCE
from tumorseg.data.headers import Header, read_header
from tumorseg.data.read import Reading, decode, decode_values, load
from tumorseg.data.remarks import captured_remarks, damage, refuse_damage
from tumorseg.reading import read_json, reading
from tumorseg.threads import in_threads
from tumorseg.types import Channels, Exif


def outlines_in(raw: Path) -> Exif:
    """Whether the outlines of a raw folder are of pictures as stored or as EXIF's orientation shows them."""
    path = raw / SOURCE
    if not path.exists():
        return "stored"
    about = read_json(path)
    with reading(path):
        exif: Exif = about.get("exif", "stored")
        if exif not in get_args(Exif):
            raise ValueError(f"exif is {exif!r}")
    return exif


def find_reading(paths: Sequence[Path], channels: Channels, exif: Exif) -> Reading:
    """How the pictures of a dataset are to be read; prints what is scaled, dropped or may be turned.

    The greys of all pictures of more than 8 bits are scaled by one range, from the least of their values to
    the greatest: it is a matter of scanner and export, and no labels are looked at. Values of 8 bits in a
    wider type are left as they are.

    Raises:
        UserError: A picture cannot be read, is no image, holds several, or has values that are not finite.
    """
    headers = list(in_threads(read_header, paths))
    reading = Reading(channels=channels, exif=exif)
    if deep := [path for path, header in zip(paths, headers, strict=True) if header.bits > 8]:
        bits = max(header.bits for header in headers)
        reading = reading.model_copy(update={"greys": _range(deep, reading)})
        low, high = reading.greys or (0, 0)
        print(
            f"greys {low:g} to {high:g} of {bits} bits, in {len(deep)} of {len(paths)} pictures: scaled to "
            "0 to 255 by that range",
            flush=True,
        )
    _tell(headers, exif)
    return reading


def _range(paths: Sequence[Path], reading: Reading) -> tuple[float, float]:
    """The least and the greatest value of pictures of more than 8 bits."""

    def ends(path: Path) -> tuple[float, float, bool]:
        values = decode_values(load(path), path, reading, deep=True)
        return float(values.min()), float(values.max()), values.dtype.kind in "ui"

    with captured_remarks():  # they are told when the pictures are decoded
        lows, highs, whole = zip(*in_threads(ends, paths), strict=True)
    low, high = min(lows), max(highs)
    if all(whole) and low >= 0 and high <= 255:
        return 0.0, 255.0
    return low, high if high > low else low + 1


def _tell(headers: Sequence[Header], exif: Exif) -> None:
    if count := sum(header.alpha for header in headers):
        print(f"pictures with an alpha channel, which is dropped: {count}", flush=True)
    if count := sum(header.orientation != 1 for header in headers):
        print(
            f"pictures with an EXIF orientation: {count}; taken as {exif} (source.exif: "
            f"{'shown' if exif == 'stored' else 'stored'}, if the outlines are of that)",
            flush=True,
        )


def tell_remarks(remarks: list[str], paths: Sequence[Path], reading: Reading) -> None:
    """Say what decoders remarked while the pictures were decoded, with the name of the first one concerned.

    Threads share one stderr, so that the pictures are decoded again, one by one, until one brings it forth.

    Raises:
        UserError: Pixels of a picture are lost.
    """
    lost = damage(remarks)
    for path in paths if remarks else ():
        with captured_remarks() as again:
            decode(load(path), path, reading)
            said = again()
        if lost:
            refuse_damage(said, path)
        elif said:
            print(f"remarks of decoders, no pixel being lost: {len(remarks)}, such as {path}: {said[0]}")
            return
