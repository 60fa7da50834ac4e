"""From a decoder's whole numbers to a sample, with what is derived."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from presence.codec import showing
from presence.codec.layout import (
    FACE,
    GAZE,
    LEVELS,
    MEMORY_SIZE,
    ONE,
    QUATS,
    ROOT,
    SENT_BONES,
    SENT_COUNT,
    STATE,
)
from presence.pose import PoseSample, default_proportions, with_derived
from presence.pose.face import SENT_SHAPES
from presence.pose.packed import (
    SAMPLE_FACE,
    SAMPLE_GAZE,
    SAMPLE_ROOT,
    SAMPLE_SIZE,
    SAMPLE_STATE,
    SAMPLE_TURNS,
    STATE_COUNT,
)
from presence.pose.quaternion import IDENTITY, quat_normalise
from presence.pose.skeleton import BONE_COUNT, DERIVED_BONES

PERSON = default_proportions()
EYES = np.vstack([PERSON.offsets[DERIVED_BONES[:2]], PERSON.eyes])


def memory_of(random: np.random.Generator) -> np.ndarray:
    memory = np.zeros(MEMORY_SIZE, np.int64)
    turns = quat_normalise(random.normal(size=(SENT_COUNT, 4)))
    memory[QUATS:ROOT] = np.rint(turns * ONE).ravel()
    memory[ROOT:FACE] = random.integers(-(10**11), 10**11, 3)
    memory[FACE:GAZE] = random.integers(0, 129, GAZE - FACE)
    yaw, pitch = random.integers(-256, 257), random.integers(-128, 129)
    if random.random() < 0.5:
        yaw, pitch = yaw // 8, pitch // 8
    memory[GAZE:LEVELS] = yaw, pitch, random.integers(0, 101)
    memory[STATE : STATE + STATE_COUNT] = random.integers(0, 16, STATE_COUNT)
    return memory


def shown(memory: np.ndarray) -> np.ndarray:
    out = np.full(SAMPLE_SIZE, np.nan)
    showing.show(memory, EYES, out)
    return out


def as_sample(out: np.ndarray) -> PoseSample:
    return PoseSample(
        capture_ns=0,
        root_position=out[SAMPLE_ROOT:SAMPLE_TURNS],
        rotations=out[SAMPLE_TURNS:SAMPLE_FACE].reshape(BONE_COUNT, 4),
        face=out[SAMPLE_FACE:SAMPLE_GAZE],
        gaze_direction=out[SAMPLE_GAZE : SAMPLE_GAZE + 3],
        gaze_distance=float(out[SAMPLE_GAZE + 3]),
    )


def test_what_is_derived_is_what_the_pose_package_derives():
    random = np.random.default_rng(1)
    for _ in range(1000):
        sample = as_sample(shown(memory_of(random)))
        plain = replace(
            sample,
            rotations=np.where(
                np.isin(np.arange(BONE_COUNT), DERIVED_BONES)[:, None], IDENTITY, sample.rotations
            ),
            face=np.where(np.isin(np.arange(52), SENT_SHAPES), sample.face, 0.0),
        )
        derived = with_derived(plain, PERSON)
        assert np.abs(sample.rotations - derived.rotations).max() < 1e-9
        assert np.abs(sample.face - derived.face).max() < 1e-9


def test_what_is_sent_is_the_whole_numbers_in_their_units():
    random = np.random.default_rng(2)
    for _ in range(200):
        memory = memory_of(random)
        out = shown(memory)
        sample = as_sample(out)
        turns = memory[QUATS:ROOT].reshape(-1, 4) / ONE
        expected = turns / np.linalg.norm(turns, axis=-1, keepdims=True)
        yaw, pitch = 2 * np.pi / 512 * memory[GAZE : GAZE + 2]
        direction = [-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)]
        nearness = memory[GAZE + 2]
        assert np.array_equal(sample.root_position, memory[ROOT:FACE] / 1e9)
        assert np.abs(sample.rotations[SENT_BONES] - expected).max() < 1e-15
        assert np.array_equal(sample.face[SENT_SHAPES], memory[FACE:GAZE] / 128)
        assert np.abs(sample.gaze_direction - direction).max() < 1e-14
        assert sample.gaze_distance == pytest.approx(10 / nearness if nearness else 100.0)
        units = [1.0] + 9 * [15.0] + [1.0, 15.0]
        assert np.array_equal(out[SAMPLE_STATE:], memory[STATE : STATE + STATE_COUNT] / units)


def test_sine_and_cosine_are_exact_within_a_turn():
    out = np.empty(2)
    for angle in np.linspace(-np.pi, np.pi, 4097):
        showing._sine_cosine(angle, out)
        assert abs(out[0] - np.sin(angle)) < 2e-15
        assert abs(out[1] - np.cos(angle)) < 2e-15


def test_the_arctangent_is_exact():
    random = np.random.default_rng(3)
    for y, x in 10.0 ** random.uniform(-6, 2, (4000, 2)) * random.choice([-1, 1], (4000, 1)):
        angle = showing._arctangent(float(y), float(abs(x)))
        assert angle == pytest.approx(np.arctan2(y, abs(x)), rel=1e-14, abs=1e-300)
    assert showing._arctangent(0.0, 1.0) == 0.0
    assert showing._arctangent(1.0, 1e-300) == pytest.approx(np.pi / 2)
