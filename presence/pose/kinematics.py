"""Forward kinematics, batched by tree level: ten array steps for any number of people."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_mul, quat_rotate
from presence.pose.rigid import Rigid
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


def joint_in_place(sample: PoseSample, proportions: Proportions, joint: int) -> Rigid:
    """One joint of a sample, in ``place``: as ``joints_in_place``, and thirty times as fast."""
    way = []
    while joint > 0:
        way.append(joint)
        joint = int(PARENTS[joint])
    x, y, z = sample.root_position.tolist()
    above = sample.rotations[0].tolist()
    for at in reversed(way):
        step_x, step_y, step_z = _rotated(above, proportions.offsets[at].tolist())
        x, y, z = x + step_x, y + step_y, z + step_z
        above = _product(above, sample.rotations[at].tolist())
    return Rigid(np.array(above), np.array([x, y, z]))


def _product(a: list[float], b: list[float]) -> list[float]:
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]


def _rotated(q: list[float], v: list[float]) -> tuple[float, float, float]:
    x, y, z, w = q
    vx, vy, vz = v
    tx, ty, tz = 2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx)
    return (
        vx + w * tx + y * tz - z * ty,
        vy + w * ty + z * tx - x * tz,
        vz + w * tz + x * ty - y * tx,
    )


def fingertips_in_place(
    positions: Floats, orientations: Floats, proportions: Proportions
) -> Floats:
    """``(10, 3)`` metres: the fingertips, from what ``joints_in_place`` returned."""
    tips: Floats = positions[..., FINGERTIP_BONES, :] + quat_rotate(
        orientations[..., FINGERTIP_BONES, :], proportions.fingertips
    )
    return tips
