"""The typed, frozen schema of one entry of `datasets` in params.yaml."""

from itertools import combinations
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from tumorseg.types import Count

NAME = r"^[A-Za-z0-9_-]+$"  # names become file and stage names
SHA256 = r"^[0-9a-f]{64}$"

Name = Annotated[str, Field(pattern=NAME)]
Digest = Annotated[str, Field(pattern=SHA256)]


class Frozen(BaseModel):
    """No unknown key, no conversion of types, no change after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def changed(self, changes: "Frozen | None") -> Self:
        """A copy with the values that `changes` sets."""
        return self.model_copy(update=changes.model_dump(exclude_none=True) if changes else {})


class PhantomSource(Frozen):
    """Generated slices. See `tumorseg.sources.phantom`."""

    kind: Literal["phantom"]
    seed: Annotated[int, Field(ge=0)]
    patients: Annotated[int, Field(ge=6, le=2000)]
    slices_per_patient: Annotated[int, Field(ge=1, le=20)]
    native_size: Annotated[int, Field(ge=64, le=1024)]


class ArchiveSource(Frozen):
    """A COCO export laid out as split folders: a zip file, a folder, or an http(s) address of a zip."""

    kind: Literal["archive"]
    path: Annotated[str, Field(min_length=1)]
    sha256: Digest | None = None  # of the zip file
    digest: Digest | None = None  # of the content, however packed


class KaggleSource(Frozen):
    """A Kaggle dataset, pinned by version and content digest."""

    kind: Literal["kaggle"]
    handle: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$")]
    version: Annotated[int, Field(ge=1)]
    digest: Digest | None = None


Source = Annotated[PhantomSource | ArchiveSource | KaggleSource, Field(discriminator="kind")]


class Blocks(Frozen):
    """Runs of file numbers, for the split strategy of that name."""

    size: Count  # numbers in a run
    gap: Annotated[int, Field(ge=0)]  # numbers that part the slices of two splits, at least


def _checked_classes(classes: dict[str, list[str]]) -> dict[str, list[str]]:
    if "background" in classes:
        raise ValueError("background: every pixel of no class is; choose another name")
    for (one, its), (other, others) in combinations(classes.items(), 2):
        if shared := [category for category in its if category in others]:
            raise ValueError(f"{other}: {', '.join(map(repr, shared))} belongs to {one} already")
    return classes


# By their names in the annotations: one list, or a list for each class of tumour.
Categories = Annotated[list[str], Field(min_length=1)]
Classes = Annotated[
    dict[Name, Categories], Field(min_length=2, max_length=255), AfterValidator(_checked_classes)
]


def _form(value: Any) -> str:
    return "classes" if isinstance(value, dict) else "categories"


class Dataset(Frozen):
    """A profile: where the slices come from, and what suits them."""

    source: Source
    tumor_categories: Annotated[
        Annotated[Categories, Tag("categories")] | Annotated[Classes, Tag("classes")], Discriminator(_form)
    ]
    blocks: Blocks
    image_size: Annotated[int, Field(ge=32, le=1024, multiple_of=32)]  # nets halve it up to 5 times
    epochs: Count
