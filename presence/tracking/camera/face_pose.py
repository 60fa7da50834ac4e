"""Where a head is, from its landmarks in one picture.

A face of average shape is turned and moved until its rigid points are seen where those of the
picture are (perspective-n-point, by Gauss and Newton's method). One camera cannot tell a large face
from a near one: :class:`FaceSize` learns how large this one is, from its irises, which are nearly
the same in everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_from_matrix, quat_from_rotvec, quat_to_matrix
from presence.pose.rigid import Rigid
from presence.tracking.camera.face_model import FaceModel
from presence.tracking.camera.lens import Lens

IRIS_M = 0.0117
"""Metres across a visible iris: 11.7 ± 0.5 mm in adults of any stature and descent (F. Rüfer,
A. Schröder, C. Erb, "White-to-white corneal diameter", Cornea 24(3), 2005)."""
_IRIS_SPREAD = 0.06
"""How far, as a part of it, what is seen of one iris is off that on average, learning included."""
_SIZE_SPREAD = 0.06
"""How far a face's size is off the average adult's."""
_STEPS = 6
_ENOUGH = 1e-3
"""Radians and metres: a step this small is the last."""
_FAR = 0.1
"""A point that is seen farther than this from where it should be, as a part of how far points are
from their middle on average, counts less."""
_ASTRAY = 0.09
"""From a picture ago no face was found, if it fits worse than this: it leapt, or is another's."""
_NEAREST = 0.05
"""Metres from the lens to the nearest point of a face."""
_SMALLEST = 5.0
"""Pixels that points are at least from their middle, on average, in a face that is one."""

# The rim of each iris: right, upper, left, lower as the picture shows it.
_RIMS, _ACROSS = [469, 470, 474, 475], [471, 472, 476, 477]


@dataclass(frozen=True, slots=True, eq=False)
class FacePose:
    """A head as a picture shows it, at the size of the model's face."""

    camera_from_head: Rigid
    """``Point.HEAD`` in the camera's axes; metres if the face is as large as the model's."""
    error: float
    """How far the rigid points are seen from where they should be, as a part of how far they are
    from their middle on average: 0.02 is usual."""


def find_face(
    face: Floats, lens: Lens, model: FaceModel, near: FacePose | None = None
) -> FacePose | None:
    """The pose of a face; None where the landmarks are no face's.

    Args:
        face: ``(478, 3)`` pixels.
        lens: what the picture was taken through.
        model: the average face.
        near: where it was a picture ago, from where it is found in half the steps; None: from the
            landmarks' own depth.
    """
    found = None
    if near is not None:
        found = _from(near.camera_from_head, face, lens, model)
    if found is None or found.error > _ASTRAY:
        seen, points = face[model.rigid], model.points[model.rigid]
        rotation, translation = _roughly(seen, points, lens)
        found = _from(Rigid(quat_from_matrix(rotation), translation), face, lens, model)
    return found


def _from(start: Rigid, face: Floats, lens: Lens, model: FaceModel) -> FacePose | None:
    target = face[model.rigid, :2]
    points = model.points[model.rigid]
    spread = float(_lengths(target - target.mean(axis=0)).mean())
    if not spread > _SMALLEST:
        return None
    focal = lens.focal
    # In the unit of the lens: focal lengths right, and up, from the middle.
    target = (target - lens.middle) / [focal, -focal]
    spread /= focal
    bound = _FAR * spread
    rotation, translation = quat_to_matrix(start.rotation), start.translation
    turned = points @ rotation.T
    moved = turned + translation
    for _ in range(_STEPS):
        away = -moved[:, 2]
        # What lies on the lens, or behind it, is seen nowhere.
        if not away.min() > _NEAREST:
            return None
        off = moved[:, :2] / away[:, None] - target
        weight = bound / np.maximum(_lengths(off), bound)
        step = _step(turned, moved, off, weight)
        if step is None:
            return None
        rotation = quat_to_matrix(quat_from_rotvec(step[:3])) @ rotation
        translation = translation + step[3:]
        turned = points @ rotation.T
        moved = turned + translation
        if np.abs(step).max() < _ENOUGH:
            break
    away = -moved[:, 2]
    if not (away.min() > _NEAREST and np.isfinite(moved).all()):
        return None
    off = moved[:, :2] / away[:, None] - target
    error = float(np.median(_lengths(off))) / spread
    return FacePose(Rigid(quat_from_matrix(rotation), translation), error)


def _lengths(vectors: Floats) -> Floats:
    lengths: Floats = np.sqrt(np.einsum("ni,ni->n", vectors, vectors))
    return lengths


def _roughly(seen: Floats, points: Floats, lens: Lens) -> tuple[Floats, Floats]:
    """A first guess: the landmarks' own depth is believed, and perspective is left out.

    The turn and size that best take one set of points to another: S. Umeyama, "Least-squares
    estimation of transformation parameters between two point patterns", IEEE PAMI 13(4), 1991.
    """
    flat = (seen - [*lens.middle, 0.0]) * [1.0, -1.0, -1.0]
    middle, own = flat.mean(axis=0), points.mean(axis=0)
    a, b = flat - middle, points - own
    u, s, vt = np.linalg.svd(a.T @ b)
    handed = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * handed) @ vt
    scale = float(np.sum(s * handed) / np.sum(b * b))
    away = lens.focal / max(scale, 1e-6)
    centre = np.array([middle[0] / lens.focal * away, middle[1] / lens.focal * away, -away])
    return rotation, centre - rotation @ own


def _step(turned: Floats, moved: Floats, off: Floats, weight: Floats) -> Floats | None:
    """``(6,)`` the turn and the move by which the points are seen nearer to where they should.

    Args:
        turned: ``(N, 3)`` points in the camera's axes, from the head.
        moved: ``(N, 3)`` the same from the camera.
        off: ``(N, 2)`` focal lengths from where each should be seen to where it is.
        weight: ``(N,)`` how much each counts.
    """
    near = -1.0 / moved[:, 2]
    # How what is seen goes with the point's own move: (near, 0, aside) right, (0, near, above) up.
    aside, above = moved[:, 0] * near * near, moved[:, 1] * near * near
    x, y, z = turned.T
    rows = np.zeros((2, len(moved), 6))
    right, up = rows
    # A turn moves a point by its cross product with it.
    right[:, 0], right[:, 1], right[:, 2] = y * aside, z * near - x * aside, -y * near
    right[:, 3], right[:, 5] = near, aside
    up[:, 0], up[:, 1], up[:, 2] = y * above - z * near, -x * above, x * near
    up[:, 4], up[:, 5] = near, above
    whole = rows.reshape(-1, 6)
    weighted = whole * np.tile(weight, 2)[:, None]
    normal = whole.T @ weighted
    normal[np.diag_indices(6)] += 1e-9 * np.trace(normal)
    try:
        step: Floats = np.linalg.solve(normal, -(weighted.T @ off.T.reshape(-1)))
    except np.linalg.LinAlgError:
        return None
    return step if np.isfinite(step).all() else None


class FaceSize:
    """How large a face is against the model's. State: what its irises have told so far."""

    def __init__(self) -> None:
        """Believe that it is an average adult's."""
        self._logs: list[float] = []
        self._size = 1.0

    @property
    def size(self) -> float:
        """The face, as many times the model's."""
        return self._size

    def learn(self, face: Floats, pose: FacePose, lens: Lens) -> None:
        """Take one picture's irises into account; a few hundred pictures are remembered."""
        across = _lengths(face[_RIMS, :2] - face[_ACROSS, :2]).mean()
        away = -float(pose.camera_from_head.translation[2])
        model_iris = float(across) * away / lens.focal
        if model_iris <= 0.0:
            return
        self._logs.append(float(np.log(IRIS_M / model_iris)))
        if len(self._logs) > 300:
            # The median moves slowly by now; forget what came first.
            del self._logs[:100]
        seen = median(self._logs)
        # Two guesses, each as good as its spread says.
        trust = _SIZE_SPREAD**2 / (_SIZE_SPREAD**2 + _IRIS_SPREAD**2)
        self._size = float(np.exp(np.clip(trust * seen, np.log(0.75), np.log(1.35))))
