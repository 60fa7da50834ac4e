"""Recorded people for benchmarks: every motion in a folder, sampled as a call would sample it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from presence.clock import SECOND
from presence.codec.metric import virtual_vertices
from presence.codec.profile import encode_profile
from presence.errors import SourceError, UsageError
from presence.pose.arrays import Floats
from presence.pose.derive import with_derived
from presence.pose.proportions import Proportions
from presence.pose.sample import NOBODY, PoseSample
from presence.tracking.motion import TURN_ROUND_S, MotionSource

_AT_ONCE = 512
"""Poses whose vertices are worked out together."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One person at the instants at which they were sampled: the truth of a benchmark."""

    name: str
    rate: int
    """Samples a second."""
    proportions: Proportions
    samples: tuple[PoseSample, ...]

    @property
    def seconds(self) -> float:
        """How long the clip takes."""
        return len(self.samples) / self.rate

    def body_alone(self) -> Clip:
        """The same body and hands, with face, gaze, attention and contacts as at the beginning."""
        first = self.samples[0]
        return replace(
            self,
            samples=tuple(
                with_derived(
                    replace(
                        sample,
                        face=first.face,
                        gaze_direction=first.gaze_direction,
                        gaze_distance=first.gaze_distance,
                        attention=NOBODY,
                        contacts=first.contacts,
                    ),
                    self.proportions,
                )
                for sample in self.samples
            ),
        )


def read_motions(folder: Path, face: Path | None) -> dict[str, MotionSource]:
    """Every BVH file of a folder by its name, retargeted, each with the face.

    Raises:
        UsageError: the folder holds no BVH file.
        SourceError: a file cannot be read, or is no person's.
    """
    paths = sorted(folder.glob("*.bvh"))
    if not paths:
        raise UsageError(f"{folder} holds no .bvh file; give a folder of motion clips")
    motions = {}
    for path in paths:
        motion = MotionSource(path, face)
        try:
            encode_profile(motion.proportions)
        except ValueError as error:
            raise SourceError(f"{path} is no person's motion: {error}") from None
        motions[path.stem] = motion
    return motions


def sampled(name: str, motion: MotionSource, rate: int, most_seconds: float) -> Clip:
    """A motion once through, or its beginning of ``most_seconds``, ``rate`` times a second."""
    once_s = motion.duration_s + min(TURN_ROUND_S, 0.5 * motion.duration_s)
    count = max(2, round(min(once_s, most_seconds) * rate))
    # A sender stamps whole microseconds.
    times = [k * SECOND // rate // 1000 * 1000 for k in range(count)]
    return Clip(name, rate, motion.proportions, tuple(motion.sample(at) for at in times))


def vertices_mm(samples: Sequence[PoseSample], proportions: Proportions) -> Floats:
    """``(samples, 195, 3)`` millimetres in ``place``: the virtual vertices of every sample."""
    parts = []
    for start in range(0, len(samples), _AT_ONCE):
        some = samples[start : start + _AT_ONCE]
        rotations = np.stack([sample.rotations for sample in some])
        roots = np.stack([sample.root_position for sample in some])
        vertices = virtual_vertices(rotations, roots, proportions)
        parts.append(1e3 * vertices.reshape(len(some), -1, 3))
    return np.concatenate(parts)
