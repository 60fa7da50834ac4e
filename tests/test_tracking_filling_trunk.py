"""Filling in the trunk: which way it faces, and that no arm is in it."""

import numpy as np
import pytest
from three_points import (
    BODY,
    EYES,
    HANG,
    HANGING,
    RATE,
    filled,
    joints,
    sensed,
    standing,
    yaw,
)

from presence.pose.quaternion import quat_mul, quat_rotate
from presence.pose.skeleton import INDEX

HEAD = (0.0, EYES - 0.02, -0.07)


def faces(positions, left="leftUpperArm", right="rightUpperArm"):
    """Degrees to the left that a person faces by two joints."""
    across = positions[..., INDEX[right], :] - positions[..., INDEX[left], :]
    return np.degrees(np.arctan2(-across[..., 2], across[..., 0]))


def turned(angle, head, hands=HANGING):
    """Hands and head turned about the person's own axis by radians to the left."""
    return sensed(
        HEAD,
        yaw(head),
        quat_rotate(yaw(angle), hands),
        quat_mul(yaw(angle), HANG),
    )


def eased(k, angle, begun=30, takes=30):
    u = min(max((k - begun) / takes, 0.0), 1.0)
    return angle * u * u * (3.0 - 2.0 * u)


def test_whoever_glances_aside_turns_the_head_and_hardly_the_trunk():
    samples = filled([turned(0.0, eased(k, 0.7)) for k in range(120)])
    positions, _ = joints(samples)
    assert abs(faces(positions)).max() < 15.0


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_whoever_turns_with_the_hands_turns_the_trunk(side):
    samples = filled([turned(*2 * (side * eased(k, 0.7),)) for k in range(120)])
    positions, _ = joints(samples)
    assert side * faces(positions)[-1] == pytest.approx(40.0, abs=6.0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_hands_say_that_the_trunk_turns_while_the_head_looks_on(side):
    reaching = np.array([[-0.35, 1.1, -0.3], [0.35, 1.1, -0.3]])
    frames = [turned(side * eased(k, 0.7), 0.0, reaching) for k in range(120)]
    positions, _ = joints(filled(frames))
    assert side * faces(positions)[-1] > 20.0
    assert side * faces(positions, "leftUpperLeg", "rightUpperLeg")[-1] > 15.0


def test_a_trunk_keeps_up_with_whoever_spins():
    """Once round a second."""
    frames = [turned(*2 * (2.0 * np.pi * k / RATE,)) for k in range(180)]
    positions, _ = joints(filled(frames))
    behind = 360.0 * np.arange(180) / RATE - np.degrees(np.unwrap(np.radians(faces(positions))))
    assert np.abs(behind[60:]).max() < 45.0


def test_the_arms_of_a_walker_swing_and_the_trunk_faces_ahead():
    def frame(k):
        swing = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]) * 0.25 * np.sin(np.pi * k / 30.0)
        way = np.array([0.0, 0.0, -1.3 * k / RATE])
        return sensed(np.array(HEAD) + way, hands=HANGING + swing + way)

    positions, _ = joints(filled([frame(k) for k in range(240)]))
    assert np.abs(faces(positions[60:])).max() < 35.0
    assert np.abs(faces(positions[60:]).mean()) < 3.0


@pytest.mark.parametrize("over", ["left", "right"])
def test_whoever_crosses_the_arms_faces_ahead(over):
    high = 0.05 if over == "left" else -0.05
    crossed = np.array([[0.1, 1.12 + high, -0.22 - high], [-0.1, 1.12 - high, -0.22 + high]])
    u = np.linspace(0.0, 1.0, 40)[:, None, None]
    frames = [sensed(HEAD, hands=HANGING + share * (crossed - HANGING)) for share in u]
    positions, _ = joints(filled(frames + [sensed(HEAD, hands=crossed)] * 60))
    assert np.abs(faces(positions)).max() < 20.0
    assert abs(faces(positions)[-1]) < 10.0


def inside(positions, side, shares=(0.0, 0.25, 0.5, 0.75)):
    """How far a forearm is in the trunk at most, of its half-width and half-depth."""
    hips = 0.5 * (positions[:, INDEX["leftUpperLeg"]] + positions[:, INDEX["rightUpperLeg"]])
    axis = positions[:, INDEX["neck"]] - hips
    long = np.linalg.norm(axis, axis=-1)
    axis = axis / long[:, None]
    right = np.zeros_like(axis)
    for joint in ("UpperArm", "UpperLeg"):
        right += positions[:, INDEX["right" + joint]] - positions[:, INDEX["left" + joint]]
    right -= (right * axis).sum(-1, keepdims=True) * axis
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    ahead = np.cross(axis, right)
    elbow, wrist = (positions[:, INDEX[side + joint]] for joint in ("LowerArm", "Hand"))
    most = 0.0
    for share in shares:
        point = elbow + share * (wrist - elbow) - hips
        within = (point * axis).sum(-1) < 0.8 * long
        x, z = (point * right).sum(-1) / 0.14, (point * ahead).sum(-1) / 0.09
        most = max(most, float(np.max((1.0 - np.hypot(x, z)) * within)))
    return most


@pytest.mark.parametrize(
    "hands",
    [
        [[-0.02, 0.95, -0.12], [0.24, 0.80, -0.08]],
        [[-0.10, 0.85, -0.10], [0.10, 0.85, -0.10]],
        [[0.05, 0.9, -0.14], [-0.05, 0.95, -0.16]],
    ],
    ids=["one before the belly", "both", "folded"],
)
def test_no_arm_is_in_the_trunk(hands):
    frames = [sensed(HEAD, hands=np.array(hands)) for _ in range(90)]
    positions, _ = joints(filled(frames))
    for side in ("left", "right"):
        assert inside(positions[60:], side) < 0.1


def test_a_hand_behind_the_back_leaves_the_trunk_where_it_is():
    behind = np.array([[-0.05, 0.95, 0.16], [0.26, 0.80, -0.05]])
    still = joints(filled([standing(0.0)] * 90))[0]
    positions, _ = joints(filled([sensed(HEAD, hands=behind)] * 90))
    assert np.linalg.norm(positions[-1, 0] - still[-1, 0]) < 0.06
    assert BODY.hips_height > positions[-1, 0, 1] > 0.85 * BODY.hips_height
