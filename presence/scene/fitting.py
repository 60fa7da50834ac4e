"""Fitting an avatar to the person who wears it: how large, and how high it stands.

An avatar is scaled uniformly to the person's eye height, so that eyes meet. Its legs are then
seldom as long as theirs, so the root's height cannot be copied: it follows from keeping the lowest
sole at the height at which the person's own was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.proportions import Proportions
from presence.pose.skeleton import INDEX
from presence.scene.avatar import Avatar

_LEG = ("UpperLeg", "LowerLeg", "Foot", "Toes")
SOLE_FRAMES: Ints = np.array(
    [
        [INDEX["hips"], *(INDEX[side + bone] for bone in _LEG)]
        for side in ("left", "right")
        for _ in range(3)
    ]
)
"""``(6, 5)`` the bones along whose axes the arms of ``sole_arms`` lie."""


def sole_arms(proportions: Proportions) -> Floats:
    """``(6, 5, 3)`` metres: the way from the hips to the soles, in the axes of ``SOLE_FRAMES``.

    The points are, left foot first, those on the floor at rest under the ankle, under the ball of
    the foot and under the tip of the toes. Arm ``i`` of a point turns with bone ``i``; the sum of
    the five turned arms leads from the hips joint to the point.
    """
    arms = np.zeros((6, 5, 3))
    for foot, side in enumerate(("left", "right")):
        upper, lower, ankle, toes = (proportions.offsets[INDEX[side + bone]] for bone in _LEG)
        rows = arms[3 * foot : 3 * foot + 3]
        rows[:, 0], rows[:, 1], rows[:, 2] = upper, lower, ankle
        rows[0, 3] = proportions.soles[foot]
        rows[1:, 3] = toes
        # Under the toes the floor is as far below the ball as it is below the ankle, less what
        # the toes already lie lower.
        floor = proportions.soles[foot][1] - toes[1]
        tip = proportions.toes[foot]
        rows[1, 4] = (0.0, floor, 0.0)
        rows[2, 4] = (tip[0], floor, tip[2])
    return arms


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What fitting one avatar to one person comes to."""

    scale: float
    """The avatar's size over what it was modelled at."""
    rest: Floats
    """``(55, 3)`` metres, the avatar's joints at rest, as modelled."""
    offsets: Floats
    """``(55, 3)`` metres, the scaled avatar's rest offsets; the hips' row is zero."""
    leg_ratio: float
    """The scaled avatar's hips height over the person's."""
    person_soles: Floats
    """``(6, 5, 3)`` the person's ``sole_arms``."""
    avatar_soles: Floats
    """``(6, 5, 3)`` the scaled avatar's ``sole_arms``."""


@lru_cache(maxsize=64)
def fit(avatar: Avatar, proportions: Proportions) -> Fit:
    """Fit ``avatar`` to a person with ``proportions``; remembered for the same two objects."""
    scale = proportions.eye_height / avatar.proportions.eye_height
    scaled = avatar.proportions.scaled(scale)
    offsets = scaled.offsets.copy()
    offsets[0] = 0.0
    return Fit(
        scale=scale,
        rest=frozen(avatar.proportions.rest_positions()),
        offsets=frozen(offsets),
        leg_ratio=scaled.hips_height / proportions.hips_height,
        person_soles=frozen(sole_arms(proportions)),
        avatar_soles=frozen(sole_arms(scaled)),
    )
