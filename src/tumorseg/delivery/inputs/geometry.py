"""How slices lie in the patient, and which way they are shown.

Slices are shown as radiologists look at them, and as the training slices are: the patient's right is at the
left of a transverse (axial) and of a coronal slice, the front is up in a transverse one and at the left of a
sagittal one, the head is up in coronal and sagittal ones.
"""

import numpy as np

# In the DICOM patient's coordinates (x to the left, y to the back, z to the head), by the axis nearest to the
# normal of a slice: the axis and sign of the way from a column to the next, and from a row to the next.
SHOWN = {
    2: ((0, 1), (1, 1)),  # transverse
    1: ((0, 1), (2, -1)),  # coronal
    0: ((1, 1), (2, -1)),  # sagittal
}
FLAT = 0.1  # length of the cross product of two directions; it is 1 where they are what the standard says
EVEN = 0.01  # of the step, by which slices may be off an even one


def normal_of(orientation: tuple[float, ...]) -> np.ndarray:
    """Unit normal (3) of a slice whose ImageOrientationPatient are six direction cosines."""
    return np.cross(orientation[:3], orientation[3:])


def spans_a_plane(orientation: tuple[float, ...]) -> bool:
    """Whether the directions of rows and columns are two; a file may have zeros, or one direction twice."""
    return float(np.linalg.norm(normal_of(orientation))) > FLAT


def shown_as_usual(orientation: tuple[float, ...]) -> bool:
    """Whether a slice as stored is as it is usually shown, up to obliqueness."""
    normal = int(np.abs(normal_of(orientation)).argmax())
    ways = (np.array(orientation[:3]), np.array(orientation[3:]))
    nearest = tuple((int(np.abs(way).argmax()), int(np.sign(way[np.abs(way).argmax()]))) for way in ways)
    return nearest == SHOWN[normal]


def even_step(positions: list[tuple[float, float, float]]) -> np.ndarray | None:
    """The vector (3) in mm from a slice to the next; None where the slices are not evenly spaced.

    Args:
        positions: Of the first pixel of each slice, two or more, in their order.
    """
    points = np.array(positions, float)
    step = (points[-1] - points[0]) / (len(points) - 1)
    ideal = points[0] + np.arange(len(points))[:, None] * step
    length = float(np.linalg.norm(step))
    if length == 0 or np.abs(points - ideal).max() > EVEN * length:
        return None
    return np.asarray(step)


def affine_of(
    orientation: tuple[float, ...],
    position: tuple[float, float, float],
    spacing: tuple[float, float],
    step: np.ndarray,
) -> np.ndarray:
    """The NIfTI affine (4, 4) of voxels (column, row, slice) of a series; arguments as in DICOM, mm.

    NIfTI's x and y go to the right and to the front, DICOM's to the left and to the back.
    """
    affine = np.eye(4)
    affine[:3, 0] = np.array(orientation[:3]) * spacing[1]
    affine[:3, 1] = np.array(orientation[3:]) * spacing[0]
    affine[:3, 2] = step
    affine[:3, 3] = position
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
