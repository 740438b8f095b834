"""The typed, frozen schema of one entry of `datasets` in params.yaml."""

from itertools import combinations
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from tumorseg.types import (
    MOST_PIXELS,
    Boxes,
    Channels,
    Count,
    Exif,
    FileNumbers,
    Name,
    OnMissing,
    Seed,
    Text,
    described,
)

SHA256 = r"^[0-9a-f]{64}$"

Digest = Annotated[str, Field(pattern=SHA256)]


class Frozen(BaseModel):
    """No unknown key, no conversion of types, no change after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def changed(self, changes: "Frozen | None") -> Self:
        """A copy with the values that `changes` sets."""
        return self.model_copy(update=changes.model_dump(exclude_none=True) if changes else {})


def changes_of(section: type[Frozen]) -> type[Frozen]:
    """A section with the same keys, each of which may be left out."""
    # Field(), since a type without a range has no metadata, and Annotated wants some.
    fields: dict[str, Any] = {
        key: (Annotated[field.annotation, Field(), *field.metadata] | None, None)
        for key, field in section.model_fields.items()
    }
    return create_model(f"{section.__name__}Changes", __base__=Frozen, **fields)


class PhantomSource(Frozen):
    """Generated slices; they need no download. See `tumorseg.sources.phantom`."""

    kind: Literal["phantom"] = described("generated slices")
    seed: Seed = described("seed of everything that is drawn")
    patients: Annotated[int, Field(ge=6, le=2000)] = described("how many patients are generated", "patients")
    slices_per_patient: Annotated[int, Field(ge=1, le=20)] = described("slices of each patient", "slices")
    native_size: Annotated[int, Field(ge=64, le=1024)] = described(
        "side of a slice as generated, before it is resized to `image_size`", "pixels"
    )
    labels: Literal["mixed", "outlines", "boxes"] = described(
        "`mixed`: outlines, and a box for one tumour in four; `outlines`: the true outline of every tumour; "
        "`boxes`: its box",
        default="mixed",
    )


class ArchiveSource(Frozen):
    """An annotated set: a zip or tar file, a folder, a COCO JSON beside pictures, or an http(s) address."""

    kind: Literal["archive"] = described("an annotated set, in any layout of docs/datasets.md")
    path: Text = described(
        "path of a zip or tar file, a folder or a COCO JSON, or http(s) address of such a file"
    )
    missing: OnMissing = described(
        "pictures that annotations name and that are not there, and annotations of pictures that are not "
        "listed: `refuse` stops, `leave out` leaves them out and lists them",
        default="refuse",
    )
    sha256: Digest | None = described(
        "SHA-256 of the file; another file is refused; `null`: not checked", default=None
    )
    digest: Digest | None = described(
        "digest of the content, however it is packed; `null`: not checked", default=None
    )
    exif: Exif = described(
        "where EXIF turns pictures when they are shown: whether outlines are of them as `stored` or `shown`",
        default="stored",
    )


class KaggleSource(Frozen):
    """A Kaggle dataset, pinned by version and content digest. The download needs a Kaggle token."""

    kind: Literal["kaggle"] = described("a Kaggle dataset")
    handle: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$", max_length=200)] = described(
        "`owner/name` of the dataset"
    )
    version: Count = described("version of the dataset on Kaggle")
    digest: Digest | None = described("digest of the content; `null`: not checked", default=None)


Source = Annotated[PhantomSource | ArchiveSource | KaggleSource, Field(discriminator="kind")]


class Blocks(Frozen):
    """Blocks of file numbers, for `split.strategy: blocks`."""

    size: Annotated[FileNumbers, Field(ge=1)] = described(
        "length of one block; a block is never divided between splits", "file numbers"
    )
    gap: FileNumbers = described(
        "slices at most this many file numbers away from another split are left out; test keeps all of "
        "its slices",
        "file numbers",
    )


def _checked_classes(classes: dict[str, list[str]]) -> dict[str, list[str]]:
    if "background" in classes:
        raise ValueError("background: every pixel of no class is; choose another name")
    for (one, its), (other, others) in combinations(classes.items(), 2):
        if shared := [category for category in its if category in others]:
            raise ValueError(f"{other}: {', '.join(map(repr, shared))} belongs to {one} already")
    return classes


# By their names in the annotations: one list, or a list for each class of tumour.
Categories = Annotated[list[Text], Field(min_length=1, max_length=1000)]
Classes = Annotated[
    dict[Name, Categories], Field(min_length=2, max_length=255), AfterValidator(_checked_classes)
]


def _form(value: Any) -> str:
    return "all" if value is None else "classes" if isinstance(value, dict) else "categories"


class Dataset(Frozen):
    """One dataset: where its slices come from, and the settings that suit it."""

    source: Source = described("where the slices come from")
    tumor_categories: Annotated[
        Annotated[Categories, Tag("categories")]
        | Annotated[Classes, Tag("classes")]
        | Annotated[None, Tag("all")],
        Discriminator(_form),
    ] = described(
        "categories of the annotations that count as tumour, by name: "
        "one list, or a list for each class of tumour; `null`: all of them"
    )
    boxes: Boxes = described(
        "labels that are upright boxes: `keep`: the box is the mask; `grabcut`: the outline that GrabCut "
        "finds within the box, which is a guess (docs/boxes.md)",
        default="keep",
    )
    blocks: Blocks = described("blocks of file numbers, for `split.strategy: blocks`")
    image_size: Annotated[int, Field(ge=32, le=MOST_PIXELS, multiple_of=32)] = described(
        "side of slices and masks in training and evaluation (the working size)", "pixels"
    )  # nets halve it up to 5 times
    channels: Channels = described(
        "1: slices in grey; 3: in colour, red, green and blue, as pretrained encoders know them", default=1
    )
    epochs: Count = described("epochs of training; a model may have its own", "epochs")
