"""Hands by ``XR_EXT_hand_tracking``: 26 joints whose axes point along the bones.

At every joint −Z points to the fingertip and +Y out of the back of the hand, or of the nail. A left
hand in our T-pose points along −X with its back up, so its joints are turned from ours by a quarter
about +Y; a right hand's by a quarter the other way. The thumb lies apart from the fingers and
closes about an axis of its own: at rest its joints point where an average thumb does, with the nail
away from the axis about which it closes.
"""

from __future__ import annotations

import numpy as np

from presence.headset.readings import Joints
from presence.pose.arrays import Floats, Ints, frozen
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import (
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_matrix,
    quat_mul,
)
from presence.pose.rigid import UP
from presence.pose.skeleton import INDEX
from presence.tracking.hands import THUMB_AXES

WRIST = 1
_SIDES = ("left", "right")


def thumb_axes(side: int) -> Floats:
    """``(4,)`` how an OpenXR joint on the left (0) or right (1) thumb is turned in the T-pose."""
    along = default_proportions().offsets[INDEX[_SIDES[side] + "ThumbProximal"]]
    back = -along / np.linalg.norm(along)
    closing = THUMB_AXES[side]
    # Fingers close about −X.
    right = -(closing - (closing @ back) * back)
    right = right / np.linalg.norm(right)
    return quat_from_matrix(np.stack([right, np.cross(back, right), back], axis=-1))


def finger_axes(side: int) -> Floats:
    """``(4,)`` how an OpenXR joint on a finger, or the wrist, is turned in the T-pose."""
    return quat_from_axis_angle(UP, (1.0, -1.0)[side] * 0.5 * np.pi)


def _unturn(side: int) -> Floats:
    """``(16, 4)`` from our axes to OpenXR's, of the wrist and of the 15 finger joints."""
    turns = np.tile(finger_axes(side), (16, 1))
    turns[1:4] = thumb_axes(side)
    return frozen(quat_conjugate(turns))


_UNTURN = (_unturn(0), _unturn(1))
# The wrist, and the joints that are bones of ours, from the thumb's metacarpal to the little
# finger's distal. The other metacarpals are no bones: what they turn is part of the proximal's
# turn.
_CHOSEN: Ints = np.array([WRIST, 2, 3, 4, 7, 8, 9, 12, 13, 14, 17, 18, 19, 22, 23, 24])
# Each bone's parent among the chosen: the wrist, or the bone before it.
_PARENT = np.array([0 if i % 3 == 0 else i for i in range(15)])


def finger_confidence(orientation: Floats) -> Floats:
    """``(15,)`` how surely the fingers' rotations are known, by the joints' own ``(26,)``.

    Each is relative to the bone above, and known no better than that.
    """
    chosen = orientation[_CHOSEN]
    sure: Floats = np.minimum(chosen[1:], chosen[_PARENT])
    return sure


def hand_rotations(joints: Joints, side: int) -> tuple[Floats, Floats]:
    """How a hand is turned, and its fingers.

    Args:
        joints: the 26.
        side: 0 left, 1 right.

    Returns:
        ``(4,)`` the hand's bone in `local`, and ``(15, 4)`` its fingers' bones, parent-relative.
    """
    bones = quat_mul(joints.orientations[_CHOSEN], _UNTURN[side])
    return bones[0], quat_mul(quat_conjugate(bones[_PARENT]), bones[1:])
