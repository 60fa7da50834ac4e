"""The strands of several avatars side by side, as one set of arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.quaternion import quat_rotate
from presence.pose.skeleton import BONE_COUNT
from presence.scene.avatar import Avatar
from presence.scene.strands import strand_joints

_NOWHERE = -1e9
"""The radius of a collider that is none: people have different numbers of them."""
_NO_INTS: Ints = np.zeros(0, dtype=np.int64)
_NO_POINTS: Floats = np.zeros((0, 3))


class Chains:
    """The joints of all strands. J joints, nothing of which changes; ``(J, …)`` each array."""

    def __init__(self, avatars: Sequence[Avatar]) -> None:
        """Lay the strands of ``avatars`` out, one avatar's after the other's."""
        joints = [strand_joints(avatar) for avatar in avatars]
        counts = [len(each) for each in joints]
        ends = np.cumsum([0, *counts]).tolist()
        self.slices = [slice(end - n, end) for n, end in zip(counts, ends[1:], strict=True)]
        """Which joints are each avatar's."""
        self.people: Ints = np.repeat(np.arange(len(avatars)), counts)
        self.bones: Ints = np.concatenate([_NO_INTS, *(each.bones for each in joints)])
        bones = [
            avatar.proportions.rest_positions()[each.bones]
            for avatar, each in zip(avatars, joints, strict=True)
        ]
        at = np.concatenate([_NO_POINTS, *bones])
        self.starts: Floats = np.concatenate([_NO_POINTS, *(each.rests for each in joints)]) - at
        """Metres at rest from the bone's joint to the segment's beginning."""
        self.ends: Floats = np.concatenate([_NO_POINTS, *(each.ends for each in joints)]) - at
        """Likewise, to its end."""
        along = self.ends - self.starts
        self.lengths: Floats = np.linalg.norm(along, axis=1)
        self.axes: Floats = along / np.maximum(self.lengths, 1e-9)[:, None]
        above = np.concatenate([_NO_INTS, *(each.above for each in joints)])
        self.first = above < BONE_COUNT
        """Whether a joint hangs on a bone, and not on a joint."""
        self.before: Ints = np.maximum(above - BONE_COUNT, 0) + np.repeat(ends[:-1], counts)
        """The joint before each; of no meaning for the first of a strand."""
        depth = max((len(each.levels) for each in joints), default=0)
        self.levels: list[Ints] = [
            np.concatenate(
                [
                    each.levels[k] + start
                    for each, start in zip(joints, ends[:-1], strict=True)
                    if k < len(each.levels)
                ]
            )
            for k in range(depth)
        ]
        settings = [
            (strand.stiffness, 1.0 - strand.drag, strand.gravity, strand.radius)
            for avatar in avatars
            for strand in avatar.strands
            for _ in strand.offsets[1:]
        ]
        table = np.array(settings, dtype=np.float64).reshape(-1, 4)
        self.stiffness, self.kept, self.gravity = (table[:, i : i + 1] for i in range(3))
        self.radii: Floats = table[:, 3]
        self._colliders(avatars)

    def __len__(self) -> int:
        return len(self.people)

    def _colliders(self, avatars: Sequence[Avatar]) -> None:
        most = max((len(avatar.colliders) for avatar in avatars), default=0)
        self._collider_bones = np.zeros((len(avatars), most), dtype=np.int64)
        self._collider_ends = np.zeros((len(avatars), most, 2, 3))
        self._collider_radii = np.full((len(avatars), most), _NOWHERE)
        for row, avatar in enumerate(avatars):
            for column, collider in enumerate(avatar.colliders):
                self._collider_bones[row, column] = collider.bone
                self._collider_ends[row, column] = collider.start, collider.end
                self._collider_radii[row, column] = collider.radius

    def capsules(self, rotations: Floats, positions: Floats, scales: Floats) -> Floats:
        """``(N, C, 7)`` each person's colliders where they are: both ends, and the radius.

        Args:
            rotations: ``(N, 55, 4)`` of the people's bones.
            positions: ``(N, 55, 3)`` metres.
            scales: ``(N,)`` of their avatars.
        """
        rows = np.arange(len(scales))[:, None]
        turns, places = rotations[rows, self._collider_bones], positions[rows, self._collider_bones]
        ends = self._collider_ends * scales[:, None, None, None]
        capsules = np.empty((*self._collider_bones.shape, 7))
        capsules[..., :3] = places + quat_rotate(turns, ends[:, :, 0])
        capsules[..., 3:6] = places + quat_rotate(turns, ends[:, :, 1])
        capsules[..., 6] = self._collider_radii * scales[:, None]
        return capsules

    def at_length(self, tails: Floats, roots: Floats, lengths: Floats) -> Floats:
        """Bring segments to their lengths, from root to tip.

        Args:
            tails: ``(J, 3)`` where they end; changed.
            roots: ``(J, 3)`` where the first of each strand begins.
            lengths: ``(J,)`` metres.

        Returns:
            ``(J, 3)`` where they begin.
        """
        heads = roots.copy()
        for depth, level in enumerate(self.levels):
            if depth:
                heads[level] = tails[self.before[level]]
            head = heads[level]
            way = tails[level] - head
            size = np.sqrt(np.einsum("ji,ji->j", way, way))
            tails[level] = head + way * (lengths[level] / np.maximum(size, 1e-9))[:, None]
        return heads

    def push_out(self, tails: Floats, capsules: Floats) -> bool:
        """Push the ends ``tails (J, 3)`` out of what they are deepest in; whether any was."""
        if not capsules.shape[1]:
            return False
        near = capsules[self.people]
        along = near[..., 3:6] - near[..., :3]
        gap = tails[:, None] - near[..., :3]
        square = np.maximum(np.einsum("jci,jci->jc", along, along), 1e-12)
        share = np.einsum("jci,jci->jc", gap, along) / square
        gap -= np.minimum(np.maximum(share, 0.0), 1.0)[..., None] * along
        distance = np.sqrt(np.einsum("jci,jci->jc", gap, gap))
        depth = near[..., 6] + self.radii[:, None] - distance
        inside = np.flatnonzero(depth.max(axis=1) > 0.0)
        if not len(inside):
            return False
        deepest = depth[inside].argmax(axis=1)
        out = gap[inside, deepest] / np.maximum(distance[inside, deepest], 1e-9)[:, None]
        tails[inside] += depth[inside, deepest][:, None] * out
        return True
