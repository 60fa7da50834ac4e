"""The joints of an avatar's strands: where they are at rest, and where they are when posed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.quaternion import quat_to_matrix
from presence.pose.skeleton import BONE_COUNT
from presence.scene.avatar import Avatar, Singles


@dataclass(frozen=True, slots=True, eq=False)
class StrandJoints:
    """All joints of an avatar's strands, in the order of the mesh's indices. J joints."""

    bones: Ints
    """``(J,)`` what each one's strand hangs on, in ``BONES``."""
    above: Ints
    """``(J,)`` the row of a palette that carries each: its bone's, or the joint's before it."""
    rests: Floats
    """``(J, 3)`` metres, in the avatar's place."""
    ends: Floats
    """``(J, 3)`` metres, likewise, where each one's segment ends."""
    levels: tuple[Ints, ...]
    """The first joints of all strands, then the second ones, and so on."""

    def __len__(self) -> int:
        return len(self.bones)


@lru_cache(maxsize=64)
def strand_joints(avatar: Avatar) -> StrandJoints:
    """The joints of an avatar's strands; remembered for the same object."""
    rest_of = avatar.proportions.rest_positions()
    bones: list[int] = []
    above: list[int] = []
    points: list[Floats] = [np.zeros((0, 3))]
    ends: list[Floats] = [np.zeros((0, 3))]
    firsts, counts = [], []
    for strand in avatar.strands:
        first, count = len(bones), len(strand.offsets) - 1
        along = rest_of[strand.parent] + np.cumsum(strand.offsets, axis=0)
        points.append(along[:-1])
        ends.append(along[1:])
        bones += [strand.parent] * count
        above += [strand.parent, *range(BONE_COUNT + first, BONE_COUNT + first + count - 1)][:count]
        firsts.append(first)
        counts.append(count)
    levels = tuple(
        np.array([f + k for f, c in zip(firsts, counts, strict=True) if k < c], dtype=np.int64)
        for k in range(max(counts, default=0))
    )
    return StrandJoints(
        bones=np.array(bones, dtype=np.int64),
        above=np.array(above, dtype=np.int64),
        rests=frozen(np.concatenate(points)),
        ends=frozen(np.concatenate(ends)),
        levels=levels,
    )


def pose_strands(palette: Singles, joints: StrandJoints, swings: Floats | None) -> None:
    """Fill in the rows of a person's palette that belong to their strands.

    Args:
        palette: ``(55 + J or more, 3, 4)``, the bones' rows filled.
        joints: of the person's avatar.
        swings: ``(J, 4)`` xyzw, how far each joint is turned from where its bone carries it, in the
            bone's axes; None when nothing swings.
    """
    rows = BONE_COUNT + np.arange(len(joints))
    palette[rows] = palette[joints.bones]
    if swings is None:
        return
    palette[rows, :, :3] = palette[rows, :, :3] @ quat_to_matrix(swings)
    for level in joints.levels:
        above, own, rest = palette[joints.above[level]], rows[level], joints.rests[level][..., None]
        place = above[..., :3] @ rest - palette[own, :, :3] @ rest
        palette[own, :, 3] = place[..., 0] + above[..., 3]
