"""Where a head is, from its landmarks in one picture.

A face of average shape is turned and moved until its rigid points are seen where those of the
picture are (perspective-n-point, by Gauss and Newton's method). One camera cannot tell a large face
from a near one: :class:`FaceSize` learns how large this one is, from its irises, which are nearly
the same in everybody.
"""

from __future__ import annotations

from dataclasses import dataclass

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
_ENOUGH = 3e-4
"""Radians and metres: a step this small is the last."""
_FAR = 0.1
"""A point that is seen farther than this from where it should be, as a part of how far points are
from their middle on average, counts less."""
_SMALLEST = 5.0
"""Pixels that points are at least from their middle, on average, in a face that is one."""

# The rim of each iris: right, upper, left, lower as the picture shows it.
_IRISES = ((469, 471), (470, 472), (474, 476), (475, 477))


@dataclass(frozen=True, slots=True, eq=False)
class FacePose:
    """A head as a picture shows it, at the size of the model's face."""

    camera_from_head: Rigid
    """``Point.HEAD`` in the camera's axes; metres if the face is as large as the model's."""
    error: float
    """How far the rigid points are seen from where they should be, as a part of how far they are
    from their middle on average: 0.02 is usual."""


def find_face(face: Floats, lens: Lens, model: FaceModel) -> FacePose | None:
    """The pose of a face; None where the landmarks are no face's.

    Args:
        face: ``(478, 3)`` pixels.
        lens: what the picture was taken through.
        model: the average face.
    """
    seen = face[model.rigid]
    points = model.points[model.rigid]
    rotation, translation = _roughly(seen, points, lens)
    target = seen[:, :2]
    spread = float(np.linalg.norm(seen[:, :2] - seen[:, :2].mean(axis=0), axis=1).mean())
    if not spread > _SMALLEST:
        return None
    for _ in range(_STEPS):
        turned = points @ rotation.T
        moved = turned + translation
        if moved[:, 2].max() > -0.05:
            return None
        off = lens.pixels(moved) - target
        bound = _FAR * spread
        weight = bound / np.maximum(np.sqrt(np.sum(off * off, axis=1)), bound)
        step = _step(turned, moved, off, weight, lens.focal)
        if step is None:
            return None
        rotation = quat_to_matrix(quat_from_rotvec(step[:3])) @ rotation
        translation = translation + step[3:]
        if np.abs(step).max() < _ENOUGH:
            break
    moved = points @ rotation.T + translation
    if moved[:, 2].max() > -0.05 or not np.isfinite(moved).all():
        return None
    off = lens.pixels(moved) - target
    error = float(np.median(np.sqrt(np.sum(off * off, axis=1)))) / spread
    return FacePose(Rigid(quat_from_matrix(rotation), translation), error)


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


def _step(
    turned: Floats, moved: Floats, off: Floats, weight: Floats, focal: float
) -> Floats | None:
    """``(6,)`` the turn and the move by which the points are seen nearer to where they should."""
    away = -moved[:, 2]
    count = len(moved)
    jacobian = np.zeros((count, 2, 3))
    # Of a pixel, by the point's own move.
    jacobian[:, 0, 0] = focal / away
    jacobian[:, 0, 2] = focal * moved[:, 0] / away**2
    jacobian[:, 1, 1] = -focal / away
    jacobian[:, 1, 2] = -focal * moved[:, 1] / away**2
    # A turn moves a point by its cross product with it.
    turning = np.empty((count, 3, 3))
    x, y, z = turned[:, 0], turned[:, 1], turned[:, 2]
    zero = np.zeros(count)
    turning[:, 0] = np.stack([zero, z, -y], axis=1)
    turning[:, 1] = np.stack([-z, zero, x], axis=1)
    turning[:, 2] = np.stack([y, -x, zero], axis=1)
    whole = np.concatenate([jacobian @ turning, jacobian], axis=2).reshape(-1, 6)
    weights = np.repeat(weight, 2)
    normal = whole.T @ (whole * weights[:, None])
    normal[np.diag_indices(6)] += 1e-9 * np.trace(normal)
    try:
        step: Floats = np.linalg.solve(normal, -(whole.T @ (weights * off.reshape(-1))))
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
        across = np.mean([np.linalg.norm(face[a, :2] - face[b, :2]) for a, b in _IRISES])
        away = -float(pose.camera_from_head.translation[2])
        model_iris = float(across) * away / lens.focal
        if model_iris <= 0.0:
            return
        self._logs.append(float(np.log(IRIS_M / model_iris)))
        if len(self._logs) > 300:
            # The median moves slowly by now; forget what came first.
            del self._logs[:100]
        seen = float(np.median(self._logs))
        # Two guesses, each as good as its spread says.
        trust = _SIZE_SPREAD**2 / (_SIZE_SPREAD**2 + _IRIS_SPREAD**2)
        self._size = float(np.exp(np.clip(trust * seen, np.log(0.75), np.log(1.35))))
