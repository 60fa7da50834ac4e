"""A person who moves smoothly, as a formula of time: the truth that codec and playout tests use."""

from __future__ import annotations

import numpy as np

from presence.pose import (
    BONE_COUNT,
    INDEX,
    SHAPE_COUNT,
    Attention,
    Contact,
    PoseSample,
    checked,
    default_proportions,
    with_derived,
)
from presence.pose.quaternion import quat_from_rotvec, quat_normalise
from presence.pose.skeleton import HAND_BONES

PERSON = default_proportions()

SECOND = 1_000_000_000
MS = 1_000_000


class SmoothMotion:
    """Every bone swings with three frequencies; seeded."""

    def __init__(self, seed: int = 0, amplitude: float = 1.0) -> None:
        random = np.random.default_rng(seed)
        self.amplitude = amplitude
        self.rest = np.zeros((BONE_COUNT, 3))
        for side, sign in (("left", 1.0), ("right", -1.0)):
            self.rest[INDEX[f"{side}UpperArm"], 2] = sign * 1.1
            self.rest[INDEX[f"{side}LowerArm"], 1] = -sign * 0.6
        self.swing = 0.07 * random.normal(size=(BONE_COUNT, 3, 3))
        self.swing[HAND_BONES[:, None], :2] *= 0.2
        self.rate = (
            2 * np.pi * np.array([0.3, 0.8, 1.6]) * random.uniform(0.8, 1.2, (BONE_COUNT, 3, 3))
        )
        self.phase = random.uniform(0, 2 * np.pi, (BONE_COUNT, 3, 3))
        self.face_rate = random.uniform(0.5, 9.0, SHAPE_COUNT)
        self.face_size = 0.25 * (random.random(SHAPE_COUNT) < 0.6)

    def at(self, time_ns: int) -> PoseSample:
        t = (time_ns % (3600 * SECOND)) / SECOND
        a = self.amplitude
        turns = self.rest + a * (self.swing * np.sin(self.rate * t + self.phase)).sum(-1)
        root = np.array([0.1 * a * np.sin(1.1 * t), 0.92, 0.1 * a * np.cos(0.9 * t)])
        yaw, pitch = 0.4 * a * np.sin(0.7 * t), 0.2 * a * np.sin(0.5 * t)
        gaze = np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
        return with_derived(
            checked(
                PoseSample(
                    capture_ns=time_ns,
                    root_position=root,
                    rotations=quat_from_rotvec(turns),
                    face=self.face_size * (1 + a * np.sin(self.face_rate * t)),
                    gaze_direction=gaze,
                    gaze_distance=1.8 + 0.3 * a * np.sin(t),
                )
            ),
            PERSON,
        )


def wild_sample(random: np.random.Generator, time_ns: int = 0) -> PoseSample:
    """A sample that no person could take: every number anywhere in its range."""
    ahead = random.uniform(-0.5, 0.5, 2)
    return with_derived(
        checked(
            PoseSample(
                capture_ns=time_ns,
                root_position=random.uniform(-100.0, 100.0, 3),
                rotations=quat_normalise(random.normal(size=(BONE_COUNT, 4))),
                face=random.random(SHAPE_COUNT).round(int(random.integers(0, 4))),
                gaze_direction=np.array([ahead[0], ahead[1], -1.0]),
                gaze_distance=float(random.uniform(0.1, 100.0)),
                attention=Attention(int(random.integers(0, 2**32)), float(random.random())),
                tracked=random.random(9),
                contacts=Contact(int(random.integers(0, 64))),
            )
        ),
        PERSON,
    )
