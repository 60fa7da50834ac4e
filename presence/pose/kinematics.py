"""Forward kinematics, batched by tree level: ten array steps for any number of people."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_mul, quat_rotate
from presence.pose.sample import PoseSample
from presence.pose.skeleton import FINGERTIP_BONES, LEVELS, PARENTS


def forward_kinematics(
    rotations: Floats, root_positions: Floats, offsets: Floats
) -> tuple[Floats, Floats]:
    """Where every joint is, and how it is turned.

    Args:
        rotations: ``(..., 55, 4)`` xyzw, parent-relative; the hips' parent is the place.
        root_positions: ``(..., 3)`` metres, of the hips in the place.
        offsets: ``(55, 3)`` or ``(..., 55, 3)`` metres, each joint from its parent at rest; the
            hips' row is not used.

    Returns:
        ``positions (..., 55, 3)`` metres and ``orientations (..., 55, 4)`` xyzw, in the place.
    """
    orientations = np.empty_like(rotations)
    positions = np.empty((*rotations.shape[:-1], 3))
    orientations[..., 0, :] = rotations[..., 0, :]
    positions[..., 0, :] = root_positions
    for level in LEVELS[1:]:
        parents = PARENTS[level]
        above = orientations[..., parents, :]
        orientations[..., level, :] = quat_mul(above, rotations[..., level, :])
        positions[..., level, :] = positions[..., parents, :] + quat_rotate(
            above, offsets[..., level, :]
        )
    return positions, orientations


def joints_in_place(sample: PoseSample, proportions: Proportions) -> tuple[Floats, Floats]:
    """``positions (55, 3)`` metres and ``orientations (55, 4)`` xyzw of a sample, in ``place``."""
    return forward_kinematics(sample.rotations, sample.root_position, proportions.offsets)


def fingertips_in_place(
    positions: Floats, orientations: Floats, proportions: Proportions
) -> Floats:
    """``(10, 3)`` metres: the fingertips, from what ``joints_in_place`` returned."""
    tips: Floats = positions[..., FINGERTIP_BONES, :] + quat_rotate(
        orientations[..., FINGERTIP_BONES, :], proportions.fingertips
    )
    return tips
