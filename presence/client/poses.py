"""Poses that show what a body can do: at ease, sitting, waving, reaching, crouching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
)
from presence.pose.rigid import FORWARD, UP
from presence.pose.sample import Contact, PoseSample, checked
from presence.pose.skeleton import BONE_COUNT, HAND_BONES, INDEX, PARENTS
from presence.tracking.hands import RELAXED, finger_rotvecs
from presence.tracking.limbs import (
    AXES,
    HINGES,
    LEFT_LEG,
    TWIST_SHARE,
    frame_to_frame,
    reach,
    twist_angle,
    twisted,
)

_SIDES = ("left", "right")
_FLAT = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.3])
_JOINED = np.array([0.1, 0.0, 0.0, 0.0, 0.0, -0.6])
_FIST = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
_HOLDING = np.array([0.4, 0.45, 0.5, 0.5, 0.5, 0.0])


Triple = tuple[float, float, float]


class _Sculptor:
    """A pose in the making. State: the hips and the parent-relative rotations so far.

    Arms and legs are put where they belong after the trunk is bent. Places and directions are in
    the person's place; ``aside`` is away from the middle of the body, on either side.
    """

    def __init__(
        self, measures: Proportions, *, hips_height: float = 1.0, back: float = 0.0
    ) -> None:
        """Stand in the T-pose with the hips at a share of their height, ``back`` metres behind."""
        self._measures = measures
        self.hips = np.array([0.0, hips_height * measures.hips_height, back])
        self._rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
        self.fingers(RELAXED, RELAXED)

    def turn(self, bone: str, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> None:
        """Turn a bone: up, to the person's left, towards their right shoulder; radians."""
        self._rotations[INDEX[bone]] = quat_from_rotvec(np.array([pitch, yaw, -roll]))

    def trunk(self, pitch: float = 0.0, yaw: float = 0.0) -> None:
        """Bend the spine: up and to the left in all; radians."""
        for bone in ("spine", "chest", "upperChest"):
            self.turn(bone, pitch / 3.0, yaw / 3.0)

    def look(self, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> None:
        """Turn the head against the trunk, neck and head together; radians."""
        self.turn("neck", 0.4 * pitch, 0.45 * yaw, 0.4 * roll)
        self.turn("head", 0.6 * pitch, 0.55 * yaw, 0.6 * roll)

    def fingers(self, left: Floats, right: Floats) -> None:
        """Shape the hands: ``(6,)`` as in ``presence.tracking.hands``."""
        self._rotations[HAND_BONES] = quat_from_rotvec(finger_rotvecs(np.stack([left, right])))

    def joint(self, bone: str) -> tuple[Floats, Floats]:
        """Where a bone's joint is, ``(3,)``, and its orientation ``(4,)``, in the place."""
        index = INDEX[bone]
        if PARENTS[index] < 0:
            return self.hips, self._rotations[index]
        at, turn = self.joint(next(b for b, i in INDEX.items() if i == PARENTS[index]))
        return (
            at + quat_rotate(turn, self._measures.offsets[index]),
            quat_mul(turn, self._rotations[index]),
        )

    def arm(self, side: int, wrist: Triple, elbow: Triple, points: Triple, palm: Triple) -> None:
        """Put a hand somewhere.

        Args:
            side: 0 left, 1 right.
            wrist: metres from the shoulder joint: aside, up, ahead, for an arm of 0.55 m.
            elbow: where the elbow points: aside, up, ahead.
            points: where the fingers point: aside, up, ahead.
            palm: where the palm faces: aside, up, ahead.
        """
        upper, lower, hand = (
            INDEX[_SIDES[side] + bone] for bone in ("UpperArm", "LowerArm", "Hand")
        )
        offsets = self._measures.offsets
        length = np.linalg.norm(offsets[lower]) + np.linalg.norm(offsets[hand])
        aside = np.array([-1.0 if side == 0 else 1.0, 1.0, -1.0])
        _, chest = self.joint(_SIDES[side] + "Shoulder")
        above, below = reach(
            offsets[lower],
            offsets[hand],
            HINGES[side],
            np.asarray(wrist) * aside * length / 0.55,
            np.asarray(elbow) * aside,
        )
        wanted = frame_to_frame(
            AXES[side], -UP, np.asarray(points) * aside, np.asarray(palm) * aside
        )
        twist = twist_angle(below, wanted, AXES[side])
        below = twisted(below, AXES[side], TWIST_SHARE * twist)
        self._rotations[upper] = quat_mul(quat_conjugate(chest), above)
        self._rotations[lower] = quat_mul(quat_conjugate(above), below)
        self._rotations[hand] = quat_mul(quat_conjugate(below), wanted)

    def legs(self, aside: float, ahead: float, out: float = 0.1) -> None:
        """Put both feet flat on the floor.

        Args:
            aside: metres from the middle to each ankle.
            ahead: metres of the ankles before the origin.
            out: radians by which toes and knees point outwards.
        """
        for i, side in enumerate(_SIDES):
            sign = -1.0 if i == 0 else 1.0
            upper, lower, foot = (INDEX[side + bone] for bone in ("UpperLeg", "LowerLeg", "Foot"))
            offsets = self._measures.offsets
            hip, _ = self.joint(side + "UpperLeg")
            _, hips = self.joint("hips")
            ankle = np.array([sign * aside, -self._measures.soles[i][1], -ahead])
            outward = quat_from_rotvec(np.array([0.0, -sign * out, 0.0]))
            above, below = reach(
                offsets[lower],
                offsets[foot],
                HINGES[LEFT_LEG + i],
                ankle - hip,
                quat_rotate(outward, FORWARD),
            )
            self._rotations[upper] = quat_mul(quat_conjugate(hips), above)
            self._rotations[lower] = quat_mul(quat_conjugate(above), below)
            self._rotations[foot] = quat_mul(quat_conjugate(below), outward)

    def sample(self, contacts: Contact = Contact.LEFT_FOOT | Contact.RIGHT_FOOT) -> PoseSample:
        """The finished pose."""
        return checked(
            replace(
                PoseSample.at_rest(0, 0.0),
                root_position=self.hips,
                rotations=self._rotations,
                contacts=contacts,
            )
        )

    def arms_down(self, sides: tuple[int, ...] = (0, 1)) -> None:
        """Let the arms hang."""
        for side in sides:
            self.arm(side, (0.13, -0.52, 0.05), (0.3, 0, -1), (0.1, -1, 0.12), (-1, -0.1, -0.25))


def at_ease(measures: Proportions) -> PoseSample:
    """Standing, the arms at one's sides."""
    body = _Sculptor(measures)
    body.arms_down()
    return body.sample()


def t_pose(measures: Proportions) -> PoseSample:
    """The T-pose, as modelled."""
    return PoseSample.at_rest(0, measures.hips_height)


def arms_up(measures: Proportions) -> PoseSample:
    """Both arms straight up beside the head."""
    body = _Sculptor(measures)
    for i, side in enumerate(_SIDES):
        # The shoulder girdle carries a third of an arm that is raised.
        body.turn(side + "Shoulder", roll=0.35 if i == 0 else -0.35)
        body.arm(i, (0.1, 0.53, 0.03), (1, 0, -0.3), (0.05, 1, 0), (-1, 0, 0.6))
    body.fingers(_FLAT, _FLAT)
    body.look(pitch=0.15)
    return body.sample()


def waving(measures: Proportions) -> PoseSample:
    """Waving with the right hand."""
    body = _Sculptor(measures)
    body.arms_down((0,))
    body.turn("rightShoulder", roll=-0.12)
    body.arm(1, (0.22, 0.19, 0.2), (1, -1, -0.1), (0.15, 1, 0.05), (0, 0.05, 1))
    body.fingers(RELAXED, _FLAT)
    body.look(roll=0.1)
    return body.sample()


def sitting(measures: Proportions) -> PoseSample:
    """On a seat as high as the knees, the hands on the thighs."""
    body = _Sculptor(measures)
    knee = -measures.offsets[INDEX["leftFoot"]][1] - measures.soles[0][1]
    hip = -measures.offsets[INDEX["leftUpperLeg"]][1]
    thigh = -measures.offsets[INDEX["leftLowerLeg"]][1]
    body.hips = np.array([0.0, knee + hip + 0.02, 0.5 * thigh])
    body.trunk(pitch=-0.08)
    body.legs(aside=0.13 * thigh / 0.42, ahead=0.46 * thigh)
    for side in (0, 1):
        body.arm(side, (-0.01, -0.38, 0.27), (0.8, 0, -1), (-0.25, -0.15, 1), (-0.1, -1, 0))
    body.look(pitch=0.05)
    return body.sample(Contact.LEFT_FOOT | Contact.RIGHT_FOOT | Contact.SEAT)


def palms_together(measures: Proportions) -> PoseSample:
    """Both palms joined before the chest."""
    body = _Sculptor(measures)
    for i, side in enumerate(_SIDES):
        at, _ = body.joint(side + "UpperArm")
        arm = sum(
            float(np.linalg.norm(measures.offsets[INDEX[side + bone]]))
            for bone in ("LowerArm", "Hand")
        )
        inwards = -abs(float(at[0])) * 0.55 / arm + 0.032
        body.arm(i, (inwards, -0.16, 0.27), (1, -0.7, 0), (-0.02, 1, 0.25), (-1, 0, 0))
    body.fingers(_JOINED, _JOINED)
    body.look(pitch=-0.15)
    return body.sample()


def arms_crossed(measures: Proportions) -> PoseSample:
    """The arms folded before the chest."""
    body = _Sculptor(measures)
    body.arm(0, (-0.24, -0.2, 0.22), (0.7, -1, 0.1), (-1, 0.2, -0.1), (-0.2, -0.3, -1))
    body.arm(1, (-0.22, -0.13, 0.27), (0.7, -1, 0.1), (-1, 0.25, -0.2), (-0.2, -0.3, -1))
    body.fingers(_HOLDING, _HOLDING)
    body.look(roll=-0.06)
    return body.sample()


def over_the_shoulder(measures: Proportions) -> PoseSample:
    """Looking back over the left shoulder."""
    body = _Sculptor(measures)
    body.trunk(yaw=0.6)
    body.look(yaw=1.1)
    body.arms_down()
    return body.sample()


def squatting(measures: Proportions) -> PoseSample:
    """Deep down on flat feet, the arms ahead."""
    body = _Sculptor(measures, hips_height=0.36, back=0.16)
    body.turn("hips", pitch=-0.55)
    body.trunk(pitch=-0.25)
    body.legs(aside=0.17, ahead=0.0, out=0.45)
    for side in (0, 1):
        body.arm(side, (-0.02, -0.02, 0.5), (1, -0.6, 0), (0, 0, 1), (0, -1, 0))
    body.fingers(_FIST, _FIST)
    body.look(pitch=0.6)
    return body.sample()


POSES: dict[str, Callable[[Proportions], PoseSample]] = {
    "at ease": at_ease,
    "arms up": arms_up,
    "waving": waving,
    "sitting": sitting,
    "palms together": palms_together,
    "arms crossed": arms_crossed,
    "over the shoulder": over_the_shoulder,
    "squatting": squatting,
    "T-pose": t_pose,
}
"""Every pose by its name."""
