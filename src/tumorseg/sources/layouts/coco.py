"""Sets with COCO JSONs, however laid out: which JSON is of which split, and where its pictures lie."""

import json
import re
from collections.abc import Iterator

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.sources.archive import ANNOTATION_FOLDERS
from tumorseg.sources.layouts.layout import Layout, Part, common_folder
from tumorseg.sources.layouts.words import IMAGE_WORDS, MASK_WORDS, split_of, split_of_folder, words_of
from tumorseg.sources.tree import Tree, folder_of, stem_of

HEAD = 2**16  # bytes of a JSON that say of what kind it is
# COCO's own other tasks; they name the same pictures, and have no masks of their own.
OTHER_TASKS = ("captions_", "image_info_", "panoptic_", "person_keypoints_", "stuff_")
# What a JSON is that is no COCO export, by keys at its beginning.
OTHER_JSONS = {
    "_via_settings": "a VIA project; export it as COCO",
    "regions": "a VIA file; export it as COCO",
    "completed_by": "Label Studio's own JSON; export it as COCO",
    "annotations": "no COCO export, though it has annotations",
    "score": "a list of COCO results, which has no images",
    "segmentation": "a list of annotations alone; it lacks images and categories",
    "FeatureCollection": "GeoJSON; export it as COCO",
    "shapes": "a LabelMe file",
}
MAX_BASES = 64


def find_coco(tree: Tree) -> Layout | None:
    """The layout of a set with COCO JSONs; nothing where it has none.

    Raises:
        UserError: Several JSONs are of one split, or some are of a split and others of none.
    """
    exports = [name for name in tree.ending(".json") if is_coco(tree, name)]
    tasks = [name for name in exports if name.rpartition("/")[2].startswith(OTHER_TASKS)]
    if len(tasks) < len(exports):
        exports = [name for name in exports if name not in tasks]
    if not exports:
        return None
    chosen = _by_split(exports, tree.shown)
    notes = [f"left out, as it is of another task: {name!r}" for name in tasks if name not in exports]
    splits = tuple(split for split in SPLITS if split in chosen)
    masks = frozenset(name for name in tree.pictures if _in_masks(name))
    return Layout(_tool(exports, tree), splits, _parts(tree, chosen), tuple(notes), masks)


def is_coco(tree: Tree, name: str) -> bool:
    """Whether a JSON is a COCO export, by its name, or by keys at its beginning."""
    if name.endswith(".coco.json") or name.rpartition("/")[2].startswith("instances_"):
        return True
    head = _text(tree.head(name, HEAD))
    if len(head) < HEAD // 4:  # it may be the whole file
        try:
            keys = json.loads(head)
        except (ValueError, RecursionError):
            pass
        else:
            return isinstance(keys, dict) and isinstance(keys.get("images"), list)
    first = re.match(r'\s*\{\s*"(\w+)"', head)
    known = ("info", "licenses", "images", "annotations", "categories", "type")
    return bool(first and (first[1] in known or '"images"' in head)) and '"shapes"' not in head


def describe_json(tree: Tree, name: str) -> str:
    """What a JSON is that is no COCO export."""
    head = _text(tree.head(name, HEAD))
    kinds = (kind for key, kind in OTHER_JSONS.items() if f'"{key}"' in head)
    return next(kinds, "no COCO export: it has no list of images")


def _text(head: bytes) -> str:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return head.decode(encoding, "replace").lstrip("\ufeff")


def _by_split(exports: list[str], shown: str) -> dict[str | None, str]:
    """The JSON of each split; of None where there is one JSON and no split."""
    chosen: dict[str | None, str] = {}
    for name in exports:
        split = split_of(name.split("/"))
        if split in chosen:
            what = f"of {split}" if split else "of a whole set"
            raise UserError(
                f"{shown}: both {chosen[split]!r} and {name!r} may be the annotations {what}; take out the "
                "one that is not meant, or give one JSON's path alone"
            )
        chosen[split] = name
    if None in chosen and len(chosen) > 1:
        other = next(name for split, name in chosen.items() if split)
        raise UserError(
            f"{shown}: {chosen[None]!r} is of no split, but {other!r} is; take out the one that is not "
            "meant, or give one JSON's path alone"
        )
    return chosen


def _tool(exports: list[str], tree: Tree) -> str:
    """What the layout is called, by the names that tools give."""
    name = exports[0].rpartition("/")[2]
    folders = {part for picture in tree.pictures for part in folder_of(picture).split("/")}
    if name == "_annotations.coco.json":
        return "Roboflow export"
    if name == "instances_default.json":
        return "CVAT export"
    if name.startswith("instances_"):
        return "official COCO"
    if name == "result.json" and "images" in folders:
        return "Label Studio export"
    if name == "labels.json" and "data" in folders:
        return "FiftyOne export"
    return "COCO"


def _parts(tree: Tree, chosen: dict[str | None, str]) -> Iterator[Part]:
    for split, name in sorted(chosen.items(), key=lambda item: SPLITS.index(item[0] or "train")):
        pictures = _own_pictures(tree.pictures, split)
        yield Part(split or "train", name, tree.read(name), pictures, _bases(name, pictures))


def _own_pictures(pictures: tuple[str, ...], split: str | None) -> tuple[str, ...]:
    """Pictures that are in no other split's folders and, where others are left, in none of masks."""
    own = pictures
    if split and any(split_of_folder(folder_of(name)) == split for name in pictures):
        own = tuple(name for name in own if split_of_folder(folder_of(name)) in (split, None))
    plain = tuple(name for name in own if not _in_masks(name))
    return plain or own


def _in_masks(name: str) -> bool:
    """Whether a file lies in a folder of masks, to judge by the folder's name."""
    return any(word in MASK_WORDS for word in words_of(folder_of(name).rpartition("/")[2]))


def _bases(export: str, pictures: tuple[str, ...]) -> tuple[str, ...]:
    """Folders that a `file_name` may start from, the nearest to the JSON first."""
    home = folder_of(export)
    if home.rpartition("/")[2].lower() in ANNOTATION_FOLDERS:
        home = folder_of(home)
    split, stem = split_of(export.split("/")), stem_of(export).removeprefix("instances_")
    bases = {folder_of(export): 0, home: 1}
    for folder in sorted({folder_of(name) for name in pictures}):
        parts = folder.split("/")
        for depth in range(1, len(parts) + 1):
            path, last = "/".join(parts[:depth]), parts[depth - 1].lower()
            of_split = last == stem or (split and split_of_folder(path) == split)
            if path not in bases and (of_split or last in IMAGE_WORDS):
                below = path.startswith(f"{home}/") or not home
                bases[path] = (2 if of_split else 4) + (not below)
    bases.setdefault(common_folder(pictures), 6)
    ranked = sorted(bases, key=lambda path: (bases[path], path.count("/"), path))
    return tuple(ranked[:MAX_BASES])
