"""The predicted masks as COCO annotations, in the layout of an export: corrected, they can be trained on.

coco/{train,valid,test}/ hold `_annotations.coco.json` and, beside it, the slices in grey: `-S data=archive`
takes the folder of `predict` as it is. A slice is in the split that a folder in its name says, else in train:
with `split.strategy` blocks or similar new splits are made anyway.
"""

from typing import Any

from tumorseg import SPLITS
from tumorseg.data.coco import ANNOTATIONS
from tumorseg.delivery.outputs.records import OutFolder, SliceRecord, flat, split_of
from tumorseg.errors import UserError
from tumorseg.files import write_json

CATEGORY = "tumour"  # where there are no classes


def write_coco(out: OutFolder, classes: list[str]) -> None:
    """Write the annotations of all slices that are done; every split has a file.

    Raises:
        UserError: Two slices would have one file.
    """
    categories = [{"id": index, "name": name} for index, name in enumerate(classes or [CATEGORY], start=1)]
    slices: dict[str, list[SliceRecord]] = {split: [] for split in SPLITS}
    for record in out.records():
        for each in record.slices:
            # What index.html shows is left out: it would be most of the memory.
            bare = each.model_copy(update={"picture": None, "levels": None, "thumbnail": None})
            slices[split_of(each.name)].append(bare)
    for split, members in slices.items():
        check_flat_names([each.name for each in members])
        images = [_image(id, each) for id, each in enumerate(members, start=1)]
        pairs = [(id, each, lesion) for id, each in enumerate(members, start=1) for lesion in each.lesions]
        annotations = [
            {
                "id": number,
                "image_id": id,
                "category_id": lesion.label,
                "segmentation": {"size": [each.height, each.width], "counts": lesion.counts},
                "bbox": list(lesion.box),
                "area": lesion.pixels,
                "iscrowd": 0,
            }
            | ({} if lesion.probability is None else {"score": lesion.probability})
            for number, (id, each, lesion) in enumerate(pairs, start=1)
        ]
        export = {"images": images, "annotations": annotations, "categories": categories}
        write_json(out.path / "coco" / split / ANNOTATIONS, export, indent=None)


def _image(id: int, each: SliceRecord) -> dict[str, Any]:
    return {"id": id, "file_name": f"{flat(each.name)}.png", "width": each.width, "height": each.height}


def check_flat_names(names: list[str]) -> None:
    """Raise a `UserError` where two names would be one file of one folder: some systems know no case."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(flat(name).casefold(), name)
        if other != name:
            raise UserError(f"{other} and {name} would be one file of coco/; rename one")
