"""Fingers: how a hand opens, closes and rests, as local rotations of its fifteen bones a side."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.quaternion import IDENTITY, quat_from_rotvec
from presence.pose.skeleton import BONE_COUNT, HAND_BONES, INDEX

FINGER_COUNT = 5
CHANNELS = 6
"""The channels of a hand's shape: the curl of thumb, index, middle, ring and little finger, 0
straight to 1 closed, and how far the fingers are spread, −1 to 1."""

# Radians at curl 1 of each of a finger's three joints: a fist closes 80°, 95° and 60°
# (American Academy of Orthopaedic Surgeons, "Joint Motion", 1965, rounded down).
_CURL = np.radians([80.0, 95.0, 60.0])
_THUMB_CURL = np.radians([18.0, 40.0, 60.0])
_SPREAD = np.radians([12.0, 3.0, -5.0, -13.0])
"""Of index to little at spread 1, towards the thumb."""


def _thumb_axis(sign: float) -> Floats:
    # The thumb closes down and across, under the palm.
    across = np.array([-0.457, 0.308 * sign, 0.432 * sign])
    return frozen(across / np.linalg.norm(across))


THUMB_AXES: tuple[Floats, Floats] = (_thumb_axis(1.0), _thumb_axis(-1.0))
"""``(3,)`` about which the left and the right thumb close, in the T-pose."""


def _axes(sign: float) -> Floats:
    """``(15, 6, 3)`` radians: the rotation vector of each bone for each channel at 1.

    The left hand (``sign`` 1) points along −X with the palm down: a finger closes about +Z, and
    moves towards the thumb, at −Z, about −Y.
    """
    per_channel = np.zeros((15, CHANNELS, 3))
    for segment in range(3):
        per_channel[segment, 0] = _THUMB_CURL[segment] * THUMB_AXES[0 if sign > 0.0 else 1]
        for finger in range(1, FINGER_COUNT):
            per_channel[3 * finger + segment, finger] = (0.0, 0.0, sign * _CURL[segment])
    for finger in range(1, FINGER_COUNT):
        per_channel[3 * finger, 5] = (0.0, -sign * _SPREAD[finger - 1], 0.0)
    return per_channel


_BOTH: Floats = np.stack([_axes(1.0), _axes(-1.0)])

RELAXED: Floats = frozen(np.array([0.35, 0.22, 0.28, 0.33, 0.38, 0.1]))
"""A hand that does nothing: half-curled, more so towards the little finger."""


def finger_rotvecs(shapes: Floats) -> Floats:
    """``(30, 3)`` rotation vectors of ``HAND_BONES`` for the shapes ``(2, 6)`` of both hands."""
    vectors: Floats = np.einsum("hbcx,hc->hbx", _BOTH, shapes)
    return vectors.reshape(30, 3)


def relaxed_fingers() -> Floats:
    """``(55, 4)`` local rotations with relaxed fingers and all else at rest."""
    rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
    rotations[HAND_BONES] = quat_from_rotvec(finger_rotvecs(np.stack([RELAXED, RELAXED])))
    return rotations


assert HAND_BONES[0] == INDEX["leftThumbMetacarpal"]
