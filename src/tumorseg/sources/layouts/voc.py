"""Pascal VOC: an XML of boxes a picture (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/).

Corners are taken as they are: VOC itself counts pixels from 1, most tools that write its files from 0.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.sources.layouts.layout import (
    Labelled,
    Layout,
    Part,
    Region,
    box,
    by_picture,
    export_part,
    polygon,
)
from tumorseg.sources.layouts.lists import shipped_splits
from tumorseg.sources.tree import Tree, folder_of, stem_of

SIDES = ("xmin", "ymin", "xmax", "ymax")


def find_voc(tree: Tree) -> Layout | None:
    """The layout of a set of VOC's XML files; nothing where it has none.

    Raises:
        UserError: A file has no picture, two have the same, or as of `shipped_splits`.
    """
    files = [name for name in tree.ending(".xml") if b"<annotation" in tree.head(name, 4096)]
    if not files:
        return None
    labels = by_picture(((_picture(tree, name), name) for name in files), tree.shown)
    groups, faults = shipped_splits(tree, tree.pictures, labels, "Main")
    splits = tuple(split for split in SPLITS if split in groups)
    return Layout("Pascal VOC boxes", splits, _parts(tree, groups, labels), faults=faults)


def _picture(tree: Tree, name: str) -> str:
    """The picture of an XML: by the same name, the one in the nearest folder."""
    same = tree.pictures_by_stem.get(stem_of(name), [])
    beside = [picture for picture in same if folder_of(picture) == folder_of(name)]
    above = [picture for picture in same if folder_of(picture).startswith(folder_of(folder_of(name)))]
    for found in (beside, [name for name in above if "SegmentationClass" not in name], same):
        if len(found) == 1:
            return found[0]
    raise UserError(f"{tree.shown}: {name}: {len(same) or 'no'} pictures have its name; there must be one")


def _parts(tree: Tree, groups: dict[str | None, list[str]], labels: dict[str, str]) -> Iterator[Part]:
    items = {
        split: [_labelled(tree, picture, labels[picture]) for picture in pictures]
        for split, pictures in groups.items()
    }
    categories = sorted(
        {region.category for each in items.values() for item in each for region in item.regions}
    )
    for split, each in items.items():
        yield export_part(split or "train", f"XML files of {split or 'all'}", each, categories, tree, ())


def _labelled(tree: Tree, picture: str, name: str) -> Labelled:
    data = tree.read(name)
    if b"<!" in data.replace(b"<!--", b""):  # entities, which may be out to fill the memory
        raise UserError(f"{tree.shown}: {name}: declares a document type or entities; take them out")
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UserError(f"{tree.shown}: {name}: no XML: {error}") from None
    stated = (_side(root.findtext("size/width")), _side(root.findtext("size/height")))
    regions = tuple(_regions(tree, name, root))
    return Labelled(picture, regions, stated if stated != (None, None) else None)


def _side(text: str | None) -> int | str | None:
    """Width or height as a number; a text that is none, as it is."""
    return int(text) if text and re.fullmatch(r"\s*[0-9]{1,9}\s*", text) else text


def _regions(tree: Tree, name: str, root: ET.Element) -> Iterator[Region]:
    for index, thing in enumerate(root.iter("object")):
        label = (thing.findtext("name") or "").strip()
        corners, outline = thing.find("bndbox"), thing.find("polygon")
        try:
            if not label:
                raise ValueError("name: missing")
            if outline is not None and len(outline) >= 6:  # Roboflow's: x1, y1, x2, y2, …
                values = [float(side.text or "") for side in outline]
                yield polygon(label, list(zip(values[::2], values[1::2], strict=True)))
            elif corners is not None:
                yield box(label, *(float(corners.findtext(side) or "") for side in SIDES))
            else:
                raise ValueError("bndbox: missing")
        except ValueError as error:
            raise UserError(f"{tree.shown}: {name}: object {index}: {error}; mend it") from None
