"""One phantom patient: a head in some pose with one tumour, cut into slices. Lengths are in cm."""

from typing import Literal

import cv2
import numpy as np

from tumorseg.sources.phantom.anatomy import CEREBRUM, FLUID, Traits, paint_brain, paint_skull
from tumorseg.sources.phantom.shapes import Canvas, Point, Waves, both, column, ellipsoid

Plane = Literal["axial", "coronal", "sagittal"]
Tumor = Literal["glioma", "meningioma", "pituitary"]

# Directions of growing column and row, the middle of the image, and the range of its width: the face is up in
# axial slices and to the left in sagittal ones.
VIEWS: dict[Plane, tuple[Point, Point, Point, tuple[float, float]]] = {
    "axial": ((1, 0, 0), (0, -1, 0), (0, 0, 0), (20.5, 23.5)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 0, -1.2), (19.5, 22.5)),
    "sagittal": ((0, -1, 0), (0, 0, -1), (0, 0.9, -1.6), (21.5, 24.5)),
}
# Such that tumours take the share of the image that the real set's take.
RADIUS: dict[Tumor, tuple[float, float]] = {
    "glioma": (2.3, 3.4),
    "meningioma": (1.8, 2.9),
    "pituitary": (1.2, 2.0),
}


class Head:
    """A patient.

    Args:
        rng: Where everything about the patient is drawn from, the noise of its slices included.
        plane: How its slices are cut.
        kind: The look of its tumour.
    """

    def __init__(self, rng: np.random.Generator, plane: Plane, kind: Tumor) -> None:
        self.rng, self.plane, self.kind = rng, plane, kind
        right, down, middle, widths = VIEWS[plane]
        angle = np.radians(rng.uniform(-9, 9))
        self.right = np.cos(angle) * np.array(right) - np.sin(angle) * np.array(down)
        self.down = np.cos(angle) * np.array(down) + np.sin(angle) * np.array(right)
        self.normal = np.abs(np.cross(right, down))
        self.middle, self.width = middle + rng.normal(0, 0.3, 3), rng.uniform(*widths)
        self.stretch, self.warp = rng.uniform(0.95, 1.04, 3), [Waves(rng, 12) for _ in range(3)]
        self.traits = Traits(rng)
        self.noise = rng.uniform(0.012, 0.035)
        self.coil, self.unevenness = Waves(rng, 30), rng.uniform(0.05, 0.16)
        self.radius = rng.uniform(*RADIUS[kind])
        self.radii = self.radius * rng.uniform(0.85, 1.18, 3)
        self.tumor = self._site()
        self.enhancement = rng.uniform(0.55, 0.95)
        self.rim, self.core = rng.uniform(0.3, 0.9), rng.uniform(0.12, 0.4)
        self.oedema = rng.uniform(0.3, 1.5)

    def _site(self) -> np.ndarray:
        rng = self.rng
        if self.kind == "pituitary":  # grows upwards out of its seat
            return np.array([rng.normal(0, 0.2), 1.9, -2.6 + 0.5 * (self.radius - 1.3)])
        side = rng.choice([-1, 1])
        if self.kind == "glioma":
            return np.array([side * rng.uniform(1.8, 3.8), rng.uniform(-4.5, 4), rng.uniform(1.2, 3.8)])
        # A meningioma sits on the vault, not far from its middle along the normal, so that slices are large.
        angle = rng.uniform(0.05, 0.95) * np.pi
        right, down, *_ = VIEWS[self.plane]
        out = np.cos(angle) * np.array(right) - np.sin(angle) * np.array(down)
        out = out * (1, side, 1) if self.plane == "axial" else out
        out = out + rng.uniform(-0.3, 0.45) * self.normal
        centre, radii = np.array(CEREBRUM)
        out /= np.linalg.norm(out / radii)
        return centre + out * (1 - 0.5 * self.radius / np.linalg.norm(out))

    def slice(self, position: float, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Cut the head and its tumour.

        Args:
            position: Where along the normal, from -1 to 1 over the tumour's extent.
            size: Pixels a side.

        Returns:
            The image, uint8 (size, size), and the tumour, bool (size, size).
        """
        along = self.normal * (self.tumor + position * self.radii)
        canvas = Canvas(self.middle * (1 - self.normal) + along, self.right, self.down, self.width, size)
        points = canvas.points()
        warped = (points + 0.22 * np.stack([canvas.sample(w) for w in self.warp])) / column(self.stretch)
        inside = paint_skull(canvas, warped, self.traits)
        # The tumour pushes aside what is around it; the skull does not give way.
        away = points - column(self.tumor)
        far = np.einsum("kij,kij->ij", away, away) / self.radius**2
        paint_brain(canvas, warped - 0.45 * away / (1 + far) ** 2, inside, self.traits)
        tumor = ellipsoid(points, self.tumor, self.radii)
        tumor += 0.1 * self.radius * np.clip(canvas.sample(self.traits.lumps), -1.5, 1.5)
        if self.kind != "pituitary":
            tumor = both(tumor, inside)
        self._paint_tumor(canvas, tumor, inside)
        return self._scan(canvas), tumor < 0

    def _paint_tumor(self, canvas: Canvas, tumor: np.ndarray, inside: np.ndarray) -> None:
        texture = 1 + 0.05 * canvas.sample(self.traits.texture)
        if self.kind != "glioma":
            canvas.paint(tumor - 0.1, FLUID, soft=0.1, alpha=0.6)
            canvas.paint(tumor, self.enhancement * texture, soft=0.12)
            return
        lumps, folds = canvas.sample(self.traits.lumps), canvas.sample(self.traits.folds)
        swollen = both(tumor - self.oedema * np.clip(0.7 + 0.6 * lumps, 0, 2), inside + 0.3)
        canvas.paint(swollen, self.traits.brain * 0.3, soft=0.9, alpha=0.8)
        canvas.paint(tumor, self.enhancement * texture * np.clip(0.85 + 0.15 * folds, 0.6, 1), soft=0.15)
        canvas.paint(tumor + self.rim * (1 + 0.5 * folds), self.core * texture, soft=0.3)

    def _scan(self, canvas: Canvas) -> np.ndarray:
        """What the scanner makes of it: blur, an uneven coil, Rician noise, 8 bits."""
        image = cv2.GaussianBlur(canvas.image, (0, 0), 0.04 / canvas.pixel + 0.3)
        image *= np.exp(self.unevenness * canvas.sample(self.coil))
        real, imaginary = self.rng.normal(0, self.noise, (2, *image.shape))
        return np.clip(np.rint(255 * np.hypot(image + real, imaginary)), 0, 255).astype(np.uint8)
