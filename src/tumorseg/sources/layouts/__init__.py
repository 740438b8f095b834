"""How a set is laid out, and in which format: found from names, and from what annotation files begin with."""

from functools import partial

from tumorseg.errors import UserError
from tumorseg.sources.layouts.coco import describe_json, find_coco
from tumorseg.sources.layouts.labelme import find_labelme
from tumorseg.sources.layouts.layout import Layout
from tumorseg.sources.layouts.masks import find_masks
from tumorseg.sources.layouts.voc import find_voc
from tumorseg.sources.layouts.yolo import find_yolo
from tumorseg.sources.tree import Tree
from tumorseg.types import OnMissing

VOLUMES = (".dcm", ".gz", ".mha", ".mhd", ".nii", ".nrrd")
READ = "COCO, LabelMe, YOLO, Pascal VOC, or pictures with mask pictures"


def find_layout(tree: Tree, on_missing: OnMissing) -> Layout:
    """The first format that a set has, of those that say most.

    Raises:
        UserError: It has none, or is ambiguous.
    """
    yolo, masks = (partial(find, on_missing=on_missing) for find in (find_yolo, find_masks))
    for find in (find_coco, find_labelme, yolo, masks, find_voc):
        if layout := find(tree):
            return layout
    raise UserError(f"{tree.shown}: holds {_what_else(tree)}; what is read is {READ}: see docs/datasets.md")


def _what_else(tree: Tree) -> str:
    """What a set holds that is in no format that is read."""
    if not tree.names:
        return "no files"
    if archives := tree.ending(".zip", ".rar", ".7z", ".tar", ".tgz"):
        return f"another archive, {archives[0]!r}: unpack it, and give that"
    if volumes := tree.ending(*VOLUMES):
        return f"volumes, such as {volumes[0]!r}: export their slices as pictures with masks"
    if jsons := tree.ending(".json"):
        return f"no annotations that are read: {jsons[0]!r} is {describe_json(tree, jsons[0])}"
    if xmls := tree.ending(".xml"):
        return f"no annotations that are read: {xmls[0]!r} is no Pascal VOC; export it as COCO"
    return f"{len(tree.pictures)} pictures and no annotations"
