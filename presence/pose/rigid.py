"""Rigid transforms: a rotation and a translation, and their 4×4 matrices.

``b_from_a`` names a transform that takes coordinates in frame ``a`` to frame ``b``, so that chains
read by their inner names: ``room_from_place @ place_from_hips``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_axis_angle,
    quat_mul,
    quat_rotate,
    quat_to_matrix,
)

UP: Floats = np.array([0.0, 1.0, 0.0])
FORWARD: Floats = np.array([0.0, 0.0, -1.0])
RIGHT: Floats = np.array([1.0, 0.0, 0.0])
for _axis in (UP, FORWARD, RIGHT):
    _axis.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class Rigid:
    """A rigid transform: turn by ``rotation``, then move by ``translation``."""

    rotation: Floats
    """``(4,)`` xyzw."""
    translation: Floats
    """``(3,)`` metres."""

    @staticmethod
    def identity() -> Rigid:
        """The transform that changes nothing."""
        return Rigid(IDENTITY.copy(), np.zeros(3))

    @staticmethod
    def from_yaw(yaw: float, translation: Floats) -> Rigid:
        """Turn by ``yaw`` radians about +Y (anticlockwise seen from above), then move."""
        return Rigid(quat_from_axis_angle(UP, yaw), np.asarray(translation, dtype=np.float64))

    def __matmul__(self, other: Rigid) -> Rigid:
        """The transform that applies ``other`` first."""
        return Rigid(
            quat_mul(self.rotation, other.rotation),
            quat_rotate(self.rotation, other.translation) + self.translation,
        )

    def inverse(self) -> Rigid:
        """The transform back."""
        back = quat_conjugate(self.rotation)
        return Rigid(back, -quat_rotate(back, self.translation))

    def apply(self, points: Floats) -> Floats:
        """Transform points ``(..., 3)``."""
        return quat_rotate(self.rotation, points) + self.translation

    def matrix(self) -> Floats:
        """``(4, 4)`` for column vectors."""
        return matrix_from_parts(self.rotation, self.translation)


def matrix_from_parts(rotations: Floats, translations: Floats) -> Floats:
    """4×4 matrices ``(..., 4, 4)`` from rotations ``(..., 4)`` and translations ``(..., 3)``."""
    m = np.zeros((*rotations.shape[:-1], 4, 4))
    m[..., :3, :3] = quat_to_matrix(rotations)
    m[..., :3, 3] = translations
    m[..., 3, 3] = 1.0
    return m
