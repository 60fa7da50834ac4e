"""People of whom only the head and two hands are seen, and what is made of them."""

from dataclasses import replace

import numpy as np

from presence.clock import SECOND
from presence.pose.kinematics import forward_kinematics, joints_in_place
from presence.pose.proportions import default_proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_from_axis_angle,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
)
from presence.pose.rigid import UP
from presence.pose.skeleton import INDEX
from presence.tracking import ground
from presence.tracking.filling import Filler
from presence.tracking.sensed import Sensed

BODY = default_proportions()
RATE = 60
FRAME = SECOND // RATE
EYES = BODY.eye_height
HAND, FOOT = ("leftHand", "rightHand"), ("leftFoot", "rightFoot")
HANGING = np.array([[-0.26, 0.80, -0.05], [0.26, 0.80, -0.05]])
# Fingers down and the palm inwards.
HANG = np.stack([quat_from_rotvec(np.array([0, 0, 0.5 * np.pi * s])) for s in (1.0, -1.0)])


def sensed(head=(0.0, EYES, -0.07), turn=IDENTITY, hands=HANGING, turns=HANG, sure=(1, 1, 1)):
    """Head and two hands."""
    points = np.zeros((6, 3))
    orientations = np.tile(IDENTITY, (6, 1))
    points[0], points[1:3] = head, hands
    orientations[0], orientations[1:3] = turn, turns
    confidence = np.zeros(6)
    confidence[:3] = sure
    return replace(
        Sensed.nothing(0),
        positions=points,
        orientations=orientations,
        position_confidence=confidence,
        orientation_confidence=confidence,
    )


def yaw(angle):
    return quat_from_axis_angle(UP, angle)


def standing(t, walk=(0.0, 0.0), heading=0.0):
    """Somebody who stands, or walks evenly so many metres a second."""
    moved = np.array([walk[0] * t, 0.0, walk[1] * t])
    turn = yaw(heading)
    return sensed(
        quat_rotate(turn, np.array([0.0, EYES - 0.02, -0.07])) + moved,
        turn,
        quat_rotate(turn, HANGING) + moved,
        quat_mul(turn, HANG),
    )


def filled(frames, filler=None, start=0):
    """What is made of a row of frames, a sixtieth of a second apart."""
    filler = filler or Filler(BODY, None)
    return [filler.fill(frame, (start + k) * FRAME) for k, frame in enumerate(frames)]


def joints(samples):
    rotations = np.stack([sample.rotations for sample in samples])
    roots = np.stack([sample.root_position for sample in samples])
    return forward_kinematics(rotations, roots, BODY.offsets)


def eyes_of(sample):
    positions, orientations = joints_in_place(sample, BODY)
    head = INDEX["head"]
    return positions[head] + quat_rotate(orientations[head], BODY.eyes), orientations[head]


def soles_of(samples):
    return ground.sole_heights(*joints(samples), BODY)
