"""A sample in whole numbers: what is sent of everything but the rotations.

These are plain grids, so that a dependent frame's difference from its golden is exact and somebody
who does not move is decoded the same in every frame. Rotations are in ``rotations.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atan2, cos, pi, sin

import numpy as np

from presence.codec.layout import (
    FACE_STEPS,
    GAZE_DIOPTRES,
    GAZE_STEPS,
    ROOT_LIMIT,
    ROOT_STEP,
    SURENESS_STEPS,
)
from presence.errors import CodecError
from presence.pose.arrays import Floats, Ints
from presence.pose.face import SENT_SHAPES, SHAPE_COUNT
from presence.pose.sample import FAR_GAZE, NEAR_GAZE, Attention, Contact, PoseSample

_ALL_CONTACTS = int(sum(Contact))
_MOST_DIOPTRES = round(1.0 / NEAR_GAZE / GAZE_DIOPTRES)
_GAZE_STEP = 2.0 * pi / GAZE_STEPS
TARGET_BITS = 32
"""Bits of the stream number in ``attention``."""


@dataclass(frozen=True, slots=True)
class State:
    """What changes seldom: sent whole in a golden, and in others only when it changed."""

    contacts: int
    tracked: tuple[int, ...]
    """Nine sureness steps."""
    target: int
    confidence: int
    """A sureness step."""


def root_levels(sample: PoseSample) -> Ints:
    """``(3,)`` steps of the root's position.

    Raises:
        ValueError: the root is further than 100 m from the place's origin.
    """
    steps = np.rint(sample.root_position / ROOT_STEP)
    if not (np.abs(steps) <= ROOT_LIMIT).all():
        raise ValueError(
            f"the root is at {sample.root_position} m; keep it within 100 m of its place's origin"
        )
    levels: Ints = steps.astype(np.int64)
    return levels


def root_position(levels: Ints) -> Floats:
    """``(3,)`` metres.

    Raises:
        CodecError: further away than an encoder sends.
    """
    if np.abs(levels).max() > ROOT_LIMIT:
        raise CodecError("a frame puts its root more than 100 m away; drop it")
    position: Floats = levels * ROOT_STEP
    return position


def face_levels(sample: PoseSample) -> Ints:
    """``(44,)`` steps of the sent shapes."""
    levels: Ints = np.rint(np.clip(sample.face[SENT_SHAPES], 0.0, 1.0) * FACE_STEPS).astype(
        np.int64
    )
    return levels


def face_shapes(levels: Ints) -> Floats:
    """``(52,)`` coefficients, 0 for the derived shapes.

    Raises:
        CodecError: a level is out of range.
    """
    if levels.min() < 0 or levels.max() > FACE_STEPS:
        raise CodecError("a frame's face is out of range; drop it")
    face = np.zeros(SHAPE_COUNT)
    face[SENT_SHAPES] = levels / FACE_STEPS
    return face


def gaze_levels(sample: PoseSample) -> Ints:
    """``(3,)`` steps of yaw (to the person's left), pitch (up) and nearness."""
    x, y, z = sample.gaze_direction.tolist()
    near = 1.0 / min(max(sample.gaze_distance, NEAR_GAZE), FAR_GAZE)
    return np.array(
        [
            round(atan2(-x, -z) / _GAZE_STEP),
            round(asin(min(max(y, -1.0), 1.0)) / _GAZE_STEP),
            round(near / GAZE_DIOPTRES),
        ]
    )


def gaze(levels: Ints) -> tuple[Floats, float]:
    """The gaze's direction ``(3,)`` in ``head`` and its distance in metres.

    Raises:
        CodecError: a level is out of range.
    """
    yaw, pitch, near = levels.tolist()
    if (
        abs(yaw) > GAZE_STEPS // 2
        or abs(pitch) > GAZE_STEPS // 4
        or not 0 <= near <= _MOST_DIOPTRES
    ):
        raise CodecError("a frame's gaze is out of range; drop it")
    yaw, pitch = yaw * _GAZE_STEP, pitch * _GAZE_STEP
    direction = np.array([-sin(yaw) * cos(pitch), sin(pitch), -cos(yaw) * cos(pitch)])
    return direction, min(1.0 / (near * GAZE_DIOPTRES), FAR_GAZE) if near else FAR_GAZE


def state_levels(sample: PoseSample) -> State:
    """What changes seldom, in whole numbers.

    Raises:
        ValueError: ``attention.target`` is not a stream number.
    """
    attention = sample.attention
    if not 0 <= attention.target < 1 << TARGET_BITS:
        raise ValueError(f"attention is on stream {attention.target}, which is no stream number")
    tracked = np.rint(np.clip(sample.tracked, 0.0, 1.0) * SURENESS_STEPS).astype(int)
    return State(
        contacts=int(sample.contacts) & _ALL_CONTACTS,
        tracked=tuple(tracked.tolist()),
        target=attention.target,
        confidence=round(min(max(attention.confidence, 0.0), 1.0) * SURENESS_STEPS),
    )


def state_values(state: State) -> tuple[Contact, Floats, Attention]:
    """Contacts, ``tracked (9,)`` and attention."""
    return (
        Contact(state.contacts),
        np.array(state.tracked) / SURENESS_STEPS,
        Attention(state.target, state.confidence / SURENESS_STEPS),
    )
