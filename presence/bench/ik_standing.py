"""What one has without filling in: somebody who stands at rest under the head, the arms hanging."""

from __future__ import annotations

import numpy as np

from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
    quat_slerp,
    quat_twist,
)
from presence.pose.rigid import UP
from presence.pose.sample import Contact, PoseSample
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.tracking.sensed import Point, Sensed

_LOWERED = np.radians(76.0)
_NECK_SHARE = 0.4


def standing_pose(body: Proportions, sensed: Sensed, time_ns: int) -> PoseSample:
    """A statue whose head is where the head is and which faces where the head faces.

    Hands are not heeded. Whoever ducks pushes it into the floor, and its feet slide with the head.
    """
    head = sensed.point(Point.HEAD)
    assert head is not None
    rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        rotations[INDEX[side + "UpperArm"]] = quat_from_rotvec(np.array([0, 0, sign * _LOWERED]))
    heading = quat_twist(head.rotation, UP)
    tilt = quat_mul(quat_conjugate(heading), head.rotation)
    neck = quat_slerp(IDENTITY, tilt, _NECK_SHARE)
    rotations[0], rotations[INDEX["neck"]] = heading, neck
    rotations[INDEX["head"]] = quat_mul(quat_conjugate(neck), tilt)
    positions, turns = forward_kinematics(rotations, np.zeros(3), body.offsets)
    eyes = positions[INDEX["head"]] + quat_rotate(turns[INDEX["head"]], body.eyes)
    return PoseSample(
        capture_ns=time_ns,
        root_position=head.translation - eyes,
        rotations=rotations,
        contacts=Contact.LEFT_FOOT | Contact.RIGHT_FOOT,
    )
