"""The lists of ImageSets, as Pascal VOC has them: a text file a split, with the name of a picture a line."""

from collections.abc import Collection

from tumorseg import SPLITS
from tumorseg.errors import SHORT, UserError
from tumorseg.sources.faults import Fault
from tumorseg.sources.layouts.layout import by_split
from tumorseg.sources.layouts.words import SPLIT_OF, split_of_folder
from tumorseg.sources.mending.finding import AmbiguousError, Finder
from tumorseg.sources.tree import Tree, folder_of, stem_of

FOLDER = "ImageSets"
Groups = dict[str | None, list[str]]  # pictures by split; by None where there are no splits


class _Pictures:
    """Finds those that a list names: below the folder in which its ImageSets lies, if any picture is."""

    def __init__(self, pictures: Collection[str], annotated: Collection[str]):
        self._pictures, self._annotated = list(pictures), set(annotated)
        self._finders: dict[str, tuple[Finder, Finder]] = {}  # by that folder: of all, and of annotated ones

    def find(self, root: str, name: str) -> str | None:
        """The picture of this name; where several fit, as masks may beside it, the annotated one.

        Raises:
            AmbiguousError: Several annotated ones fit, or several of which none is annotated.
        """
        if root not in self._finders:
            below = [name for name in self._pictures if name.startswith(root)] or self._pictures
            own = [name for name in below if name in self._annotated]
            self._finders[root] = Finder(below, (root,)), Finder(own, (root,))
        every, annotated = self._finders[root]
        try:
            match = every.find(name)
        except AmbiguousError:
            match = annotated.find(name)
        return match.picture if match else None


def shipped_splits(
    tree: Tree, pictures: Collection[str], annotated: Collection[str], task: str
) -> tuple[Groups, tuple[Fault, ...]]:
    """Annotated pictures by the split whose list names them; by their folders where there are no lists.

    Args:
        tree: The set.
        pictures: Those that lists may name.
        annotated: Those of them that have annotations.
        task: The folder of ImageSets that counts, if the set has it: VOC has other splits for other tasks.

    Returns:
        The pictures; and the faults: names without a picture, and pictures that no list names.

    Raises:
        UserError: A name fits several pictures, no name of a list fits, a picture is of two splits, or no
            picture that is listed is annotated; and as of `by_split`.
    """
    finder, faults = _Pictures(pictures, annotated), list[Fault]()
    lists = {name: _named(tree, name, finder, faults) for name in _lists(tree, task)}
    if not any(lists.values()):
        return by_split(annotated, tree.shown), tuple(faults)
    owners: dict[str, str] = {}  # the list of each picture
    for name, listed in lists.items():
        for picture in listed:
            if _split(first := owners.setdefault(picture, name)) != _split(name):
                raise UserError(
                    f"{tree.shown}: {picture!r} is of {_split(first)} in {first!r}, but of {_split(name)} in "
                    f"{name!r}; take it out of one of them"
                )
    groups: Groups = {}
    for picture in annotated:
        if picture in owners:
            groups.setdefault(_split(owners[picture]), []).append(picture)
        else:
            split, reason = split_of_folder(folder_of(picture)) or "", f"it is in no list of {FOLDER}"
            faults.append(Fault(split, picture, "", "picture_unlisted", "left out", reason))
    if not groups:
        raise UserError(
            f"{tree.shown}: {next(iter(lists))!r}: no picture in the lists has annotations; list those that "
            "have, or take the lists out"
        )
    return {split: groups[split] for split in SPLITS if split in groups}, tuple(faults)


def _lists(tree: Tree, task: str) -> list[str]:
    """The lists of splits: those of the task, else all."""
    lists = [name for name in tree.ending(".txt") if FOLDER in name.split("/")[:-1] and _split(name)]
    return [name for name in lists if name.split("/")[-2] == task] or lists


def _split(name: str) -> str | None:
    """The split of a list, if all of its name says one: trainval.txt and cat_train.txt repeat others."""
    return SPLIT_OF.get(stem_of(name).lower())


def _named(tree: Tree, name: str, finder: _Pictures, faults: list[Fault]) -> list[str]:
    """The pictures that a list names; names without one become faults.

    Raises:
        UserError: A name fits several pictures, or there are names and none fits.
    """
    root = f"/{name}"[: f"/{name}".index(f"/{FOLDER}/") + 1].removeprefix("/")
    pictures, missing = list[str](), list[Fault]()
    lines = tree.read(name).decode("utf-8-sig", "replace").splitlines()
    for at, line in enumerate(map(str.strip, lines), start=1):
        if not line:
            continue
        try:
            # Behind a name VOC has the number of an object, or whether the picture shows a class.
            picture = finder.find(root, line) or finder.find(root, line.split()[0])
        except AmbiguousError as error:
            raise UserError(
                f"{tree.shown}: {name}: line {at}: {SHORT.repr(line)} is ambiguous: {error}; write the "
                "picture's path from the set's root, with its suffix"
            ) from None
        if picture:
            pictures.append(picture)
        else:
            reason = f"no picture is called {SHORT.repr(line)}"
            kind = "listed_without_picture"
            missing.append(Fault(_split(name) or "", name, f"line {at}", kind, "left out", reason))
    if missing and not pictures:
        raise UserError(
            f"{tree.shown}: {name}: none of its {len(missing)} names is a picture's: {missing[0].field}: "
            f"{missing[0].reason}; mend the list, or take it out"
        )
    faults += missing
    return pictures
