"""A person of whom only the head is tracked: the body stands at rest below it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.derive import with_derived
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
    quat_slerp,
    quat_twist,
)
from presence.pose.rigid import UP, Rigid
from presence.pose.sample import Part, PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, INDEX

_ARM_LOWERED = np.radians(76.0)
_NECK_SHARE = 0.4


def _arms_lowered() -> Floats:
    rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
    ahead = np.array([0.0, 0.0, 1.0])
    # The left arm points along −X at rest: a positive turn about +Z brings the hand down.
    rotations[INDEX["leftUpperArm"]] = quat_from_axis_angle(ahead, _ARM_LOWERED)
    rotations[INDEX["rightUpperArm"]] = quat_from_axis_angle(ahead, -_ARM_LOWERED)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        rotations[INDEX[side + "LowerArm"]] = quat_from_rotvec(np.array([0.0, -0.25 * sign, 0.0]))
    return rotations


_AT_REST = _arms_lowered()


def pose_from_head(place_from_view: Rigid, proportions: Proportions, capture_ns: int) -> PoseSample:
    """A standing body whose eyes are at the tracked view.

    Args:
        place_from_view: the point between the eyes, facing −Z, in ``place``.
        proportions: the person's measures.
        capture_ns: the sender's clock.
    """
    rotations = _AT_REST.copy()
    heading = quat_twist(place_from_view.rotation, UP)
    tilt = quat_mul(quat_conjugate(heading), place_from_view.rotation)
    neck = quat_slerp(IDENTITY, tilt, _NECK_SHARE)
    rotations[0] = heading
    rotations[INDEX["neck"]] = neck
    rotations[INDEX["head"]] = quat_mul(quat_conjugate(neck), tilt)
    positions, orientations = forward_kinematics(rotations, np.zeros(3), proportions.offsets)
    head = INDEX["head"]
    eyes = positions[head] + quat_rotate(orientations[head], proportions.eyes)
    tracked = np.zeros(len(Part))
    tracked[Part.HEAD] = 1.0
    sample = PoseSample(
        capture_ns=capture_ns,
        root_position=place_from_view.translation - eyes,
        rotations=rotations,
        tracked=tracked,
    )
    return with_derived(checked(sample), proportions)


class HeadSource:
    """A person who is tracked by a headset alone. State: when the last sample was tracked."""

    def __init__(
        self, read_view: Callable[[int], tuple[Rigid, int] | None], proportions: Proportions
    ) -> None:
        """Read the head by ``read_view``.

        Args:
            read_view: given a time, the newest view in ``place`` and when it was tracked, both by
                the sender's clock; None while it is not tracked.
            proportions: the person's measures.
        """
        self._read_view = read_view
        self._proportions = proportions
        self._last_ns: int | None = None

    @property
    def proportions(self) -> Proportions:
        """The person's measures."""
        return self._proportions

    def sample(self, time_ns: int) -> PoseSample | None:
        """The newest the headset knows at ``time_ns``, stamped with when it was tracked.

        None while the head is not tracked, or when nothing is newer than the last sample.
        """
        tracked = self._read_view(time_ns)
        if tracked is None or tracked[1] == self._last_ns:
            return None
        view, self._last_ns = tracked
        return pose_from_head(view, self._proportions, self._last_ns)
