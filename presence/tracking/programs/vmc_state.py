"""What a program says of a person by the VMC protocol, gathered message by message.

The protocol: https://protocol.vmc.info/english. Messages come in any order, bundled or not, each at
its own rate; what counts is the newest of each.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from presence.clock import MILLISECOND
from presence.errors import WireError
from presence.pose.arrays import Floats, frozen
from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE
from presence.pose.face import DERIVED_SHAPES, SHAPE_COUNT, SHAPE_INDEX
from presence.pose.kinematics import joint_in_place
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)
from presence.pose.rigid import FORWARD, Rigid
from presence.pose.sample import FAR_GAZE, PoseSample
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.tracking.programs.face_names import PRESETS, preset_of, shape_of
from presence.tracking.programs.osc import Argument, Message
from presence.tracking.programs.unity import BY_UNITY_NAME, mirrored_point, mirrored_turn
from presence.tracking.sensed import Point, Sensed

Flags = NDArray[np.bool_]

STALE_NS = 500 * MILLISECOND
"""What is older is not known any more."""
_FARTHEST = 1000.0
"""Metres: whatever is said to be farther away is nonsense."""
_ENOUGH_SHAPES = 10
"""So many of ARKit's shapes mean that the avatar has all; its presets then say the same again."""
_PRESET_SURE = 0.6
_EYES_SURE = 0.8
_HEAD_SURE = 0.3
"""Where the head is follows from an avatar's bones, which are not the person's."""
_DEVICE_SURE = 0.6
_TRUNK = [INDEX[name] for name in ("spine", "chest", "upperChest", "neck")]
_OPTIONAL = [*_TRUNK, INDEX["leftShoulder"], INDEX["rightShoulder"]]
"""Bones that an avatar may do without: those about them then have their turns, too."""
_LEG = [INDEX[name] for name in ("leftUpperLeg", "leftLowerLeg", "leftFoot")]
_EYES = [INDEX["leftEye"], INDEX["rightEye"]]
_TRACKERS = {
    "head": Point.HEAD, "lefthand": Point.LEFT_HAND, "righthand": Point.RIGHT_HAND,
    "hips": Point.HIPS, "waist": Point.HIPS, "pelvis": Point.HIPS,
    "leftfoot": Point.LEFT_FOOT, "rightfoot": Point.RIGHT_FOOT,
}  # fmt: skip


def _looked() -> Floats:
    """``(2, 52)`` how far each shape turns the eyes, midway between both: to the left, and up."""
    turns = np.zeros((2, SHAPE_COUNT))
    for row, names in enumerate(
        (
            ("eyeLookOutLeft", "eyeLookInRight", "eyeLookInLeft", "eyeLookOutRight"),
            ("eyeLookUpLeft", "eyeLookUpRight", "eyeLookDownLeft", "eyeLookDownRight"),
        )
    ):
        turns[row, [SHAPE_INDEX[name] for name in names]] = (0.5, 0.5, -0.5, -0.5)
    return turns


_LOOKED = _looked()


class VmcState:
    """A person by the VMC protocol. State: the newest of each message."""

    def __init__(self, proportions: Proportions) -> None:
        """Nothing was said yet.

        Args:
            proportions: the person's, to whose size what an avatar does is brought.
        """
        self._proportions = proportions
        self.loaded = True
        """Whether the program has an avatar; until it says otherwise."""
        self.follows = True
        """Whether it says that it tracks the person."""
        self._root = Rigid.identity()
        # In Unity's axes, as they come: most are overwritten before anybody looks.
        self._turns = np.tile(IDENTITY, (BONE_COUNT, 1))
        self._offsets = np.zeros((BONE_COUNT, 3))
        self._bones_ns = np.full(BONE_COUNT, -STALE_NS)
        self._eyes_move = False
        self._shapes, self._applied_shapes = np.zeros(SHAPE_COUNT), np.zeros(SHAPE_COUNT)
        self._named = np.zeros(SHAPE_COUNT, dtype=bool)
        self._presets: dict[str, float] = {}
        self._applied_presets: dict[str, float] = {}
        self._shapes_ns = self._applied_ns = -STALE_NS
        self._devices: dict[Point, tuple[Rigid, int, bool]] = {}
        self._hands: dict[str, Point] = {}

    def take(self, message: Message, now_ns: int) -> None:
        """Take in a message; one that says nothing of a person is passed over.

        Raises:
            WireError: it has too little, or what is no number; nothing of it is taken.
        """
        address, arguments = message
        if not address.startswith("/VMC/Ext/"):
            return
        match address[9:].split("/"):
            case ["Bone", "Pos"]:
                self._take_bone(arguments, now_ns)
            case ["Root", "Pos"]:
                self._root = _transform(arguments)[1]
            case ["Blend", "Val"]:
                self._take_shape(arguments, now_ns)
            case ["Blend", "Apply"]:
                self._applied_shapes = self._shapes.copy()
                self._applied_presets = dict(self._presets)
                self._applied_ns = now_ns
            case ["OK"]:
                self._take_state(arguments)
            case [("Hmd" | "Con" | "Tra") as kind, "Pos", *_]:
                # A controller's buttons come as /VMC/Ext/Con alone.
                self._take_device(kind.lower(), arguments, now_ns)

    def _take_bone(self, arguments: list[Argument], now_ns: int) -> None:
        name, (x, y, z, qx, qy, qz, qw) = _named_numbers(arguments)
        bone = BY_UNITY_NAME.get(name.lower())
        if bone is None:
            return
        self._offsets[bone] = x, y, z
        self._turns[bone] = qx, qy, qz, qw
        self._bones_ns[bone] = now_ns
        if bone in _EYES and abs(qw) < 1.0 - 1e-7:
            self._eyes_move = True

    def _take_shape(self, arguments: list[Argument], now_ns: int) -> None:
        if len(arguments) < 2 or not isinstance(arguments[0], str):
            raise WireError("a message has too few arguments, or others than its kind has")
        value = min(max(_number(arguments[1]), 0.0), 1.0)
        self._shapes_ns = now_ns
        shape = shape_of(arguments[0])
        if shape is not None:
            self._shapes[shape], self._named[shape] = value, True
        else:
            preset = preset_of(arguments[0])
            if preset is not None:
                self._presets[preset] = value

    def _take_state(self, arguments: list[Argument]) -> None:
        if not arguments:
            raise WireError("a message has too few arguments, or others than its kind has")
        self.loaded = _number(arguments[0]) != 0
        self.follows = len(arguments) < 4 or _number(arguments[3]) != 0

    def _take_device(self, kind: str, arguments: list[Argument], now_ns: int) -> None:
        serial, transform = _transform(arguments)
        plain = "".join(filter(str.isalnum, serial.lower()))
        named = next((point for name, point in _TRACKERS.items() if name in plain), None)
        if kind == "hmd":
            named = Point.HEAD
        turned = named is not None
        if kind == "con" and named is None:
            named = self._side(serial, transform)
        if named is not None:
            self._devices[named] = (transform, now_ns, turned)

    def _side(self, serial: str, transform: Rigid) -> Point:
        """Whose hand a controller is in: told once, by the side of the head on which it was."""
        if serial not in self._hands:
            head = self._devices.get(Point.HEAD)
            place = head[0].inverse() if head is not None else Rigid.identity()
            side = Point.RIGHT_HAND if place.apply(transform.translation)[0] > 0 else None
            first = side or Point.LEFT_HAND
            other = Point.LEFT_HAND if first is Point.RIGHT_HAND else Point.RIGHT_HAND
            self._hands[serial] = other if first in self._hands.values() else first
        return self._hands[serial]

    def sensed(self, now_ns: int) -> Sensed | None:
        """What is known now; None if nothing fresh is.

        Bones and shapes are the newest that came; the time is that of the newest of them.
        """
        fresh = now_ns - self._bones_ns < STALE_NS
        has_face = now_ns - self._shapes_ns < STALE_NS
        devices = {
            point: (transform, turned)
            for point, (transform, at_ns, turned) in self._devices.items()
            if now_ns - at_ns < STALE_NS
        }
        if not (fresh.any() or has_face or devices):
            return None
        came_ns = [int(self._bones_ns.max()), self._shapes_ns]
        came_ns += [at_ns for _, at_ns, _ in self._devices.values()]
        nothing = Sensed.nothing(max(came_ns))
        points, turns = nothing.positions.copy(), nothing.orientations.copy()
        sure, turn_sure = np.zeros(len(Point)), np.zeros(len(Point))
        rotations, rotation_sure = self._rotations(fresh)
        if fresh.any():
            self._lay_points(fresh, rotations, points, turns, sure, turn_sure)
        else:
            for point, (transform, turned) in devices.items():
                points[point], turns[point] = transform.translation, transform.rotation
                sure[point], turn_sure[point] = _DEVICE_SURE, _DEVICE_SURE * turned
        face, face_sure = self._face() if has_face else (nothing.face, nothing.face_confidence)
        gaze, gaze_sure = self._gaze(fresh, face, face_sure)
        return Sensed(
            capture_ns=nothing.capture_ns,
            positions=frozen(points),
            orientations=frozen(turns),
            position_confidence=frozen(sure),
            orientation_confidence=frozen(turn_sure),
            rotations=frozen(rotations),
            rotation_confidence=frozen(rotation_sure),
            face=frozen(face.copy()),
            face_confidence=frozen(face_sure.copy()),
            gaze_direction=frozen(gaze.copy()),
            gaze_distance=FAR_GAZE if gaze_sure else nothing.gaze_distance,
            gaze_confidence=gaze_sure,
        )

    def _rotations(self, fresh: Flags) -> tuple[Floats, Floats]:
        rotations = np.where(fresh[:, None], mirrored_turn(self._turns), IDENTITY)
        sure = fresh.astype(np.float64)
        if fresh[0]:
            rotations[0] = quat_mul(self._root.rotation, rotations[0])
            if fresh[INDEX["head"]]:
                sure[_OPTIONAL] = 1.0
        return rotations, sure

    def _lay_points(
        self,
        fresh: Flags,
        rotations: Floats,
        points: Floats,
        turns: Floats,
        sure: Floats,
        turn_sure: Floats,
    ) -> None:
        """Hips and head, as the avatar has them, at the person's size."""
        if not fresh[0]:
            return
        offsets = mirrored_point(self._offsets)
        hips = offsets[0]
        turns[Point.HIPS], turn_sure[Point.HIPS] = rotations[0], 1.0
        scale = self._scale()
        at = self._root.apply(hips) * scale
        # Some programs say that every bone is at the origin, which none can be.
        if np.linalg.norm(hips) < 0.05 and abs(at[1]) < 0.05:
            return
        points[Point.HIPS], sure[Point.HIPS] = at, 1.0
        if not fresh[INDEX["head"]] or np.abs(self._offsets[_TRUNK]).max() < 0.01:
            return
        avatar = replace(self._proportions, offsets=offsets * scale)
        posed = PoseSample(capture_ns=0, root_position=at, rotations=rotations)
        head = joint_in_place(posed, avatar, INDEX["head"])
        # An avatar's eyes need not be bones.
        eyes = avatar.eyes if fresh[_EYES].all() else self._proportions.eyes
        points[Point.HEAD], turns[Point.HEAD] = head.apply(eyes), head.rotation
        sure[Point.HEAD], turn_sure[Point.HEAD] = _HEAD_SURE, _HEAD_SURE

    def _scale(self) -> float:
        """The person's legs over the avatar's."""
        theirs = float(np.linalg.norm(self._offsets[_LEG[1:]], axis=-1).sum())
        own = float(np.linalg.norm(self._proportions.offsets[_LEG[1:]], axis=-1).sum())
        return own / theirs if 0.1 < theirs < 5.0 else 1.0

    def _face(self) -> tuple[Floats, Floats]:
        # A program that never applies what it says means it at once.
        applied = self._shapes_ns - self._applied_ns < STALE_NS
        shapes = self._applied_shapes if applied else self._shapes
        presets = self._applied_presets if applied else self._presets
        if self._named.sum() >= _ENOUGH_SHAPES or not presets:
            return shapes, self._named.astype(np.float64)
        face, touched = np.where(self._named, shapes, 0.0), self._named.copy()
        for name, value in presets.items():
            face = face + value * PRESETS[name]
            touched |= PRESETS[name] > 0.0
        return np.clip(face, 0.0, 1.0), np.where(touched, _PRESET_SURE, 0.0)

    def _gaze(self, fresh: Flags, face: Floats, face_sure: Floats) -> tuple[Floats, float]:
        """Midway between the eyes' bones, if they ever move; else by the eyeLook shapes."""
        if self._eyes_move and fresh[_EYES].all():
            middle = quat_to_rotvec(mirrored_turn(self._turns[_EYES])).mean(axis=0)
            return quat_rotate(quat_from_rotvec(middle), FORWARD), _EYES_SURE
        if face_sure[DERIVED_SHAPES].min() <= 0.0:
            return FORWARD, 0.0
        left, up = _LOOKED @ face
        return _direction(left * EYE_YAW_RANGE, up * EYE_PITCH_RANGE), _EYES_SURE


def _direction(yaw: float, pitch: float) -> Floats:
    """``(3,)`` yaw to the left and pitch up, radians, from straight ahead."""
    return np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])


def _transform(arguments: list[Argument]) -> tuple[str, Rigid]:
    """A name and where it is, in our axes. Raises WireError."""
    name, numbers = _named_numbers(arguments)
    return name, Rigid(
        mirrored_turn(np.array(numbers[3:])),
        mirrored_point(np.array(numbers[:3])),
    )


def _named_numbers(arguments: list[Argument]) -> tuple[str, list[float]]:
    """A name, a position and a unit quaternion, in Unity's axes. Raises WireError.

    In plain numbers, since a frame has a hundred of them.
    """
    if len(arguments) < 8 or not isinstance(arguments[0], str):
        raise WireError("a message has too few arguments, or others than its kind has")
    numbers = [_number(one) for one in arguments[1:8]]
    length = math.hypot(*numbers[3:])
    if not 0.5 < length < 2.0 or max(map(abs, numbers[:3])) > _FARTHEST:
        raise WireError("a position or turn that nothing can have")
    return arguments[0], numbers[:3] + [part / length for part in numbers[3:]]


def _number(argument: Argument) -> float:
    if isinstance(argument, str) or argument is None or not math.isfinite(argument):
        raise WireError("a message has too few arguments, or others than its kind has")
    return float(argument)
