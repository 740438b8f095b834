"""Pictures: PNG, JPEG, TIFF and what else OpenCV reads, in grey as training reads them."""

from dataclasses import dataclass

import cv2
import numpy as np

from tumorseg.data.headers import header_of
from tumorseg.data.read import Reading, channel_range, decode_values, to_greys
from tumorseg.data.remarks import captured_remarks, refuse_damage
from tumorseg.delivery.inputs.files import InputFile
from tumorseg.delivery.inputs.source import InputSlice, Source
from tumorseg.delivery.inputs.window import Window, guess_window
from tumorseg.errors import UserError

COLOURED = 8  # levels by which channels may differ in a grey picture: what JPEG does to it


@dataclass(frozen=True)
class Picture(Source):
    """A picture of one slice."""

    file: InputFile
    window: Window
    reading: Reading  # of the net's training pictures

    def names(self) -> list[str]:
        return [self.name]

    def read(self, index: int) -> InputSlice:
        data, shown = self.file.read(), self.file.shown
        header_of(data, shown)
        with captured_remarks() as remarks:
            values = decode_values(data, shown, self.reading, deep=True)
            stored = cv2.imdecode(
                np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
            )
            refuse_damage(remarks(), shown)
        assert stored is not None  # else there would be no values
        greys, clipped = self._greys(values)
        return InputSlice(self.name, greys, None, (*codes_of(stored, self.reading.channels), *clipped))

    def _greys(self, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Values as uint8, and a code where some lie outside the range of the training slices."""
        known = self.reading.greys
        if self.window.mode == "fixed":
            return to_greys(values, self.window.low, self.window.high), []
        if values.dtype == np.uint8:
            return values, []
        if known:
            outside = values.min() < known[0] or values.max() > known[1]
            return to_greys(values, *known), ["clipped"] if outside else []
        return deep_to_greys(values, self.window, self.file.shown), []


def codes_of(stored: np.ndarray, channels: int) -> list[str]:
    """Codes of what a net of so many channels loses of a picture, (H, W) or (H, W, C) as it is stored."""
    codes = []
    if stored.ndim == 3:
        colours = stored[..., : 3 if stored.shape[2] >= 3 else 1]
        scale = 255 / np.iinfo(stored.dtype).max if stored.dtype.kind == "u" else 1.0
        if channels == 1 and channel_range(colours).max() * scale > COLOURED:
            codes.append("colour")
        if stored.shape[2] in (2, 4) and stored[..., -1].min() != stored[..., -1].max():
            codes.append("alpha")
    if stored.dtype != np.uint8:
        codes.append("over-8-bits")
    return codes


def deep_to_greys(values: np.ndarray, window: Window, shown: str) -> np.ndarray:
    """A picture of more than 8 bits, (H, W) or (H, W, 3), which errors call `shown`, as uint8.

    Where its values are 8 bits in a wider type, they are taken back exactly: up to 255, times 257 (as PNG
    widens them) or times 256. Else no file says which value is white, and scanners use a small part of the
    range: it is what `guess_window` finds.
    """
    if values.dtype == np.uint16:
        if values.max() <= 255:
            return values.astype(np.uint8)
        for step in (257, 256):
            if not (values % step).any():
                return (values // step).astype(np.uint8)
    if window.mode == "dicom":
        raise UserError(f"{shown}: a picture names no window; use --window auto or LOW:HIGH")
    return to_greys(values, *guess_window([values]))
