"""Poses as points, motions as vectors: the arithmetic that interpolation is written in.

A motion is one flat array of 220 numbers: a rotation vector for each bone (radians, in the bone's
own frame), the root's displacement (metres, in ``place``), and the change of each face shape.
Taking a bone's rotation in its own frame makes the two ends of a motion agree about it.
"""

from __future__ import annotations

from math import acos, sin

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import quat_conjugate, quat_from_rotvec, quat_mul, quat_to_rotvec
from presence.pose.sample import PoseSample
from presence.pose.skeleton import BONE_COUNT, HAND_BONES

_ROOT = 3 * BONE_COUNT
_FACE = _ROOT + 3
SIZE = _FACE + SHAPE_COUNT
"""Numbers in a motion."""

FACE_NUMBERS = slice(_FACE, SIZE)
"""Where the face shapes are in a motion."""
HAND_NUMBERS = (3 * HAND_BONES[:, None] + np.arange(3)).ravel()
"""``(90,)`` where the finger bones are in a motion."""


def motion_between(a: PoseSample, b: PoseSample) -> Floats:
    """``(220,)`` the motion that takes ``a`` to ``b``, each bone the short way round."""
    motion = np.empty(SIZE)
    turns = quat_to_rotvec(quat_mul(quat_conjugate(a.rotations), b.rotations))
    motion[:_ROOT] = turns.ravel()
    motion[_ROOT:_FACE] = b.root_position - a.root_position
    motion[_FACE:] = b.face - a.face
    return motion


def moved(
    sample: PoseSample, motion: Floats, *, gaze: tuple[Floats, float] | None, capture_ns: int
) -> PoseSample:
    """``sample`` moved by ``motion (220,)``, and looking along ``gaze`` unless that is None.

    What cannot be between two values, as contacts and attention, stays the sample's.
    """
    turns = quat_from_rotvec(motion[:_ROOT].reshape(BONE_COUNT, 3))
    face = sample.face + motion[_FACE:]
    direction, distance = gaze or (sample.gaze_direction, sample.gaze_distance)
    return PoseSample(
        capture_ns=capture_ns,
        root_position=frozen(sample.root_position + motion[_ROOT:_FACE]),
        rotations=frozen(quat_mul(sample.rotations, turns)),
        face=frozen(np.minimum(np.maximum(face, 0.0), 1.0)),
        gaze_direction=direction,
        gaze_distance=distance,
        attention=sample.attention,
        tracked=sample.tracked,
        contacts=sample.contacts,
    )


def gaze_between(a: PoseSample, b: PoseSample, fraction: float) -> tuple[Floats, float]:
    """Gaze direction ``(3,)`` and distance at ``fraction`` of the way from ``a`` to ``b``.

    The direction turns at a constant rate; the distance changes as the eyes converge, evenly in
    its inverse.
    """
    near = (1.0 - fraction) / a.gaze_distance + fraction / b.gaze_distance
    cosine = min(max(float(a.gaze_direction @ b.gaze_direction), -1.0), 1.0)
    angle = acos(cosine)
    if angle < 1e-4 or cosine < -0.9999:
        # The same direction, or opposite ones, between which there is no one way.
        direction = a.gaze_direction if fraction < 0.5 else b.gaze_direction
    else:
        direction = frozen(
            (
                sin((1.0 - fraction) * angle) * a.gaze_direction
                + sin(fraction * angle) * b.gaze_direction
            )
            / sin(angle)
        )
    return direction, 1.0 / near
