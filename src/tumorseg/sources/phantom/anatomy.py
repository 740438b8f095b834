"""Paints the tissues of a made-up head onto a slice, with the grey levels of T1-weighted MRI with contrast.

The origin is near the middle of the cerebrum. The tables are in cm: centres and radii of ellipsoids, radii
and paths of tubes.
"""

import numpy as np

from tumorseg.sources.phantom.shapes import (
    Canvas,
    Point,
    Points,
    Waves,
    both,
    ellipsoid,
    mirrored,
    tube,
    union,
)

CEREBRUM: tuple[Point, Point] = ((0, -0.3, 1.5), (6.9, 8.4, 6.0))
FOLD = 2.5  # wavelength of the cortical folds: two sulci

# Grey levels, 0 to 1, before each head's own contrast.
AIR, FLUID, BONE, MARROW = 0.02, 0.10, 0.06, 0.5
MUSCLE, GREY, WHITE, ENHANCED, FAT = 0.34, 0.36, 0.47, 0.8, 0.92


class Traits:
    """What makes one head's tissues differ from another's."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.scalp = rng.uniform(0.35, 0.8)  # thickness, cm
        self.sulcus = rng.uniform(0.02, 0.14)  # half the width, cm
        self.horns = rng.uniform(0, 0.3)  # what the ventricles are swollen by, cm
        self.brain = rng.uniform(0.7, 1.05)  # its brightness
        self.contrast = rng.uniform(0.5, 1.6)  # of grey against white matter
        self.folds, self.texture = Waves(rng, FOLD), Waves(rng, 1.2)
        self.vessels, self.lumps = Waves(rng, 3.2), Waves(rng, 4.0)


def paint_skull(canvas: Canvas, p: Points, traits: Traits) -> np.ndarray:
    """Paint all but the brain on an empty canvas; return the signed distance to the inside of the skull."""
    texture, lumps, pair = canvas.sample(traits.texture), canvas.sample(traits.lumps), mirrored(p)
    cerebrum = ellipsoid(p, *CEREBRUM)
    floor = -1.6 - p[2] - 0.6 * np.maximum(1 - p[1], 0)
    inside = union(
        both(cerebrum, floor),
        ellipsoid(pair, (4.3, 1.4, -2.2), (2.3, 3.6, 2.3)),
        ellipsoid(pair, (3.8, -2.8, -1.8), (2.9, 4.0, 2.4)),
        ellipsoid(p, (0, -5.0, -3.6), (5.5, 3.8, 3.2)),
        tube(p, 1.4, (0, -1.6, -1), (0, -1.9, -4), (0, -3.2, -8)),
        tube(p, 0.9, (0, -3.2, -8), (0, -3.4, -20)),
        blend=0.8,
    )
    vault = union(cerebrum, ellipsoid(p, (0, -4.6, -3.2), (5.9, 4.4, 3.6)), blend=3.0)
    outer = union(
        vault - 0.75 - traits.scalp,
        ellipsoid(p, (0, 4.2, -5.6), (6.2, 5.6, 6.6)),
        ellipsoid(p, (0, 9.6, -5.8), (1.2, 1.7, 1.6)),
        tube(p, 5.2, (0, -1.5, -8), (0, -2.5, -20)),
        tube(p, 3.2, (0, 5.4, -9.5), (0, 5.0, -12)),
        blend=1.5,
    )
    canvas.image += AIR
    canvas.paint(outer, 0.45)
    canvas.paint(outer + 0.12, FAT * (1 + 0.04 * texture))
    muscle = outer + 0.12 + traits.scalp
    canvas.paint(muscle, MUSCLE * (1 + 0.12 * texture), soft=0.2)
    sheets = np.abs(canvas.sample(traits.vessels)) * 0.5 - 0.06
    canvas.paint(both(muscle, sheets), FAT * 0.75, soft=0.15)  # fat between the muscles
    base = ellipsoid(p, (0, -0.5, -3.6), (6.2, 6.0, 1.9))
    canvas.paint(base, BONE + 0.25 * np.clip(texture, 0, 2), soft=0.3)
    _paint_face(canvas, p, pair, muscle, texture)
    canvas.paint(both(inside - 0.65, outer + 0.5), BONE, soft=0.15)
    marrow = np.abs(inside - 0.4) - 0.13
    canvas.paint(marrow, MARROW, soft=0.2, alpha=np.clip(0.4 + 0.4 * lumps, 0.05, 0.8))
    canvas.paint(inside, 0.55)  # dura, which takes up contrast
    canvas.paint(inside + 0.08, FLUID)
    return inside


def _paint_face(canvas: Canvas, p: Points, pair: Points, within: np.ndarray, texture: np.ndarray) -> None:
    cells = AIR + 0.6 * (np.abs(texture) < 0.35)
    for where, centre, radii, value in [
        (p, (0, 5.0, -5.6), (3.8, 4.0, 3.6), BONE + 0.3 * np.clip(texture, 0, 2)),
        (pair, (3.1, 5.0, -3.2), (1.9, 3.2, 1.7), FAT * 0.9),  # orbit
        (pair, (3.1, 6.6, -3.2), (1.3, 1.25, 1.25), 0.5),  # eye
        (pair, (3.1, 6.6, -3.2), (1.15, 1.1, 1.1), 0.14),
        (p, (0, 5.4, -3.4), (1.2, 2.6, 1.3), cells),  # ethmoid
        (pair, (5.4, -2.6, -4.4), (0.9, 1.2, 1.6), cells),  # mastoid
        (pair, (3.0, 5.6, -6.4), (1.6, 1.9, 1.8), 0.7),  # maxillary sinus: the lining takes up contrast
        (pair, (3.0, 5.6, -6.4), (1.45, 1.75, 1.65), AIR),
        (p, (0, 8.7, -0.8), (1.6, 0.5, 1.0), AIR),  # frontal sinus
        (p, (0, 2.6, -4.6), (1.3, 1.2, 0.9), 0.7),  # sphenoid sinus
        (p, (0, 2.6, -4.6), (1.15, 1.05, 0.75), AIR),
        (pair, (0.6, 5.8, -6.0), (0.6, 3.0, 2.0), AIR),  # nasal cavity
        (p, (0, 5.5, -8.4), (2.4, 3.2, 0.3), BONE),  # palate
        (p, (0, 4.4, -10.8), (2.6, 3.6, 2.2), 0.4 + 0.02 * texture),  # tongue
        (p, (0, 7.6, -9.6), (2.2, 0.5, 1.0), BONE),  # teeth
        (p, (0, 0.4, -4.4), (1.4, 1.6, 1.5), MARROW),  # clivus
        *[(p, (0, -1.0, z), (1.4, 0.9, 0.85), MARROW) for z in np.arange(-8.4, -14, -2.0)],  # vertebrae
        (p, (0, 1.9, -3.0), (0.7, 0.55, 0.45), ENHANCED),  # pituitary gland
        (pair, (1.2, 1.6, -3.0), (0.5, 0.9, 0.6), 0.7),  # cavernous sinus
    ]:
        canvas.paint(both(ellipsoid(where, centre, radii), within), value, soft=0.15)
    for radius, path, value in [
        (0.22, [(1.3, 2.2, -3.2), (3.1, 5.6, -3.2)], MUSCLE),  # optic nerve, then the muscles of the eye
        (0.2, [(1.5, 2.4, -3.2), (1.8, 5.8, -3.2)], 0.6),
        (0.2, [(1.9, 2.4, -3.2), (4.4, 5.8, -3.2)], 0.6),
        (0.22, [(0.7, 4.0, -5.0), (0.7, 7.6, -5.2)], 0.75),  # turbinates
        (0.26, [(0.7, 3.6, -6.4), (0.7, 7.8, -6.6)], 0.75),
        (0.5, [(0, 1.4, -6.0), (0, 0.5, -9.5), (0, 0.3, -16)], AIR),  # throat
    ]:
        canvas.paint(tube(pair, radius, *path), value, soft=0.1)


def paint_brain(canvas: Canvas, p: Points, inside: np.ndarray, traits: Traits) -> None:
    """Paint cortex, white matter, cerebellum, stem and ventricles."""
    pair, folds = mirrored(p), canvas.sample(traits.folds)
    white = traits.brain * WHITE * (1 + 0.02 * canvas.sample(traits.texture))
    grey = white * (1 - traits.contrast * (1 - GREY / WHITE))
    depth = -inside - 0.2
    bank = np.abs(folds) * FOLD / (2 * np.pi)  # cm to the middle of the nearest sulcus
    leaves = np.sin(2 * np.pi * (np.hypot(p[1] + 2.6, p[2] + 3.4) + 0.15 * folds) / 0.55)
    canvas.paint(-depth, white)
    ribbon = np.minimum(depth - 0.35, both(bank - 0.3, depth - 2.4))
    canvas.paint(both(ribbon, -depth), grey, soft=0.2)
    canvas.paint(both(bank - traits.sulcus * (1 - depth / 2.2), -depth), FLUID, soft=0.1, alpha=0.85)
    for distance, value in [
        (tube(pair, 0.22, (4.2, 3.6, -1.2), (5.2, 1.6, -0.4), (5.4, -1.8, 1.2)), FLUID),  # Sylvian fissure
        (ellipsoid(pair, (2.5, 0.8, 0.8), (0.8, 2.2, 1.2)), grey),  # basal ganglia
        (ellipsoid(pair, (1.0, -1.1, 0.7), (0.8, 1.5, 0.8)), grey),  # thalamus
    ]:
        canvas.paint(distance, value, soft=0.3)
    _paint_cerebellum(canvas, p, pair, white, grey * (1 + 0.14 * leaves))
    _paint_midline(canvas, p, pair, depth, traits)
    _paint_ventricles(canvas, p, pair, traits.horns)


def _paint_midline(canvas: Canvas, p: Points, pair: Points, depth: np.ndarray, traits: Traits) -> None:
    """Paint corpus callosum, falx, the sinus above it, and vessels."""
    folds, vessels = canvas.sample(traits.folds), canvas.sample(traits.vessels)
    path = [(0, 3.0, 0.2), (0, 3.8, 1.4), (0, 2.6, 2.6), (0, 0, 3.2), (0, -3, 2.8), (0, -4, 1.6)]
    arch = both(tube(p, 0.4, *path), pair[0] - 1.0)
    canvas.paint(arch, traits.brain * WHITE * 1.18, soft=0.15)
    core = ellipsoid(p, (0, -0.2, 0.6), (9.0, 4.6, 3.2))
    falx = both(-core, -p[2] - 1.2, -depth)
    if canvas.right[0]:  # a sagittal slice would lie in it
        canvas.paint(both(falx, pair[0] - 0.06 - 0.08 * np.abs(folds)), FLUID, soft=0.12)
        canvas.paint(both(falx, pair[0] - 0.05), 0.6)
    deep = -ellipsoid(p, *CEREBRUM)
    sinus = pair[0] + 0.9 * np.maximum(deep, 0) - 0.4
    canvas.paint(both(sinus, deep - 0.35, -deep - 0.2, -core, -p[2] - 1.0), ENHANCED, soft=0.1)
    lines = np.hypot(folds, vessels) * 2.8 / (2 * np.pi)  # along sulci, where both fields are zero
    canvas.paint(both(lines - 0.07, -depth, depth - 3.0), FAT)
    for path in [
        [(0.6, 1.0, -2.2), (3.0, 1.4, -1.8), (5.2, 0.8, -0.6)],  # middle and posterior cerebral arteries
        [(0.1, -0.2, -1.8), (1.6, -0.6, -1.8), (2.2, -3.0, -1.4)],
    ]:
        canvas.paint(tube(pair, 0.13, *path), ENHANCED)


def _paint_cerebellum(canvas: Canvas, p: Points, pair: Points, white: np.ndarray, leaves: np.ndarray) -> None:
    """Paint cerebellum, stem and the fluid around them."""
    cerebellum = ellipsoid(p, (0, -5.0, -3.9), (5.1, 3.4, 2.7))
    canvas.paint(cerebellum - 0.25, FLUID, soft=0.15)
    canvas.paint(cerebellum, leaves, soft=0.1)
    stem = union(
        tube(p, 0.85, (0, -1.2, 0), (0, -1.8, -3), (0, -3.0, -7)),
        tube(p, 0.5, (0, -3.0, -7), (0, -3.4, -20)),
        ellipsoid(p, (0, -1.4, -3.2), (1.7, 1.2, 1.4)),
        blend=0.5,
    )
    for distance, value, soft in [
        (ellipsoid(pair, (1.6, -4.2, -3.9), (1.7, 1.2, 0.9)), white, 0.6),  # middle of the cerebellum
        (ellipsoid(p, (0, -1.7, -3.2), (2.3, 1.8, 2.6)), FLUID, 0.3),  # cisterns
        (stem, white, 0.15),
        (ellipsoid(p, (0, 1.4, -1.8), (1.4, 1.3, 0.9)), FLUID, 0.3),  # suprasellar cistern
    ]:
        canvas.paint(distance, value, soft)


def _paint_ventricles(canvas: Canvas, p: Points, pair: Points, swelling: float) -> None:
    horns = union(
        tube(pair, 0.3, (0.9, 3.0, 1.3), (1.0, 0.0, 2.5), (1.5, -3.0, 2.0)),
        ellipsoid(pair, (1.0, 1.8, 1.7), (0.45, 1.9, 0.75)),
        tube(pair, 0.4, (1.5, -3.0, 2.0), (2.5, -4.2, 1.0)),
        tube(pair, 0.1, (2.5, -4.2, 1.0), (3.4, -1.5, -1.8), (3.6, 1.0, -2.4)),
        blend=0.5,
    )
    canvas.paint(horns - swelling, FLUID, soft=0.15)
    for where, centre, radii, value in [
        (pair, (2.1, -3.7, 1.2), (0.3, 0.6, 0.4), ENHANCED),  # choroid plexus
        (p, (0, -0.2, 0.2), (0.15 + 0.5 * swelling, 1.5, 0.9), FLUID),  # third ventricle
        (p, (0, -3.1, -3.4), (0.7, 0.6, 1.0), FLUID),  # fourth
        (p, (0, -3.1, 0.7), (0.35, 0.4, 0.35), ENHANCED),  # pineal gland
    ]:
        canvas.paint(ellipsoid(where, centre, radii), value, soft=0.15)
