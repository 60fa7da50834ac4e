"""The same clips by others' ways: what they weigh, and what is left of the person.

Each way turns a sample into whole numbers of so many bits, and back; its size is those bits in
whole bytes, without a header of any kind. Nothing is entropy-coded and nothing is a difference, as
in the systems that these stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from presence.bench.clips import Clip
from presence.bench.judged import error_figures
from presence.bench.muscles import MUSCLES, MuscleRig
from presence.bench.thinning import interpolated
from presence.codec.layout import SENT_BONES
from presence.pose.arrays import Floats, frozen
from presence.pose.derive import with_derived
from presence.pose.face import SENT_SHAPES, SHAPE_COUNT
from presence.pose.proportions import Proportions
from presence.pose.quaternion import IDENTITY, quat_normalise
from presence.pose.sample import PoseSample
from presence.pose.skeleton import BONE_COUNT

_ROOT_BITS, _ROOT_REACH = 16, 16.0
"""Metres either way: a step of half a millimetre."""
_FACE_BITS = 8
_GAZE_BITS = 10
"""Of yaw and of pitch; distance has 8 bits, in dioptres from 0 to 10."""
_HALF = float(np.sqrt(0.5))
"""No component of a unit quaternion but its largest exceeds this."""


Receive = Callable[[PoseSample], PoseSample]


@dataclass(frozen=True, slots=True)
class Way:
    """A way of sending a person."""

    name: str
    assumes: str
    """What was assumed of it."""
    bits: int
    """Of a sample."""
    rate: int
    """Samples a second; below the clip's, what is missing is interpolated as playout does."""
    through: Callable[[Clip], Receive]
    """For a clip: what the receiver makes of a sample."""
    face: bool = True
    """Whether face and gaze are sent."""


def ways(rate: int) -> tuple[Way, ...]:
    """All of them, for clips of ``rate`` samples a second."""
    bones, shapes = len(SENT_BONES), len(SENT_SHAPES)
    rest = 3 * _ROOT_BITS + shapes * _FACE_BITS + 2 * _GAZE_BITS + 8
    floats = 32 * (3 + 4 * bones + shapes + 4)
    smallest = [
        Way(
            f"smallest three, {bits} bits",
            f"{bones} rotations, root 16 bits within 16 m, {shapes} shapes of 8 bits, gaze",
            bones * (2 + 3 * bits) + rest,
            rate,
            _by_smallest_three(bits),
        )
        for bits in (10, 11)
    ]
    return (
        Way(
            "float32",
            f"{bones} quaternions, root, {shapes} shapes, gaze",
            floats,
            rate,
            lambda clip: lambda sample: _float32(sample, clip.proportions),
        ),
        *smallest,
        Way(
            "16-bit muscles, 20 Hz, no face",
            "an approximation: 95 angles over half a turn either way, root 16 bytes; "
            "interpolated two frames behind as playout does",
            16 * MUSCLES + 128,
            20,
            _muscles,
            face=False,
        ),
    )


def way_figures(way: Way, clip: Clip) -> dict[str, Any]:
    """Sizes and errors of a clip sent that way."""
    receive = way.through(clip)
    every = clip.rate // way.rate
    truth = clip.samples
    shown = [receive(sample) for sample in truth[::every]]
    if every > 1:
        shown = interpolated(shown, [sample.capture_ns for sample in truth], ahead=2)
        truth = truth[: len(shown)]
    size = -(-way.bits // 8)
    row = error_figures(shown, truth, clip.proportions)
    if not way.face:
        row = {name: value for name, value in row.items() if name.startswith("error")}
    return {"bytes": float(size), "frames_kbps": 8e-3 * size * way.rate, **row}


def _steps(values: Floats, low: float, high: float, bits: int) -> Floats:
    """Values as they come out of ``bits`` bits between ``low`` and ``high``."""
    most = (1 << bits) - 1
    level = np.rint((np.clip(values, low, high) - low) * (most / (high - low)))
    stepped: Floats = low + level * ((high - low) / most)
    return stepped


def _float32(sample: PoseSample, proportions: Proportions) -> PoseSample:
    def single(values: Floats) -> Floats:
        return values.astype(np.float32).astype(np.float64)

    return _received(
        sample,
        proportions,
        root=single(sample.root_position),
        rotations=single(sample.rotations[SENT_BONES]),
        face=single(sample.face[SENT_SHAPES]),
        gaze=single(sample.gaze_direction),
    )


def _by_smallest_three(bits: int) -> Callable[[Clip], Receive]:
    return lambda clip: lambda sample: _smallest_three(sample, bits, clip.proportions)


def _smallest_three(sample: PoseSample, bits: int, proportions: Proportions) -> PoseSample:
    """Each quaternion without its largest component, which follows from the others."""
    rotations = sample.rotations[SENT_BONES]
    rows = np.arange(len(rotations))
    largest = np.argmax(np.abs(rotations), axis=-1)
    signs = np.where(rotations[rows, largest] < 0.0, -1.0, 1.0)
    sent = _steps(rotations * signs[:, None], -_HALF, _HALF, bits)
    sent[rows, largest] = 0.0
    sent[rows, largest] = np.sqrt(np.maximum(1.0 - (sent * sent).sum(-1), 0.0))
    x, y, z = sample.gaze_direction
    yaw = _steps(np.arctan2(-x, -z), -np.pi, np.pi, _GAZE_BITS)
    pitch = _steps(np.arcsin(np.clip(y, -1.0, 1.0)), -np.pi / 2, np.pi / 2, _GAZE_BITS)
    return _received(
        sample,
        proportions,
        root=_steps(sample.root_position, -_ROOT_REACH, _ROOT_REACH, _ROOT_BITS),
        rotations=quat_normalise(sent),
        face=_steps(sample.face[SENT_SHAPES], 0.0, 1.0, _FACE_BITS),
        gaze=np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)]),
    )


def _muscles(clip: Clip) -> Receive:
    rig = MuscleRig(clip)
    return lambda sample: with_derived(
        replace(sample, rotations=frozen(rig.through(sample.rotations))), clip.proportions
    )


def _received(
    sample: PoseSample,
    proportions: Proportions,
    *,
    root: Floats,
    rotations: Floats,
    face: Floats,
    gaze: Floats,
) -> PoseSample:
    turns = np.tile(IDENTITY, (BONE_COUNT, 1))
    turns[SENT_BONES] = quat_normalise(rotations)
    shapes = np.zeros(SHAPE_COUNT)
    shapes[SENT_SHAPES] = face
    return with_derived(
        replace(
            sample,
            root_position=frozen(root),
            rotations=frozen(turns),
            face=frozen(shapes),
            gaze_direction=frozen(gaze / np.linalg.norm(gaze)),
        ),
        proportions,
    )
