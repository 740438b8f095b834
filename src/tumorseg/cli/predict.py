"""tumorseg predict"""

import json
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from tumorseg.cli.options import Device, Model, Runtime

FORMATS = ("png", "overlay", "coco", "csv", "html", "nifti", "seg")


def formats_of(text: str) -> str:
    """Check a list of formats."""
    if unknown := [name for name in text.split(",") if name not in FORMATS]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(FORMATS)}")
    return text


def part_of(text: str) -> str:
    """Check I/N."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(f"{text!r} is not I/N with I from 1 to N, such as 2/4")
    return text


def window_of(text: str) -> str:
    """Check a window."""
    number = r"-?\d+(?:\.\d+)?"
    match = re.fullmatch(f"({number}):({number})", text)
    if text not in ("auto", "dicom") and not (match and float(match[1]) < float(match[2])):
        raise typer.BadParameter(f"{text!r} is neither auto, dicom nor LOW:HIGH, such as 0:1200")
    return text


def threshold_of(value: float | None) -> float | None:
    """Check a threshold."""
    if value is not None and not 1 / 256 <= value < 1:
        raise typer.BadParameter(f"{value:g} is not from 0.004 to below 1")
    return value


Sources = Annotated[
    list[str],
    typer.Argument(show_default=False, help="Files, folders, zip files, patterns, or -."),
]
Out = Annotated[Path, typer.Option("--out", "-o", show_default=False, help="The folder of the results.")]
Threshold = Annotated[
    float | None, typer.Option(callback=threshold_of, show_default=False, help="Instead of the net's own.")
]
Window = Annotated[
    str, typer.Option(callback=window_of, help="Of greys beyond 8 bits: auto, dicom or LOW:HIGH.")
]
Formats = Annotated[str, typer.Option(callback=formats_of, help=f"What to write, of {', '.join(FORMATS)}.")]
Probabilities = Annotated[bool, typer.Option("--probabilities", help="Write levels/ too.")]
Part = Annotated[str, typer.Option(callback=part_of, help="Do the I-th of N parts of the inputs alone.")]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Delete earlier results, corrected masks too, and make all anew."),
]
Strict = Annotated[bool, typer.Option("--strict", help="A warning gives status 4.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


def predict(
    source: Sources,
    out: Out,
    model: Model = "delivered",
    runtime: Runtime = "torch",
    device: Device = "auto",
    threshold: Threshold = None,
    window: Window = "auto",
    formats: Formats = "png,overlay,coco,csv,html,nifti",
    probabilities: Probabilities = False,
    part: Part = "1/1",
    overwrite: Overwrite = False,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Segment tumours in slices: masks, outlines, tables, annotations, a page.

    What is done is not done again by the same command; so it goes on after a kill. Status 0: all is done,
    whether or not anything is found; 1: nothing is done; 2: wrong usage; 3: some inputs failed; 4: --strict,
    and there are warnings.

    \b
    Examples:
      tumorseg predict scans/ -o results
      tumorseg predict a.png b.jpg -o results --threshold 0.5
      tumorseg predict scans/ -o results --part 2/4
    """
    from tumorseg.delivery.predict import Options, predict
    from tumorseg.delivery.summary import as_dict, status_of, summary

    number, parts = part.split("/")
    options = Options(
        model=model,
        runtime=runtime,
        device=device,
        threshold=threshold,
        window=window,
        formats=frozenset(formats.split(",")),  # type: ignore[arg-type]  # checked above
        probabilities=probabilities,
        part=(int(number), int(parts)),
        overwrite=overwrite,
    )
    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        counts = predict(source, out, options)
    typer.echo(json.dumps(as_dict(counts)) if as_json else summary(counts, out))
    raise typer.Exit(status_of(counts, strict))
