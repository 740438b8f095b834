"""The generated dataset: phantom patients, cut into slices and written as a COCO export.

It repeats on purpose what makes the real set awkward: slices of a patient fall into different splits,
category names are "0" and "1", the order of annotations isn't that of images, one train image has no
annotation and one has two. Tumours are annotated in every way that COCO knows, unless `labels` asks for
outlines or boxes alone.
"""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from pycocotools import mask as coco_mask
from threadpoolctl import threadpool_limits

from tumorseg.data.coco import ANNOTATIONS
from tumorseg.files import write_csv, write_json
from tumorseg.memory import keep_freed_memory
from tumorseg.params import PhantomSource
from tumorseg.progress import progress
from tumorseg.sources.phantom.head import VIEWS, Head
from tumorseg.threads import in_threads

SHARES = {"train": 0.7, "valid": 0.2, "test": 0.1}
JPEG_QUALITY = 92
DATE = "2000-01-01T00:00:00+00:00"  # fixed, so that a seed fixes every byte
CATEGORIES = [
    {"id": 0, "name": "Tumor", "supercategory": "none"},
    {"id": 1, "name": "0", "supercategory": "Tumor"},
    {"id": 2, "name": "1", "supercategory": "Tumor"},
]
CATEGORY_ID = {"glioma": 1, "meningioma": 2, "pituitary": 2}
STYLES = ("box", "outline", "rle", "counts")  # how a tumour is annotated


def write_phantom(source: PhantomSource, folder: Path) -> None:
    """Write `{train,valid,test}/*.jpg`, their `_annotations.coco.json`, and `patients.csv`.

    The same source gives the same bytes. `patients.csv` (file, split, patient, plane, tumor) is the truth
    that a real export lacks; it is there for tests.

    Args:
        source: Seed, numbers of patients and slices, pixels a side.
        folder: An existing, empty folder.

    Raises:
        OSError: A file cannot be written.
    """
    keep_freed_memory()
    slices = _plan(source)
    for split in SHARES:
        (folder / split).mkdir()
    annotations: dict[str, list[dict[str, Any]]] = {split: [] for split in SHARES}
    patients = [cuts for _, cuts in slices.groupby("patient")]
    # Matrix products are small here: threads of their own would wait for each other more than they compute.
    with threadpool_limits(1, "blas"):
        drawn = in_threads(partial(_draw, source, folder), patients)
        for regions in progress(drawn, "drawing phantom patients", total=len(patients)):
            for split, region in regions:
                annotations[split].append({"id": len(annotations[split]), **region})
    for split, listed in annotations.items():
        images = slices[slices.split == split].sort_values("image_id")
        write_json(folder / split / ANNOTATIONS, _export(images, listed, source.native_size))
    write_csv(folder / "patients.csv", slices[["file", "split", "patient", "plane", "tumor"]])


def _draw(source: PhantomSource, folder: Path, cuts: pd.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    """Write the slices of one patient; what is annotated on them, each with its split, without ids."""
    patient = cuts.patient.iloc[0]
    rng = np.random.default_rng(np.random.SeedSequence([source.seed, patient]))
    head = Head(rng, cuts.plane.iloc[0], cuts.tumor.iloc[0])
    annotated = []
    cut: Any  # to pandas' types, a field may be anything
    for cut in cuts.itertuples():
        image, tumor = head.slice(cut.position, source.native_size)
        path = folder / cut.split / cut.file
        if not cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
            raise OSError(f"{path}: cannot be written")
        identity = {"image_id": cut.image_id, "category_id": CATEGORY_ID[cut.tumor]}
        annotated += [
            (cut.split, {**identity, **region}) for region in _regions(tumor, cut.style, source.labels)
        ]
    return annotated


def sample_slices(size: int) -> list[np.ndarray]:
    """A slice of another phantom patient in each plane, uint8 (size, size): none of any dataset."""
    heads = [
        Head(np.random.default_rng([2**31, number]), plane, "meningioma")
        for number, plane in enumerate(VIEWS)
    ]
    return [head.slice(0.0, size)[0] for head in heads]


def _plan(source: PhantomSource) -> pd.DataFrame:
    """Decide everything but the pixels: one row a slice, in the order of file numbers."""
    count = source.patients * source.slices_per_patient
    patient = np.repeat(np.arange(source.patients), source.slices_per_patient)
    gliomas, meningiomas = round(0.44 * source.patients), round(0.26 * source.patients)
    pituitaries = source.patients - gliomas - meningiomas
    kinds = np.repeat(["meningioma", "pituitary", "glioma"], [meningiomas, pituitaries, gliomas])
    # Evenly over the middle of the tumour: every slice shows it.
    depths = 0.75 * ((2 * np.arange(source.slices_per_patient) + 1) / source.slices_per_patient - 1)
    slices = pd.DataFrame(
        {
            "file": [_file_name(source.seed, number) for number in range(1, count + 1)],
            "patient": patient,
            "plane": np.array(list(VIEWS))[patient % len(VIEWS)],
            "tumor": kinds[patient],
            "position": np.tile(depths, source.patients),
        }
    )
    # Patients draw from [seed, 0] to [seed, patients - 1], splits from the next.
    rng = np.random.default_rng(np.random.SeedSequence([source.seed, source.patients]))
    shuffled, start = rng.permutation(count), 0
    for split, end in zip(SHARES, np.rint(np.cumsum(list(SHARES.values())) * count).astype(int), strict=True):
        members = shuffled[start:end]
        styles = np.resize(STYLES, len(members)).astype(object)
        if split == "train":
            styles[:] = np.append(["none", "halves"], styles)[: len(members)]
        slices.loc[members, "split"] = split
        slices.loc[members, "style"] = styles
        slices.loc[members, "image_id"] = np.arange(len(members))
        start = end
    return slices.astype({"image_id": int})


def _file_name(seed: int, number: int) -> str:
    digest = hashlib.md5(f"{seed} {number}".encode(), usedforsecurity=False).hexdigest()
    return f"{number}_jpg.rf.{digest}.jpg"


def _export(images: pd.DataFrame, annotations: list[dict[str, Any]], size: int) -> dict[str, Any]:
    return {
        "info": {"year": DATE[:4], "version": "1", "description": "Generated phantom", "date_created": DATE},
        "licenses": [
            {"id": 1, "url": "https://creativecommons.org/publicdomain/zero/1.0/", "name": "CC0 1.0"}
        ],
        "categories": CATEGORIES,
        "images": [
            {"id": i, "license": 1, "file_name": file, "height": size, "width": size, "date_captured": DATE}
            for i, file in zip(images.image_id.tolist(), images.file, strict=True)
        ],
        "annotations": annotations,
    }


def _regions(tumor: np.ndarray, style: str, labels: str) -> list[dict[str, Any]]:
    """As `_annotate`, but where `labels` asks for outlines of all tumours, or for their boxes."""
    if labels == "outlines" and style == "box":
        style = "rle"
    regions = _annotate(tumor, style)
    return [_boxed(region) for region in regions] if labels == "boxes" else regions


def _boxed(region: dict[str, Any]) -> dict[str, Any]:
    x, y, width, height = region["bbox"]
    right, bottom = x + width, y + height
    corners = [right, y, x, y, x, bottom, right, bottom, right, y]
    return region | {"segmentation": [corners], "area": width * height}


def _annotate(tumor: np.ndarray, style: str) -> list[dict[str, Any]]:
    """Annotate a tumour, bool (rows, columns): no, one or two regions, without their ids.

    Of a tumour between the pixels of a coarse slice, or of an empty half, there is nothing to annotate.
    """
    if style == "none" or not tumor.any():
        return []
    if style == "halves":
        left = np.arange(tumor.shape[1]) < np.median(np.nonzero(tumor)[1])
        return [*_annotate(tumor & left, "outline"), *_annotate(tumor & ~left, "outline")]
    rows, columns = np.nonzero(tumor)
    x, y = int(columns.min()), int(rows.min())
    width, height = int(columns.max()) + 1 - x, int(rows.max()) + 1 - y
    bbox: list[float] = [x, y, width, height]
    area: float = int(tumor.sum())
    segmentation: Any
    if style == "box":
        return [_boxed({"bbox": bbox, "area": area, "segmentation": None, "iscrowd": 0})]
    if style == "outline":
        segmentation, bbox, area = _outline(tumor)
    elif style == "rle":
        encoded = coco_mask.encode(np.asfortranarray(tumor, np.uint8))
        segmentation = {"size": encoded["size"], "counts": encoded["counts"].decode("ascii")}
    else:
        segmentation = {"size": list(tumor.shape), "counts": _run_lengths(tumor)}
    return [{"bbox": bbox, "area": area, "segmentation": segmentation, "iscrowd": 0}]


def _outline(tumor: np.ndarray) -> tuple[list[list[float]], list[float], float]:
    """Polygons around the pixels, their bounding box and area, in pixels."""
    # A contour runs through the centres of border pixels; enlarging first takes it out to their edges.
    zoom = 4
    enlarged = cv2.resize(tumor.astype(np.uint8), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(enlarged, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    polygons = [(cv2.approxPolyDP(c, zoom / 2, closed=True)[:, 0] + 0.5) / zoom for c in contours]
    polygons = [p for p in polygons if len(p) > 2]
    corners = np.concatenate(polygons)
    (x, y), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    area = sum(cv2.contourArea(p.astype(np.float32)) for p in polygons)
    bbox = [float(v) for v in (x, y, right - x, bottom - y)]
    return [p.ravel().tolist() for p in polygons], bbox, float(area)


def _run_lengths(tumor: np.ndarray) -> list[int]:
    """Lengths of runs down the columns, background first."""
    flat = tumor.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat, prepend=False))
    return np.diff(edges, prepend=0, append=flat.size).tolist()
