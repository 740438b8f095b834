"""What the annotations of a file, taken together, say about the way in which their numbers are meant."""

from dataclasses import dataclass, field

from tumorseg.sources.faults import FaultLog
from tumorseg.sources.mending.boxes import Bounds, Box, are_apart, to_bounds

Size = tuple[int, int]  # width, height
PIXEL = 1.0  # how far a box may reach over the image's edge and still be within


@dataclass
class Evidence:
    """Counts of annotations, and where each doubt arose."""

    drawn: int = 0
    tiny: list[str] = field(default_factory=list)  # within the first pixel, in fractions
    tiny_in_large_box: list[str] = field(default_factory=list)
    boxed: int = 0  # with an outline and a box
    apart: list[tuple[str, Bounds, Bounds]] = field(default_factory=list)  # field, outline, box
    lone: int = 0  # boxes without an outline
    lone_beyond: list[str] = field(default_factory=list)  # over the image's edge
    lone_corners: int = 0  # that fit the image as left, top, right, bottom

    def add_outline(self, where: str, bounds: Bounds, box: Box | None) -> None:
        """Note an outline and the box it came with."""
        self.drawn += 1
        tiny = _is_tiny(bounds)
        if tiny:
            self.tiny.append(where)
        if box is None:
            return
        self.boxed += 1
        if tiny and max(box[2:]) > 2:
            self.tiny_in_large_box.append(where)
        elif are_apart(bounds, other := to_bounds(box)):
            self.apart.append((where, bounds, other))

    def add_box(self, where: str, box: Box, size: Size) -> None:
        """Note a box that has no outline."""
        self.drawn += 1
        self.lone += 1
        left, top, right, bottom = to_bounds(box)
        if _is_tiny((left, top, right, bottom)):
            self.tiny.append(where)
        if right > size[0] + PIXEL or bottom > size[1] + PIXEL:
            self.lone_beyond.append(where)
        self.lone_corners += left < box[2] <= size[0] + PIXEL and top < box[3] <= size[1] + PIXEL

    def judge(self, log: FaultLog) -> None:
        """Refuse what is likely to be meant otherwise than COCO means it; list single oddities.

        Raises:
            UserError: Coordinates are from 0 to 1, boxes are corners, or outlines lie elsewhere than boxes.
        """
        if self.tiny_in_large_box or 2 * len(self.tiny) > self.drawn:
            log.refuse(
                (self.tiny_in_large_box or self.tiny)[0],
                f"coordinates from 0 to 1, as {len(self.tiny)} of {self.drawn} annotations have; COCO has "
                "pixels: multiply x by the image's width and y by its height",
            )
        if self.lone_beyond and self.lone_corners == self.lone:
            log.refuse(
                self.lone_beyond[0],
                "reaches out of the image as left, top, width, height; as left, top, right, bottom all "
                f"{self.lone} boxes would fit: write width and height, as COCO has them",
            )
        if 2 * len(self.apart) > self.boxed:
            where, outline, box = self.apart[0]
            log.refuse(
                where,
                f"outline and bbox are of different places, as {len(self.apart)} of {self.boxed} are: "
                f"{_words(outline)} and {_words(box)} (left, top, right, bottom); write both in pixels, "
                "x before y, or remove bbox if the outlines are right",
            )
        for where in self.tiny:
            log.noted("outline_tiny", where, "all coordinates are from 0 to 1; taken as pixels")
        for where, outline, box in self.apart:
            log.noted("box_contradicts", where, f"the outline spans {_words(outline)}, bbox {_words(box)}")


def _is_tiny(bounds: Bounds) -> bool:
    within = min(bounds) >= 0 and max(bounds) <= 1
    return within and any(side != int(side) for side in bounds)


def _words(bounds: Bounds) -> str:
    return "[" + ", ".join(f"{side:.6g}" for side in bounds) + "]"
