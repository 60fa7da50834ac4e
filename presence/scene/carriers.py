"""Where the bones are that strands hang on and keep off: as few of the skeleton as that takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_mul, quat_rotate
from presence.pose.skeleton import BONE_COUNT, LEVELS, PARENTS
from presence.scene.avatar import Avatar
from presence.scene.fitting import fit
from presence.scene.stage import Person


class Carriers:
    """State: which bones of some avatars carry strands or colliders, or lead to one that does."""

    def __init__(self, avatars: Sequence[Avatar]) -> None:
        """Find them."""
        needed = {strand.parent for avatar in avatars for strand in avatar.strands}
        needed |= {collider.bone for avatar in avatars for collider in avatar.colliders}
        for bone in list(needed):
            while bone > 0:
                bone = int(PARENTS[bone])
                needed.add(bone)
        self._levels = [
            bones
            for level in LEVELS[1:]
            if len(bones := np.array([b for b in level.tolist() if b in needed], dtype=np.int64))
        ]

    def posed(self, people: Sequence[Person]) -> tuple[Floats, Floats, Floats]:
        """``(N, 55, 4)`` rotations, ``(N, 55, 3)`` positions and ``(N,)`` scales of avatars.

        Only the bones of these avatars' strands and colliders are filled in, in the viewer's own
        place; their height leaves out how the soles find the floor.
        """
        fits = [fit(person.avatar, person.proportions) for person in people]
        rotations = np.empty((len(people), BONE_COUNT, 4))
        positions = np.empty((len(people), BONE_COUNT, 3))
        for row, person in enumerate(people):
            place = person.own_place_from_place
            rotations[row, 0] = quat_mul(place.rotation, person.sample.rotations[0])
            positions[row, 0] = place.apply(person.sample.root_position)
        own = np.array([person.sample.rotations for person in people])
        offsets = np.array([each.offsets for each in fits])
        for bones in self._levels:
            above = rotations[:, PARENTS[bones]]
            rotations[:, bones] = quat_mul(above, own[:, bones])
            positions[:, bones] = positions[:, PARENTS[bones]] + quat_rotate(
                above, offsets[:, bones]
            )
        return rotations, positions, np.array([each.scale for each in fits])
