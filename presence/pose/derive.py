"""What follows from gaze and face: eye bones, the jaw bone, and the eyeLook shapes.

They are never sent; sender and receiver derive them by the same formulas.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_INDEX
from presence.pose.proportions import Proportions
from presence.pose.sample import PoseSample
from presence.pose.skeleton import DERIVED_BONES, INDEX

EYE_YAW_RANGE = np.radians(40.0)
"""Eye yaw at which eyeLookIn or eyeLookOut is 1."""
EYE_PITCH_RANGE = np.radians(30.0)
"""Eye pitch at which eyeLookUp or eyeLookDown is 1."""
JAW_RANGE = np.radians(17.0)
"""How far the jaw bone turns at jawOpen 1."""

_EYES = DERIVED_BONES[:2]
_JAW_OPEN = SHAPE_INDEX["jawOpen"]
_LOOK = {
    side: [SHAPE_INDEX[f"eyeLook{way}{side}"] for way in ("Down", "In", "Out", "Up")]
    for side in ("Left", "Right")
}


def eye_angles(
    gaze_direction: Floats, gaze_distance: float, proportions: Proportions
) -> tuple[Floats, Floats]:
    """Yaw (to the person's left) and pitch (up) of the left and right eye, ``(2,)`` radians each.

    Both eyes turn to the one point looked at, so near things make them converge.
    """
    eyes = proportions.offsets[_EYES]
    target = proportions.eyes + gaze_direction * gaze_distance
    ray = target - eyes
    yaw: Floats = np.arctan2(-ray[:, 0], -ray[:, 2])
    pitch: Floats = np.arctan2(ray[:, 1], np.hypot(ray[:, 0], ray[:, 2]))
    return (
        np.clip(yaw, -EYE_YAW_RANGE, EYE_YAW_RANGE),
        np.clip(pitch, -EYE_PITCH_RANGE, EYE_PITCH_RANGE),
    )


def _jaw(sample: PoseSample) -> tuple[float, float, float, float]:
    # The chin goes down and back: a turn about −X for someone who faces −Z.
    half = -0.5 * JAW_RANGE * float(sample.face[_JAW_OPEN])
    return (math.sin(half), 0.0, 0.0, math.cos(half))


def _eye(yaw: float, pitch: float) -> tuple[float, float, float, float]:
    """A turn about X by the pitch, and then about Y by the yaw."""
    a, b = 0.5 * yaw, 0.5 * pitch
    return (
        math.cos(a) * math.sin(b),
        math.sin(a) * math.cos(b),
        -math.sin(a) * math.sin(b),
        math.cos(a) * math.cos(b),
    )


def with_jaw(sample: PoseSample) -> PoseSample:
    """The sample with the jaw bone that follows from its face: only the mouth was changed."""
    rotations = sample.rotations.copy()
    rotations[INDEX["jaw"]] = _jaw(sample)
    return replace(sample, rotations=frozen(rotations))


def with_derived(sample: PoseSample, proportions: Proportions) -> PoseSample:
    """The sample with eye bones, jaw bone and eyeLook shapes that follow from its gaze and face."""
    yaws, pitches = eye_angles(sample.gaze_direction, sample.gaze_distance, proportions)
    rotations, face = sample.rotations.copy(), sample.face.copy()
    rotations[INDEX["jaw"]] = _jaw(sample)
    for bone, side, yaw, pitch in zip(_EYES, _LOOK, yaws.tolist(), pitches.tolist(), strict=True):
        rotations[bone] = _eye(yaw, pitch)
        outward = yaw if side == "Left" else -yaw
        face[_LOOK[side]] = (
            max(-pitch, 0.0) / EYE_PITCH_RANGE,
            max(-outward, 0.0) / EYE_YAW_RANGE,
            max(outward, 0.0) / EYE_YAW_RANGE,
            max(pitch, 0.0) / EYE_PITCH_RANGE,
        )
    return replace(sample, rotations=frozen(rotations), face=frozen(face))
