"""From what is given on the command line to sources: by content, not by name."""

from collections import Counter
from pathlib import Path, PurePosixPath

from tumorseg.data.read import DEFAULT, Reading
from tumorseg.delivery.inputs.files import GIVE, Content, InputFile, list_files
from tumorseg.delivery.inputs.names import name_each
from tumorseg.delivery.inputs.source import Source, Unreadable
from tumorseg.delivery.inputs.window import Window, parse_window
from tumorseg.errors import UserError


def find_sources(
    arguments: list[str], window: str = "auto", reading: Reading = DEFAULT, out: Path | None = None
) -> list[Source]:
    """What the arguments stand for, sorted by name; no pixels are read.

    Args:
        arguments: Files, folders (with all below), zips, patterns, or - for a file on stdin. What is in a
            folder is told by its content. Files of other kinds are passed over, unless they were given by
            name or are called like a picture, DICOM or NIfTI file.
        window: As --window; see `window.parse_window`.
        reading: How the net's training pictures were read; so are pictures.
        out: The folder of results, which are no inputs.

    Raises:
        UserError: An argument stands for nothing or for results, a zip is unsafe, or nothing at all can be
            segmented. A bad file among others is a source whose slices raise.
    """
    wanted = parse_window(window)
    files = list_files(arguments)
    if out is not None:
        _check_apart(files, out)
    contents = {file: file.content() for file in files}
    series = _series([file for file in files if contents[file] == "dicom"], wanted)
    single = [file for file in files if contents[file] in ("picture", "nifti") or _lost(file, contents[file])]
    places = [file.place for file in single]
    folders = {str(parent) for place in places for parent in place.parents} - {"."}  # slices lie in them
    names = name_each(places, [*(source.name for source in series), *folders])
    named = zip(single, names, strict=True)
    sources = [*series, *(_source(file, name, contents[file], wanted, reading) for file, name in named)]
    if not sources:
        raise UserError(f"{', '.join(arguments)}: {_what_there_was(files)}; {GIVE}")
    return sorted(sources, key=lambda source: source.name)


def _check_apart(files: list[InputFile], out: Path) -> None:
    """Raise a `UserError` where results of an earlier call are among the files, as a pattern may have it."""
    root = out.resolve()
    for file in files:
        if file.path and file.path.resolve().is_relative_to(root):
            raise UserError(
                f"{file.shown}: lies in -o {out}, so it is a result and no input; give a pattern that leaves "
                "that folder out, such as '*.png', or another folder"
            )


def _lost(file: InputFile, content: Content) -> bool:
    """Whether a file was meant as an input and is none."""
    return content == "other" and file.expected()


def _source(file: InputFile, name: str, content: Content, window: Window, reading: Reading) -> Source:
    """The source that a picture, NIfTI file or unknown file is."""
    if content == "picture":
        from tumorseg.delivery.inputs.pictures import Picture

        return Picture(name, "picture", file, window, reading)
    if content == "nifti":
        from tumorseg.delivery.inputs.nifti import NiftiVolume
        from tumorseg.delivery.inputs.nifti_headers import read_layout

        try:
            return NiftiVolume(name, "nifti", file, read_layout(file), window)
        except UserError as error:
            return Unreadable(name, "nifti", str(error))
    try:
        what = "is no picture, DICOM or NIfTI file" if file.read(1) else "is empty"
    except UserError as error:
        return Unreadable(name, "picture", str(error))
    return Unreadable(name, "picture", f"{file.shown}: {what}; get it anew, or leave it out")


def _series(files: list[InputFile], window: Window) -> list[Source]:
    """The series of DICOM files, and what stands for those that cannot be read; neither names a file."""
    if not files:
        return []
    from tumorseg.delivery.inputs.dicom import DicomSeries
    from tumorseg.delivery.inputs.dicom_headers import group_frames, read_frames

    frames, sources = [], list[Source]()
    for place, file in enumerate(files, 1):
        try:
            frames += read_frames(file)
        except UserError as error:
            name = f"dicom_{place}"
            # A path may hold the patient's name.
            message = f"{name}: the DICOM file number {place} of {len(files)} in the order of names: {error}"
            sources.append(Unreadable(name, "dicom", message))
    for number, group in enumerate(group_frames(frames), 1):
        sources.append(DicomSeries(f"series_{number}", "dicom", tuple(group), window))
    return sources


def _what_there_was(files: list[InputFile]) -> str:
    """How many files there were, and of which kinds."""
    if not files:
        return "no file in there"
    counts = Counter(PurePosixPath(file.place.name.lower()).suffix or "no suffix" for file in files)
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common(5))
    what = "1 file" if len(files) == 1 else f"{len(files)} files"
    return f"no slice to segment in {what} ({kinds})"
