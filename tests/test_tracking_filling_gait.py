"""Filling in: which foot stands while somebody walks, from how head and hands sway."""

from dataclasses import replace

import numpy as np
import pytest

from presence.clock import SECOND
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import IDENTITY, quat_from_axis_angle, quat_mul, quat_rotate
from presence.pose.rigid import UP
from presence.pose.sample import Contact
from presence.pose.skeleton import INDEX
from presence.tracking.filling import Filler
from presence.tracking.filling.gait import Gait
from presence.tracking.sensed import Sensed

BODY = default_proportions()
EYES = BODY.eye_height
PALMS_IN = np.stack(
    [quat_from_axis_angle(np.array([0.0, 0.0, 1.0]), a) for a in (0.5 * np.pi, -0.5 * np.pi)]
)
FEET = [INDEX["leftFoot"], INDEX["rightFoot"]]
SWAYS, BOBS, SWINGS = 0.025, 0.015, 0.12
"""Metres to either side, up and down, and of each hand: ordinary ones at 1.2 m a second."""
PACE, STEPS_A_SECOND = 1.2, 1.8


def walker(t, heading=0.0, sways=SWAYS, bobs=BOBS, swings=SWINGS, first=0.0):
    """Somebody who walks; the left foot comes down at the phase 0, after ``first`` radians."""
    stride = np.pi * STEPS_A_SECOND * t + first
    # Furthest over the standing foot in its mid-stance, where the head is highest.
    middle = stride - np.radians(112.0)
    aside, up = -sways * np.cos(middle), bobs * np.cos(2.0 * middle)
    turn = quat_from_axis_angle(UP, heading)
    at = np.array([aside, 0.0, -PACE * t])
    swing = swings * np.sin(middle)
    hands = np.array([[-0.26, 0.8, -0.05 - swing], [0.26, 0.8, -0.05 + swing]]) + at
    points, turns = np.zeros((6, 3)), np.tile(IDENTITY, (6, 1))
    points[0] = quat_rotate(turn, np.array([0.0, EYES - 0.03 + up, -0.07]) + at)
    points[1:3] = quat_rotate(turn, hands)
    turns[0], turns[1:3] = turn, quat_mul(turn, PALMS_IN)
    sure = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    seen = replace(
        Sensed.nothing(0),
        positions=points,
        orientations=turns,
        position_confidence=sure,
        orientation_confidence=sure,
    )
    return seen, stride % (2.0 * np.pi)


def walked(seconds=5.0, rate=60, **how):
    """What is made of a walk: samples, and the phase of the true stride at each."""
    filler, samples, phases = Filler(BODY, None), [], []
    for k in range(round(seconds * rate)):
        seen, phase = walker(k / rate, **how)
        samples.append(filler.fill(seen, k * SECOND // rate))
        phases.append(phase)
    return samples, np.array(phases)


def stands(samples):
    feet = (Contact.LEFT_FOOT, Contact.RIGHT_FOOT)
    return np.array([[bool(s.contacts & foot) for foot in feet] for s in samples])


def in_mid_stance(phases):
    """Whether the true left foot, and the right one, is in the middle of standing alone."""
    own = np.stack([phases, (phases - np.pi) % (2.0 * np.pi)], axis=1)
    return (own > np.radians(70.0)) & (own < np.radians(150.0))


@pytest.mark.parametrize("first", [0.0, 0.5 * np.pi, np.pi, 1.5 * np.pi])
@pytest.mark.parametrize(
    "how",
    [{}, {"swings": 0.0}, {"sways": 0.0}, {"heading": 2.0}],
    ids=["all", "hands that do not swing", "a head that does not sway", "another way"],
)
def test_the_foot_stands_that_stands(first, how):
    samples, phases = walked(first=first, **how)
    down, true = stands(samples), in_mid_stance(phases)
    settled = slice(150, None)
    assert down[settled][true[settled]].mean() > 0.95


def test_the_foot_that_is_in_the_air_is_in_the_air():
    samples, phases = walked()
    down, true = stands(samples), in_mid_stance(phases)
    other = true[180:, ::-1]
    assert down[180:][other].mean() < 0.1


@pytest.mark.parametrize("rate", [30, 72, 120])
def test_steps_are_the_same_at_any_frame_rate(rate):
    samples, phases = walked(rate=rate)
    down, true = stands(samples), in_mid_stance(phases)
    settled = slice(3 * rate, None)
    assert down[settled][true[settled]].mean() > 0.95
    lifts = np.count_nonzero(down[3 * rate : -1] & ~down[3 * rate + 1 :])
    assert abs(lifts - 2.0 * STEPS_A_SECOND) <= 1.0


def test_feet_are_as_far_apart_as_a_step_is_long():
    samples, _ = walked()
    rotations = np.stack([sample.rotations for sample in samples])
    roots = np.stack([sample.root_position for sample in samples])
    feet = forward_kinematics(rotations, roots, BODY.offsets)[0][180:, FEET, 2]
    step = PACE / STEPS_A_SECOND
    assert abs(np.abs(feet[:, 0] - feet[:, 1]).max() - step) < 0.2 * step


def gait_of(frames, rate=60):
    """The strides that are seen of necks, headings and wrists."""
    gait = Gait(1.0)
    return [gait.at(neck, heading, wrists, 0.0, 1.0 / rate) for neck, heading, wrists in frames]


def test_whoever_stands_and_waves_the_hands_does_not_walk():
    frames = []
    for k in range(300):
        swing = 0.2 * np.sin(5.0 * k / 60)
        wrists = ((-0.26, 0.8, -swing), (0.26, 0.8, swing))
        frames.append(((0.02 * np.sin(5.0 * k / 60), 1.45, 0.0), 0.0, wrists))
    assert max(stride.sure for stride in gait_of(frames)) == 0.0


def test_whoever_glides_without_swaying_is_not_surely_in_any_phase():
    frames = [((0.0, 1.45, -1.2 * k / 60), 0.0, (None, None)) for k in range(300)]
    assert max(stride.sure for stride in gait_of(frames)) < 0.1


def test_whoever_squats_does_not_walk():
    gait = Gait(1.0)
    for k in range(300):
        neck = (0.03 * np.sin(5.0 * k / 60), 1.0, -1.0 * k / 60)
        stride = gait.at(neck, 0.0, (None, None), 0.4, 1 / 60)
    assert stride.sure == 0.0


def test_a_mirrored_walk_is_half_a_stride_off():
    one, other = Gait(1.0), Gait(1.0)
    for k in range(200):
        t = k / 60
        aside, swing = 0.03 * np.sin(5.5 * t + 0.3), 0.1 * np.cos(5.5 * t)
        up, ahead = 1.45 + 0.01 * np.cos(11.0 * t), -1.1 * t
        a = one.at(
            (aside, up, ahead), 0.2, ((-0.3, 0.8, ahead - swing), (0.3, 0.8, ahead + swing)),
            0.0, 1 / 60,
        )  # fmt: skip
        b = other.at(
            (-aside, up, ahead), -0.2, ((-0.3, 0.8, ahead + swing), (0.3, 0.8, ahead - swing)),
            0.0, 1 / 60,
        )  # fmt: skip
    assert a.sure > 0.5
    assert abs(a.sure - b.sure) < 1e-9
    assert abs(np.exp(1j * (a.phase - b.phase)) + 1.0) < 1e-9


def test_whoever_leaps_while_they_walk_no_longer_walks():
    gait, stride = Gait(1.0), None
    for k in range(180):
        t = k / 60
        neck = (0.03 * np.sin(5.5 * t), 1.45 + 0.01 * np.cos(11.0 * t), -1.1 * t)
        stride = gait.at(neck, 0.0, (None, None), 0.0, 1 / 60)
    assert stride.sure > 0.5
    for k in range(180, 192):
        t = k / 60
        neck = (0.03 * np.sin(5.5 * t), 1.45 + 2.0 * (t - 3.0), -1.1 * t)
        stride = gait.at(neck, 0.0, (None, None), 0.0, 1 / 60)
    assert stride.sure == 0.0
