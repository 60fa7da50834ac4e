"""The loop that ``presence bench camera`` closes: people are drawn, followed, and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from presence.bench.camera_set import Setting, acted, head_of
from presence.client.studio import Studio
from presence.clock import SECOND
from presence.pose.arrays import Floats
from presence.pose.kinematics import joints_in_place
from presence.pose.quaternion import (
    quat_angle,
    quat_conjugate,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)
from presence.pose.sample import PoseSample
from presence.pose.skeleton import INDEX, PARENTS
from presence.scene.avatar import Avatar
from presence.tracking.camera.fingers import hand_bone
from presence.tracking.camera.found import Found
from presence.tracking.camera.lens import Lens
from presence.tracking.camera.networks import Networks
from presence.tracking.camera.person import Person
from presence.tracking.camera.plan import Plan
from presence.tracking.camera.task import CameraSettings
from presence.tracking.hands import finger_rotvecs
from presence.tracking.sensed import Point, Sensed

LENS = Lens(640, 480)
FACE_AWAY, ARMS_AWAY = 0.75, 1.3
"""Metres between lens and eyes: at a desk, and a step back, where arms are in the picture."""
_HELD = 4
"""Pictures of each thing that is done, the last of which is judged: networks follow from one to the
next."""
SIDES = ("left", "right")


class Always(Plan):
    """Has the same networks look at every picture, besides the face's."""

    def __init__(self, *names: str) -> None:
        """``names`` are of those: ``pose``, ``hands``."""
        super().__init__()
        self._names = frozenset(names)

    def turn(self, *, hands: bool) -> frozenset[str]:
        """All of them, whatever they take."""
        return self._names


EVERYTHING = ("pose", "hands")


class Sitting:
    """One person before one camera. State: the networks, and who follows the person."""

    def __init__(
        self,
        avatar: Avatar,
        studio: Studio,
        away: float,
        neutral_s: float = 2.0,
        looks: tuple[str, ...] = EVERYTHING,
    ) -> None:
        """Have them rest until their place and their face's rest are known.

        Args:
            avatar: who.
            studio: draws them.
            away: metres between the lens and their eyes.
            neutral_s: seconds for which they rest.
            looks: what is looked at besides the face.
        """
        self.avatar, self.studio = avatar, studio
        self.setting = Setting(avatar, LENS, away)
        # At every picture: what is judged here is how well, not how fast.
        self._networks = Networks(plan=Always(*looks))
        self._person = Person(CameraSettings(seated=False, neutral_s=neutral_s), avatar.proportions)
        self._now = SECOND
        self.found = Found(LENS.width, LENS.height)
        """What the networks found in the newest picture."""
        self.show(acted(avatar), round(neutral_s * 30.0))

    def close(self) -> None:
        """Let the networks go."""
        self._networks.close()

    def show(self, sample: PoseSample, pictures: int = _HELD) -> Sensed:
        """What is known of them once they have done something for a few pictures."""
        picture = self.setting.picture(self.studio, sample)
        for _ in range(pictures):
            self._now += SECOND // 30
            self.found = self._networks.look(picture, self._now)
            sensed = self._person.follow(self.found, self._now)
        return sensed


@dataclass(frozen=True, slots=True)
class HeadSeen:
    """A head that was turned, and how it was told."""

    true: tuple[float, float, float]
    """Degrees of yaw, pitch and roll."""
    told: tuple[float, float, float] | None
    """None: it was not found."""
    off: tuple[float, float, float]
    """Metres to the right, up, and back."""


def heads(sitting: Sitting) -> Iterator[HeadSeen]:
    """Somebody turns their head, one way and another, and comes back in between."""
    turns = [(yaw, 0, 0) for yaw in (-35, -20, -10, 10, 20, 35)]
    turns += [(0, pitch, 0) for pitch in (-20, -10, 10, 20)]
    turns += [(0, 0, roll) for roll in (-20, -10, 10, 20)]
    turns += [(20, 10, 5), (-20, 10, -5), (15, -10, 5), (-15, -10, -5)]
    for turn in turns:
        sitting.show(acted(sitting.avatar), 2)
        half = tuple(0.5 * angle for angle in turn)
        sitting.show(acted(sitting.avatar, head=half), 2)  # type: ignore[arg-type]
        sample = acted(sitting.avatar, head=turn)
        sensed = sitting.show(sample)
        true, told = head_of(sample, sitting.avatar), sensed.point(Point.HEAD)
        if told is None:
            yield HeadSeen(turn, None, (0.0, 0.0, 0.0))
            continue
        off = told.translation - true.translation
        yield HeadSeen(turn, angles_of(told.rotation), tuple(off.tolist()))


def angles_of(turn: Floats) -> tuple[float, float, float]:
    """Degrees of yaw, pitch and roll: about +Y first, then +X, then +Z, each carried along."""
    ahead = quat_rotate(turn, np.array([0.0, 0.0, -1.0]))
    yaw, pitch = np.arctan2(-ahead[0], -ahead[2]), np.arcsin(np.clip(ahead[1], -1.0, 1.0))
    about_y, about_x = quat_from_rotvec(np.array([[0.0, yaw, 0.0], [pitch, 0.0, 0.0]]))
    rest = quat_to_rotvec(quat_mul(quat_conjugate(quat_mul(about_y, about_x)), turn))
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(rest[2]))


GLANCES: tuple[tuple[float, float], ...] = (
    *((-25, 0), (-12, 0), (12, 0), (25, 0)),
    *((0, -15), (0, -8), (0, 8), (0, 15)),
)
"""Degrees to the left, and up."""


def glances(
    sitting: Sitting, ways: Iterable[tuple[float, float]] = GLANCES
) -> Iterator[tuple[tuple[float, float], tuple[float, float] | None]]:
    """Degrees to the left and up: what was looked at, and what was told; None: nothing was."""
    for gaze in ways:
        sitting.show(acted(sitting.avatar), 2)
        sensed = sitting.show(acted(sitting.avatar, gaze=gaze))
        if sensed.gaze_confidence <= 0.0:
            yield gaze, None
            continue
        x, y, z = sensed.gaze_direction.tolist()
        told = np.degrees([np.arctan2(-x, -z), np.arcsin(y)]).tolist()
        yield gaze, (told[0], told[1])


def faces(
    sitting: Sitting, names: list[str], values: tuple[float, ...]
) -> Iterator[tuple[str, float, Floats]]:
    """Each shape, as much as each of ``values``, and the whole face that was told then."""
    for name in names:
        sitting.show(acted(sitting.avatar), 2)
        for value in values:
            sensed = sitting.show(acted(sitting.avatar, shapes={name: value}))
            yield name, value, sensed.face


ARM_POSES: dict[str, dict[str, tuple[float, float, float]]] = {
    # Rotation vectors, of the left arm; the right one's are mirrored.
    "hand up": {"UpperArm": (0.0, 0.0, 1.0), "LowerArm": (0.0, -2.1, 0.0)},
    "hand up beside": {"UpperArm": (0.0, 0.0, 0.7), "LowerArm": (0.0, 0.0, -1.9)},
    "hand ahead": {"UpperArm": (0.2, -0.6, 0.9), "LowerArm": (0.0, -1.5, 0.0)},
    "arm aside": {"UpperArm": (0.0, 0.0, 0.3), "LowerArm": (0.0, -0.3, 0.0)},
    "hand to chest": {"UpperArm": (0.0, -0.3, 1.1), "LowerArm": (0.0, -2.3, 0.3)},
}
HAND_SHAPES: dict[str, tuple[float, ...]] = {
    "open": (0.0, 0.0, 0.0, 0.0, 0.0, 0.6),
    "half closed": (0.3, 0.4, 0.4, 0.4, 0.4, 0.0),
}


def _mirrored(turn: tuple[float, float, float]) -> tuple[float, float, float]:
    return turn[0], -turn[1], -turn[2]


@dataclass(frozen=True, slots=True)
class ArmSeen:
    """An arm that was held some way, and how it was told."""

    pose: str
    found: bool
    swapped: bool
    """Whether the other arm's hand was told to be where this one was."""
    wrist_off: float
    """Metres."""
    upper_off: float
    """Degrees between the upper arm's direction and what was told; and so on."""
    lower_off: float
    hand_off: float | None
    """None: the hand was not found."""
    fingers_off: float | None


def arms(
    sitting: Sitting, shapes: dict[str, tuple[float, ...]], poses: Iterable[str] = tuple(ARM_POSES)
) -> Iterator[ArmSeen]:
    """Somebody raises one arm and then the other, with the hand shaped one way and another."""
    body = sitting.avatar.proportions
    for pose in poses:
        turns = ARM_POSES[pose]
        for shape in shapes.values():
            for side, name in enumerate(SIDES):
                own = {
                    f"{name}{bone}": quat_from_rotvec(np.array(_mirrored(v) if side else v))
                    for bone, v in turns.items()
                }
                curled = quat_from_rotvec(finger_rotvecs(np.array([shape, shape])))
                for finger in range(15):
                    bone = hand_bone(name, finger // 3, finger % 3)
                    own[_name(bone)] = curled[15 * side + finger]
                sample = acted(sitting.avatar, rotations=own)
                sitting.show(acted(sitting.avatar), 2)
                sensed = sitting.show(sample, 6)
                positions, orientations = joints_in_place(sample, body)
                yield _judged(pose, side, sample, sensed, positions, orientations)


def _name(bone: int) -> str:
    return next(name for name, index in INDEX.items() if index == bone)


def _judged(
    pose: str,
    side: int,
    sample: PoseSample,
    sensed: Sensed,
    positions: Floats,
    orientations: Floats,
) -> ArmSeen:
    name = SIDES[side]
    wrist = positions[INDEX[f"{name}Hand"]]
    points = (Point.LEFT_HAND, Point.RIGHT_HAND)
    own, other = points[side], points[1 - side]
    known = sensed.position_confidence > 0.0
    swapped = bool(known[other]) and (
        float(np.linalg.norm(sensed.positions[other] - wrist)) < 0.15
        and float(np.linalg.norm(positions[INDEX[f"{SIDES[1 - side]}Hand"]] - wrist)) > 0.3
    )
    if not known[own]:
        return ArmSeen(pose, False, swapped, 0.0, 0.0, 0.0, None, None)
    # Along the spine as it was told, so that its errors count as well.
    told = _world(sensed.rotations)
    along = np.array([1.0, 0.0, 0.0])
    offs = [
        _apart(quat_rotate(told[INDEX[bone]], along), quat_rotate(orientations[INDEX[bone]], along))
        for bone in (f"{name}UpperArm", f"{name}LowerArm")
    ]
    hand_off = fingers_off = None
    if sensed.orientation_confidence[own] > 0.0:
        true = orientations[INDEX[f"{name}Hand"]]
        hand_off = float(np.degrees(quat_angle(sensed.orientations[own], true)))
        first = hand_bone(name, 0, 0)
        bones = slice(first, first + 15)
        turns = quat_angle(sensed.rotations[bones], sample.rotations[bones])
        fingers_off = float(np.degrees(turns).mean())
    off = float(np.linalg.norm(sensed.positions[own] - wrist))
    return ArmSeen(pose, True, swapped, off, offs[0], offs[1], hand_off, fingers_off)


def _world(rotations: Floats) -> Floats:
    out = rotations.copy()
    for bone, parent in enumerate(PARENTS.tolist()):
        if parent >= 0:
            out[bone] = quat_mul(out[parent], rotations[bone])
    return out


def _apart(a: Floats, b: Floats) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1.0, 1.0))))
