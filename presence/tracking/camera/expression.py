"""A face's shapes and glance, from what its landmarks do against its own rest.

Landmarks are first laid flat: each is put where its pixel's ray meets the depth that it has on an
average head, so that neither the head's turn nor its distance moves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.face import SHAPE_INDEX
from presence.pose.quaternion import quat_to_matrix
from presence.pose.rigid import Rigid
from presence.tracking.camera.face_model import LANDMARKS, FaceModel
from presence.tracking.camera.lens import Lens

_DEAD = 0.16
"""Less of a shape than this is taken for noise."""
_LIVELY = 0.25
"""A face with no more than this of any shape is at rest, or nearly."""
_DRIFT = 0.01
"""How far the own rest follows a face at rest, a picture."""
_MOST_YAW, _MOST_PITCH = np.radians(40.0), np.radians(30.0)

LEFT_IRIS, RIGHT_IRIS = 473, 468
"""The middles, of the person's own left and right."""


def _averaging(groups: Sequence[Sequence[int] | Ints]) -> Floats:
    """``(groups, 478)`` by which landmarks are to be multiplied for the middle of each group."""
    rows = np.zeros((len(groups), LANDMARKS))
    for row, group in zip(rows, groups, strict=True):
        row[list(group)] = 1.0 / len(group)
    return frozen(rows)


# Iris, corners, upper lid and lower lid of the person's own left and right eye.
_EYES = _averaging(
    (
        *((LEFT_IRIS,), (362, 263), (386, 385, 387), (374, 373, 380)),
        *((RIGHT_IRIS,), (133, 33), (159, 158, 160), (145, 144, 153)),
    )
)
# Inner, middle and outer end of the person's own left and right brow.
_BROWS = _averaging(
    (
        *((285, 336, 295), (55, 107, 65)),
        *((282, 334, 296), (52, 105, 66)),
        *((300, 293, 276), (70, 63, 46)),
    )
)
_BROW_SHAPES = tuple(
    SHAPE_INDEX[name]
    for name in (
        *("browInnerUp", "browDownLeft", "browDownRight"),
        *("browOuterUpLeft", "browOuterUpRight"),
    )
)
_BROWS_SURE = 0.5
_BROW_UP_MM, _BROW_DOWN_MM, _BROW_DEAD_MM = 3.0, 2.0, 1.0
"""Brows rise some 8 mm and sink some 5; on a photograph whose brows were moved, half of that was
seen; what is less than a millimetre is noise."""


def laid_flat(face: Floats, camera_from_head: Rigid, lens: Lens, model: FaceModel) -> Floats:
    """``(478, 2)`` metres of a face as large as the model's: right and up, from between the eyes.

    Args:
        face: ``(478, 3)`` pixels.
        camera_from_head: where the head is, at the model's size.
        lens: what the picture was taken through.
        model: the average face.
    """
    turn = quat_to_matrix(camera_from_head.rotation)
    rays = lens.rays(face[:, :2]) @ turn
    eye = -(camera_from_head.translation @ turn)
    # A ray that runs along the face meets its depth far away; it says nothing.
    ahead = np.where(np.abs(rays[:, 2]) < 0.2, 0.2, rays[:, 2])
    along = (model.points[:, 2] - eye[2]) / ahead
    flat: Floats = eye[:2] + along[:, None] * rays[:, :2]
    return flat


def known_shapes(model: FaceModel) -> Floats:
    """``(52,)`` how surely each shape is told, 0 where it is not."""
    known = model.known.copy()
    known[list(_BROW_SHAPES)] = _BROWS_SURE
    return known


def _brows(moved: Floats) -> dict[int, float]:
    """What brows do, by shape: as far as they are seen to move, by half as much as they do."""
    inner, middle, outer = 1000.0 * (_BROWS @ moved[:, 1]).reshape(3, 2)
    lowered = -0.5 * (inner + middle)
    amounts = (
        (inner.mean() - _BROW_DEAD_MM) / _BROW_UP_MM,
        *((lowered - _BROW_DEAD_MM) / _BROW_DOWN_MM),
        *((outer - _BROW_DEAD_MM) / _BROW_UP_MM),
    )
    return {
        shape: float(np.clip(amount, 0.0, 1.0))
        for shape, amount in zip(_BROW_SHAPES, amounts, strict=True)
    }


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """What a face does."""

    shapes: Floats
    """``(52,)`` 0 to 1."""
    yaw: float
    """Radians that the eyes look to the person's left."""
    pitch: float
    """Radians that they look up."""


@cache
def _middles(model: FaceModel) -> Floats:
    return _averaging(model.features)


def features_of(moved: Floats, model: FaceModel) -> Floats:
    """``(features × 2,)`` millimetres that the middle of each group moved right, and up.

    Args:
        moved: ``(478, 2)`` metres from the face's own rest.
        model: which groups there are.
    """
    middles: Floats = _middles(model) @ moved
    return middles.reshape(-1) * 1000.0


def glance_features(moved: Floats) -> Floats:
    """``(4,)`` millimetres: both irises to the left and up, the upper and the lower lids up.

    All count from the corners of their eyes, so that a head that is found a little aside is no
    glance.
    """
    iris, corners, upper, lower = (_EYES @ moved).reshape(2, 4, 2).sum(axis=0)
    aside, up = iris - corners
    return np.array([-aside, up, upper[1] - corners[1], lower[1] - corners[1]]) * 500.0


class Neutral:
    """A face's own rest. State: what was seen while it is learned; the rest as far as it is known.

    A face that nobody knows yet is taken for the average. Then the median of the first pictures
    counts, whatever blinks were among them, and later it follows slowly while the face is at rest.
    """

    def __init__(self, model: FaceModel, pictures: int) -> None:
        """Learn from the first ``pictures`` in which the face is seen well."""
        self._wanted = pictures
        self._seen: list[Floats] = []
        self._rest: Floats = model.points[:, :2].copy()
        self.known = False
        """Whether the face's own rest has been learned."""

    def moved(self, flat: Floats) -> Floats:
        """``(478, 2)`` metres of each landmark from its rest."""
        return flat - self._rest

    def learn(self, flat: Floats, shapes: Floats) -> None:
        """Take a picture into account.

        Args:
            flat: ``(478, 2)`` the landmarks, of a face that looks this way.
            shapes: ``(52,)`` what the face is believed to do.
        """
        if not self.known:
            self._seen.append(flat)
            self.known = len(self._seen) >= self._wanted
            # A few pictures tell more of this face than the average does.
            if self.known or len(self._seen) % 5 == 0:
                self._rest = np.median(np.array(self._seen), axis=0)
            if self.known:
                self._seen.clear()
        elif shapes.max() < _LIVELY:
            self._rest = self._rest + _DRIFT * (flat - self._rest)

    def forget(self) -> None:
        """Somebody else may be here now: learn anew."""
        self._seen.clear()
        self.known = False


def read_expression(moved: Floats, model: FaceModel) -> Expression:
    """What a face does.

    Args:
        moved: ``(478, 2)`` metres of each landmark from the face's own rest.
        model: what that means.
    """
    amount = features_of(moved, model) @ model.shapes
    shapes = np.clip((amount - _DEAD) / (1.0 - _DEAD), 0.0, 1.0)
    for shape, value in _brows(moved).items():
        shapes[shape] = value
    yaw, pitch = (glance_features(moved) @ model.glance).tolist()
    return Expression(
        shapes,
        float(np.clip(yaw, -_MOST_YAW, _MOST_YAW)),
        float(np.clip(pitch, -_MOST_PITCH, _MOST_PITCH)),
    )
