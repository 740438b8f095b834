"""docs/params.md: every key of params.yaml, from its schema, and every option of a net, from its `build`."""

import ast
import json
import re
from pathlib import Path
from typing import Any

from models_table import meaning_of
from pydantic import TypeAdapter

from tumorseg.models import registry
from tumorseg.params import Params
from tumorseg.reading import read_yaml
from tumorseg.text import markdown_table

INTRODUCTION = """\
# Parameters

Every key of [`params.yaml`](../params.yaml). A bad value stops the pipeline before it starts: one line names
the key, the value and what is allowed.

The default is the value in `params.yaml`. Change one for a run with `-S`, for example
`dvc exp run -S train.lr=0.001`. A key that is not in the file is added with `+`, for example
`dvc exp run -S +models.unet.epochs=30`.

This page is made from the schema by `make tables`.
"""
HEADER = ["key", "meaning", "unit", "range", "default"]
SECTIONS = ["split", "audit", "augment", "loss", "train", "evaluate", "compute"]
NAMED = {"models": "Model", "ensembles": "Ensemble", "datasets": "Dataset"}  # by section: what an entry is
LIMITS = [("minimum", "from {}"), ("exclusiveMinimum", "above {}"), ("maximum", "to {}")]
LIMITS += [("exclusiveMaximum", "below {}"), ("multipleOf", "in steps of {}")]
PATTERNS = {r"^[0-9a-f]{64}$": "64 hexadecimal digits", r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$": "`owner/name`"}
KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
NOTHING = "—"


def page(root: Path) -> str:
    """The whole page.

    Args:
        root: The project's folder, whose params.yaml has the defaults.
    """
    schema, values = Params.model_json_schema(), read_yaml(root / "params.yaml")
    kinds, top = schema["$defs"], schema["properties"]
    plain = [key for key in top if key not in (*SECTIONS, *NAMED)]
    parts = [INTRODUCTION, "## General", _rows(top, plain, values)]
    for name in SECTIONS:
        section = kinds[top[name]["$ref"].rsplit("/", 1)[1]]
        parts += [f"## `{name}`", section["description"], _rows(section["properties"], None, values[name])]
    parts += _datasets(kinds, values["datasets"])
    for name in ("models", "ensembles"):
        entry = kinds[NAMED[name]]
        parts += [f"## `{name}.<name>`", entry["description"], _rows(entry["properties"], None, {})]
    parts += _architectures()
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _datasets(kinds: dict[str, Any], datasets: dict[str, Any]) -> list[str]:
    own = {
        key: each for key, each in kinds["Dataset"]["properties"].items() if key not in ("source", "blocks")
    }
    blocks = {f"blocks.{key}": each for key, each in kinds["Blocks"]["properties"].items()}
    rows = [
        [f"`{key}`", *_described(each), _by_dataset(key, datasets)] for key, each in {**own, **blocks}.items()
    ]
    parts = ["## `datasets.<name>`", kinds["Dataset"]["description"], _table(rows)]
    for name, dataset in datasets.items():
        source = kinds[f"{dataset['source']['kind'].capitalize()}Source"]
        parts += [f"### `datasets.{name}.source`", source["description"]]
        parts += [_rows(source["properties"], None, dataset["source"])]
    return parts


def _by_dataset(key: str, datasets: dict[str, Any]) -> str:
    """The value that each dataset has, or the one that all have."""
    names: dict[str, list[str]] = {}
    for name, value in datasets.items():
        for part in key.split("."):
            value = value[part]
        names.setdefault(_value(value), []).append(name)
    if len(names) == 1:
        return next(iter(names))
    return "; ".join(f"{value} ({', '.join(of)})" for value, of in names.items())


def _architectures() -> list[str]:
    parts = ["## Architectures", "What `architecture` may be, with the options of each."]
    for name in registry.architectures():
        module = ast.parse((registry.FOLDER / f"{name}.py").read_text(encoding="utf-8"))
        build = next(each for each in module.body if getattr(each, "name", "") == "build")
        meanings = _arguments(ast.get_docstring(build) or "")
        parts += [f"### `{name}`", meaning_of(module)]
        rows = []
        for option, (kind, default) in registry.describe(name).options.items():
            if option not in meanings:
                raise ValueError(f"{name}: build() does not say what {option} is")
            schema = TypeAdapter(kind).json_schema()
            rows.append([f"`{option}`", meanings[option], _range(schema), _value(default)])
        parts += [_table(rows, ["option", "meaning", "range", "default"])] if rows else []
    return parts


def _arguments(docstring: str) -> dict[str, str]:
    """What the part `Args:` of a docstring says of each argument."""
    body = docstring.partition("Args:\n")[2].split("\n\n")[0]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", body, re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text).rstrip(".") for name, text in entries}


def _rows(properties: dict[str, Any], keys: list[str] | None, values: dict[str, Any]) -> str:
    rows = []
    for key in keys or properties:
        schema = properties[key]
        default = values.get(key, schema.get("default", NOTHING))
        rows.append([f"`{key}`", *_described(schema), _value(default)])
    return _table(rows)


def _described(schema: dict[str, Any]) -> list[str]:
    """Meaning, unit and range of one key."""
    if "description" not in schema:
        raise ValueError(f"{schema.get('title')}: no description in the schema")
    return [schema["description"], schema.get("unit") or NOTHING, _range(schema)]


def _range(schema: dict[str, Any]) -> str:
    """What a value may be, in words."""
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema:
            return "; or ".join(dict.fromkeys(_range(each) for each in schema[alternatives]))
    if "$ref" in schema:
        return f"keys of `{schema['$ref'].rsplit('/', 1)[1].removesuffix('Changes').lower()}`"
    if "const" in schema or "enum" in schema:
        return ", ".join(_value(each) for each in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "null":
        return "`null`"
    if schema["type"] == "array":
        return f"list of: {_range(schema['items'])}"
    if schema["type"] == "object":
        entries = schema.get("additionalProperties") or next(iter(schema["patternProperties"].values()))
        return f"by name: {_range(entries) if '$ref' not in entries else 'see below'}"
    if schema.get("pattern") in PATTERNS:
        return PATTERNS[schema["pattern"]]
    limits = [words.format(f"{schema[key]:,}") for key, words in LIMITS if key in schema]
    return " ".join([KINDS[schema["type"]], *limits])


def _value(value: Any) -> str:
    return value if value == NOTHING else f"`{json.dumps(value) if not isinstance(value, str) else value}`"


def _table(rows: list[list[str]], header: list[str] = HEADER) -> str:
    return markdown_table(header, rows)
