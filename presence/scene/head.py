"""How far a head reaches with its hair: where something can hover over it and touch nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.scene.avatar import Avatar, Singles
from presence.scene.strands import strand_joints

_HEAD = INDEX["head"]
_WAYS = 96
"""Directions in which the outermost points are looked for, some twenty degrees apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """An avatar's head, as modelled and at rest."""

    middle: Floats
    """``(3,)`` metres: the middle of the skull."""
    points: Floats
    """``(P, 3)`` metres: the outermost points of head and hair, the crown among them."""

    def over(self, palette: Singles) -> tuple[float, float, float]:
        """The point above the middle of the posed head, as high as head and hair reach.

        Args:
            palette: ``(3, 4)`` what takes rest vertices that the head carries to where +Y is up.
        """
        x, _, z = palette[:, :3] @ self.middle + palette[:, 3]
        height = (self.points @ palette[1, :3]).max() + palette[1, 3]
        return float(x), float(height), float(z)


def head_of(avatar: Avatar) -> Head:
    """Find the head of an avatar: some milliseconds' work for twenty thousand vertices.

    Hair that hangs from strands counts only where it grows from above the middle of the head: what
    hangs below would stick up when the head is bowed, which it does not do once it has swung.
    """
    mesh, measures = avatar.mesh, avatar.proportions
    joint = measures.rest_positions()[_HEAD]
    middle = joint + 0.5 * measures.crown
    carriers = mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)]
    bones = np.concatenate([np.arange(BONE_COUNT), strand_joints(avatar).bones])[carriers]
    stiff = carriers < BONE_COUNT
    points = mesh.positions[(bones == _HEAD) & (stiff | (mesh.positions[:, 1] > middle[1]))]
    if len(points):
        points = points[np.unique((_ways() @ points.T).argmax(axis=1))]
    crown = joint + measures.crown
    outermost = np.concatenate([points, crown[None]]).astype(np.float64)
    return Head(middle=frozen(middle), points=frozen(outermost))


def _ways() -> Singles:
    """``(96, 3)`` unit vectors spread evenly over all directions, along a spiral from the top."""
    step = np.arange(_WAYS) + 0.5
    height = 1.0 - 2.0 * step / _WAYS
    turn = np.pi * (1.0 + 5.0**0.5) * step
    flat = np.sqrt(1.0 - height * height)
    ways: Singles = np.empty((_WAYS, 3), dtype=np.float32)
    ways[:, 0], ways[:, 1], ways[:, 2] = flat * np.cos(turn), height, flat * np.sin(turn)
    return ways
