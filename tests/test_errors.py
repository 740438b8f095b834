from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from tumorseg.errors import explain, explain_first


class Entry(BaseModel, extra="forbid"):
    size: Annotated[int, Field(ge=1)]
    kind: Literal["A", "B"] = "A"
    of: list[int | str] = []

    @field_validator("size")
    @classmethod
    def _lucky(cls, size: int) -> int:
        if size == 13:
            raise ValueError("brings bad luck, as 13 does")
        return size

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind == "B":
            raise ValueError("b: is no longer made")
        return kind


class File(BaseModel):
    entries: list[Entry]


def refused(document: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        File.model_validate(document)
    return caught.value


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"size": 0}, "entries.0.size: input should be greater than or equal to 1, not 0"),
        ({}, "entries.0.size: missing key"),
        ({"size": 1, "sise": 2}, "entries.0.sise: unknown key"),
        ({"size": 1, "kind": "C"}, "entries.0.kind: input should be 'A' or 'B', not 'C'"),
        ({"size": 1, "kind": "B"}, "entries.0.kind.b: is no longer made"),
        ({"size": 13}, "entries.0.size: brings bad luck, as 13 does"),
        (
            {"size": 1, "of": [None]},
            "entries.0.of.0: input should be a valid integer, not None; "
            "entries.0.of.0: input should be a valid string, not None",
        ),
    ],
)
def test_a_line_has_the_key_what_is_wrong_and_the_value(entry, line):
    document = {"entries": [entry]}
    assert explain(refused(document), document) == line


def test_without_the_document_types_of_a_value_are_named_too():
    line = explain(refused({"entries": [{"size": 1, "of": [None]}]}))
    assert "entries.0.of.0.int: " in line
    assert "entries.0.of.0.str: " in line


def test_a_whole_file_is_not_repeated():
    line = explain(refused({"entries": "x" * 10_000}))
    assert line.startswith("entries: input should be a valid list, not 'xxx")
    assert len(line) < 150


def test_of_many_defects_the_first_is_told_and_the_others_counted():
    document = {"entries": [{"size": 1, "of": [None]}, {"size": 0}]}
    assert explain_first(refused(document), branches=("int", "str")) == (
        "entries[0].of[0]: Input should be a valid integer (and 2 more errors)"
    )
    document = {"entries": [{"size": 0}, {"size": 0}]}
    assert explain_first(refused(document)).endswith(" (and 1 more error)")
    document = {"entries": [{"size": 0}] * 9}
    assert explain(refused(document), document).endswith("; and 1 more error")
