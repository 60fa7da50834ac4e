"""The codec's error metric: how far points near each joint are from where they should be.

Error is measured in object space, on virtual vertices away from the bones, because that is where
skin is: a rotation error shows only by its lever. The idea is Nicholas Frechette's, in the
Animation Compression Library
(https://github.com/nfrechette/acl/blob/develop/docs/error_metrics.md).
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_rotate
from presence.pose.sample import PoseSample
from presence.pose.skeleton import FINGERTIP_BONES

LEVER = 0.03
"""Metres from each joint to its virtual vertices: one along each of the bone's own axes."""

_AXES: Floats = LEVER * np.eye(3)


def virtual_vertices(rotations: Floats, root_positions: Floats, proportions: Proportions) -> Floats:
    """``(..., 65, 3, 3)`` metres in ``place``: three vertices about each joint and fingertip.

    Args:
        rotations: ``(..., 55, 4)`` xyzw, parent-relative.
        root_positions: ``(..., 3)`` metres, in ``place``.
        proportions: the body that is posed.
    """
    positions, orientations = forward_kinematics(rotations, root_positions, proportions.offsets)
    distal = orientations[..., FINGERTIP_BONES, :]
    tips = positions[..., FINGERTIP_BONES, :] + quat_rotate(distal, proportions.fingertips)
    points = np.concatenate([positions, tips], axis=-2)
    turns = np.concatenate([orientations, distal], axis=-2)
    vertices: Floats = points[..., None, :] + quat_rotate(turns[..., None, :], _AXES)
    return vertices


def vertex_errors(shown: PoseSample, truth: PoseSample, proportions: Proportions) -> Floats:
    """``(195,)`` metres: the distance of every virtual vertex from where it should be."""
    vertices = virtual_vertices(
        np.stack([shown.rotations, truth.rotations]),
        np.stack([shown.root_position, truth.root_position]),
        proportions,
    )
    distances: Floats = np.linalg.norm(vertices[0] - vertices[1], axis=-1).ravel()
    return distances
