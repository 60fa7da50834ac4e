"""What is known of a person while it is put together, part by part."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)
from presence.pose.rigid import FORWARD, Rigid
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.tracking.camera.body import SIDES, Arm, Trunk
from presence.tracking.camera.fingers import Hand, hand_bone
from presence.tracking.limbs import AXES, TWIST_SHARE, twist_angle, twisted
from presence.tracking.sensed import Point, Sensed

_SPINE = ("spine", "chest", "upperChest")
_TRUNK_SURE, _ARM_SURE = 0.5, 0.8
"""How much less sure trunk and arms are than their landmarks: depth is guessed."""
_SCREEN_M = 2.0
"""Metres to what is looked at: the others in the room; one camera cannot tell how far eyes look."""
_HANDS = (Point.LEFT_HAND, Point.RIGHT_HAND)


class Draft:
    """One instant. State: all that is known of it so far."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._positions = np.zeros((len(Point), 3))
        self._orientations = np.tile(IDENTITY, (len(Point), 1))
        self._position_sure = np.zeros(len(Point))
        self._orientation_sure = np.zeros(len(Point))
        self._rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
        self._rotation_sure = np.zeros(BONE_COUNT)
        self._face = np.zeros(SHAPE_COUNT)
        self._face_sure = np.zeros(SHAPE_COUNT)
        self._gaze: Floats = FORWARD
        self._gaze_sure = 0.0

    def head(self, head: Rigid, sure: float) -> None:
        """The head is there, in ``place``."""
        self._place(Point.HEAD, head.translation, head.rotation, sure, sure)

    def face(self, shapes: Floats, known: Floats) -> None:
        """The face does this; what is not known rests."""
        self._face = np.where(known > 0.0, shapes, 0.0)
        self._face_sure = known

    def gaze(self, yaw: float, pitch: float, sure: float) -> None:
        """The eyes look that way, radians to the left and up, in ``head``."""
        if sure <= 0.0:
            return
        about_y, about_x = quat_from_rotvec(np.array([[0.0, yaw, 0.0], [pitch, 0.0, 0.0]]))
        self._gaze = quat_rotate(quat_mul(about_y, about_x), FORWARD)
        self._gaze_sure = sure

    def trunk(self, trunk: Trunk, head: Rigid) -> None:
        """The trunk is like this: the bend of its spine is shared evenly."""
        share = quat_from_rotvec(quat_to_rotvec(trunk.chest) / len(_SPINE))
        sure = _TRUNK_SURE * trunk.sure
        self._turn("hips", IDENTITY, 0.3 * sure)
        for bone in _SPINE:
            self._turn(bone, share, sure)
        self._turn("neck", quat_mul(quat_conjugate(trunk.chest), trunk.neck), sure)
        head_sure = float(self._orientation_sure[Point.HEAD])
        turn = quat_mul(quat_conjugate(trunk.neck), head.rotation)
        self._turn("head", turn, min(head_sure, sure))

    def arm(self, side: int, arm: Arm, trunk: Trunk, hand: Hand | None) -> None:
        """An arm is like this; its hand, if that is seen, turns the forearm with it."""
        sure = _ARM_SURE * arm.elbow_sure
        lower = arm.lower
        if arm.wrist_sure > 0.0:
            if hand is not None:
                twist = twist_angle(arm.lower, hand.orientation, AXES[side])
                lower = twisted(arm.lower, AXES[side], TWIST_SHARE * twist)
            orientation = lower if hand is None else hand.orientation
            surely = 0.0 if hand is None else hand.fit
            self._place(_HANDS[side], arm.wrist, orientation, _ARM_SURE * arm.wrist_sure, surely)
            if hand is not None:
                self._turn(
                    f"{SIDES[side]}Hand", quat_mul(quat_conjugate(lower), hand.orientation), surely
                )
        self._turn(f"{SIDES[side]}Shoulder", IDENTITY, 0.5 * sure)
        self._turn(f"{SIDES[side]}UpperArm", quat_mul(quat_conjugate(trunk.chest), arm.upper), sure)
        forearm = quat_mul(quat_conjugate(arm.upper), lower)
        self._turn(f"{SIDES[side]}LowerArm", forearm, min(sure, _ARM_SURE * arm.wrist_sure))

    def fingers(self, side: int, hand: Hand) -> None:
        """The fingers of a hand are like this."""
        first = hand_bone(SIDES[side], 0, 0)
        self._rotations[first : first + 15] = hand.fingers
        self._rotation_sure[first : first + 15] = hand.fit

    def sensed(self, capture_ns: int, *, present: bool) -> Sensed:
        """All of it; the draft is used up."""
        return Sensed(
            capture_ns=capture_ns,
            positions=frozen(self._positions),
            orientations=frozen(self._orientations),
            position_confidence=frozen(self._position_sure),
            orientation_confidence=frozen(self._orientation_sure),
            rotations=frozen(self._rotations),
            rotation_confidence=frozen(self._rotation_sure),
            face=frozen(self._face),
            face_confidence=frozen(self._face_sure),
            gaze_direction=self._gaze,
            gaze_distance=_SCREEN_M,
            gaze_confidence=self._gaze_sure,
            present=present,
        )

    def _place(
        self, point: Point, position: Floats, orientation: Floats, sure: float, surely: float
    ) -> None:
        self._positions[point] = position
        self._position_sure[point] = sure
        if surely > 0.0:
            self._orientations[point] = orientation
            self._orientation_sure[point] = surely

    def _turn(self, bone: str, turn: Floats, sure: float) -> None:
        if sure > 0.0:
            self._rotations[INDEX[bone]] = turn
            self._rotation_sure[INDEX[bone]] = sure
