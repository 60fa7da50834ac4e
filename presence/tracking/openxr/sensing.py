"""A headset's readings as :class:`~presence.tracking.sensed.Sensed`."""

from __future__ import annotations

import numpy as np

from presence.headset.readings import Controller, Hand, Readings
from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_COUNT
from presence.pose.quaternion import IDENTITY
from presence.pose.rigid import Rigid
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.tracking.openxr import face_tables
from presence.tracking.openxr.bodies import (
    MADE_UP_LEGS,
    META_LEGS,
    BodyMap,
    BodyPose,
    bytedance_map,
    meta_map,
)
from presence.tracking.openxr.gaze import Gaze, gaze_of_both, gaze_of_each, gaze_of_face
from presence.tracking.openxr.hand_joints import WRIST, finger_confidence, hand_rotations
from presence.tracking.openxr.held_controllers import finger_rotations, wrist
from presence.tracking.openxr.surety import orientation_confidence, position_confidence
from presence.tracking.sensed import Point, Sensed

CONTROLLER = 0.9
"""The most that is made of a wrist reckoned from a controller: how it is held is a guess."""
BODY_WRIST = 0.95
"""The most that is made of a wrist that a tracked body has: of joints, hands know best."""
PRESSED_FINGERS = 0.6
"""How surely buttons tell what fingers do."""

_HANDS = (Point.LEFT_HAND, Point.RIGHT_HAND)
_HAND_BONES = (INDEX["leftHand"], INDEX["rightHand"])
_FINGERS = tuple(
    slice(INDEX[side + "ThumbMetacarpal"], INDEX[side + "LittleDistal"] + 1)
    for side in ("left", "right")
)
_BODY_POINTS = {
    Point.HIPS: INDEX["hips"],
    Point.LEFT_FOOT: INDEX["leftFoot"],
    Point.RIGHT_FOOT: INDEX["rightFoot"],
}
_LEGS = np.array([INDEX[name] for name in META_LEGS])


class HeadsetSenses:
    """Turns readings into what is known of a person.

    `place` is `local`: whoever puts on a headset is at their own place, and after recentring again.
    State: the T-pose of the body that was last tracked, and what follows from it.
    """

    def __init__(self) -> None:
        """Begin without a body."""
        self._meta: BodyMap | None = None
        self._bytedance = bytedance_map()

    def sensed(self, readings: Readings, capture_ns: int) -> Sensed:
        """What is known at one time, stamped with ``capture_ns``."""
        known = _Known()
        if readings.head is not None:
            known.see_point(Point.HEAD, readings.head.pose, 1.0, 1.0)
        body = self._body(readings)
        if body is not None:
            known.see_body(body)
        for side in (0, 1):
            hand, controller = readings.hands[side], readings.controllers[side]
            if controller is not None:
                known.hold(controller, side)
            if hand is not None:
                known.see_hand(hand, side)
        known.see_face(readings)
        if readings.head is not None:
            known.see_gaze(readings, readings.head.pose)
        return known.sensed(capture_ns, readings.present)

    def _body(self, readings: Readings) -> BodyPose | None:
        meta = readings.meta_body
        if meta is not None and meta.rest is not None:
            if self._meta is None or self._meta.rest is not meta.rest:
                self._meta = meta_map(meta.rest)
            return self._meta.pose(meta).less_sure(_LEGS, MADE_UP_LEGS)
        if readings.bytedance_body is not None:
            return self._bytedance.pose(readings.bytedance_body)
        return None


class _Known:
    """What is known so far. State: the arrays of a ``Sensed`` in the making."""

    def __init__(self) -> None:
        self.positions = np.zeros((len(Point), 3))
        self.orientations = np.tile(IDENTITY, (len(Point), 1))
        self.position_confidence = np.zeros(len(Point))
        self.orientation_confidence = np.zeros(len(Point))
        self.rotations = np.tile(IDENTITY, (BONE_COUNT, 1))
        self.rotation_confidence = np.zeros(BONE_COUNT)
        self.face = np.zeros(SHAPE_COUNT)
        self.face_confidence = np.zeros(SHAPE_COUNT)
        self.gaze: Gaze | None = None

    def see_point(self, point: Point, pose: Rigid, where: float, how: float) -> None:
        """A point, unless it is known more surely."""
        if where > self.position_confidence[point]:
            self.positions[point] = pose.translation
            self.position_confidence[point] = where
        if how > self.orientation_confidence[point]:
            self.orientations[point] = pose.rotation
            self.orientation_confidence[point] = how

    def see_body(self, body: BodyPose) -> None:
        """A whole body's bones, and the points that they are at."""
        self.rotations[:] = body.rotations
        self.rotation_confidence[:] = body.rotation_confidence
        points = {point: (bone, 1.0) for point, bone in _BODY_POINTS.items()}
        points |= {_HANDS[side]: (_HAND_BONES[side], BODY_WRIST) for side in (0, 1)}
        for point, (bone, most) in points.items():
            self.see_point(
                point,
                Rigid(body.orientations[bone], body.positions[bone]),
                most * float(body.position_confidence[bone]),
                most * float(body.orientation_confidence[bone]),
            )

    def hold(self, controller: Controller, side: int) -> None:
        """A controller in a hand."""
        flags = controller.grip.flags
        where, how = position_confidence(flags), orientation_confidence(flags)
        self.see_point(
            _HANDS[side],
            wrist(controller, side),
            CONTROLLER * float(where),
            CONTROLLER * float(how),
        )
        fingers = _FINGERS[side]
        if self.rotation_confidence[fingers].max() < PRESSED_FINGERS:
            self.rotations[fingers] = finger_rotations(
                controller.profile, controller.trigger, controller.squeeze, controller.thumb, side
            )
            self.rotation_confidence[fingers] = PRESSED_FINGERS

    def see_hand(self, hand: Hand, side: int) -> None:
        """A hand whose joints are seen."""
        joints = hand.joints
        turn, fingers = hand_rotations(joints, side)
        where, how = position_confidence(joints.flags), orientation_confidence(joints.flags)
        pose = Rigid(turn, joints.positions[WRIST])
        self.see_point(_HANDS[side], pose, float(where[WRIST]), float(how[WRIST]))
        sure = finger_confidence(how)
        if hand.from_controller:
            sure = np.minimum(sure, PRESSED_FINGERS)
        bones = _FINGERS[side]
        better = sure >= self.rotation_confidence[bones]
        self.rotations[bones][better] = fingers[better]
        self.rotation_confidence[bones][better] = sure[better]

    def see_face(self, readings: Readings) -> None:
        """A face, by whichever extension tells it."""
        for face, table in (
            (readings.meta_face, face_tables.META),
            (readings.android_face, face_tables.ANDROID),
            (readings.htc_face, face_tables.HTC),
        ):
            if face is None:
                continue
            self.face, self.face_confidence = table.shapes(face)
            looks = float(self.face_confidence[face_tables.LOOKS].min())
            if face.eyes_followed and looks > 0.0:
                self.gaze = gaze_of_face(self.face, looks)
            return

    def see_gaze(self, readings: Readings, head: Rigid) -> None:
        """The eyes, by whichever tracker follows them; each eye's own ray tells the distance."""
        gaze = gaze_of_each(readings.eyes, head)
        if readings.gaze is not None and (gaze is None or gaze.confidence <= 0.0):
            gaze = gaze_of_both(readings.gaze, head)
        if gaze is not None and (self.gaze is None or gaze.confidence > self.gaze.confidence):
            self.gaze = gaze

    def sensed(self, capture_ns: int, present: bool) -> Sensed:
        """All of it."""
        gaze = self.gaze or _AHEAD
        # A joint that a runtime does not know may be anything, even no rotation at all.
        self.rotations[self.rotation_confidence <= 0.0] = IDENTITY
        return Sensed(
            capture_ns=capture_ns,
            positions=frozen(self.positions),
            orientations=frozen(self.orientations),
            position_confidence=frozen(self.position_confidence),
            orientation_confidence=frozen(self.orientation_confidence),
            rotations=frozen(self.rotations),
            rotation_confidence=frozen(self.rotation_confidence),
            face=frozen(self.face),
            face_confidence=frozen(self.face_confidence),
            gaze_direction=frozen(gaze.direction),
            gaze_distance=gaze.distance,
            gaze_confidence=gaze.confidence,
            present=present,
        )


def _ahead() -> Gaze:
    rest = Sensed.nothing(0)
    direction: Floats = rest.gaze_direction
    return Gaze(direction, rest.gaze_distance, 0.0)


_AHEAD = _ahead()
