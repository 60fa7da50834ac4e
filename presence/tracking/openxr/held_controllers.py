"""Controllers: where the wrist is behind the grip, and how the fingers lie round it.

The grip pose has the palm's middle, or the handle's, as origin. Its −Z runs along the handle from
the little finger to the thumb; +X is square to the palm, out of the left one and into the right
one; +Y so points back to the elbow (OpenXR specification, section "Standard pose identifiers").
A hand in our T-pose that closes round a handle so has a grip that is turned by a quarter about +Z,
clockwise on the left, anticlockwise on the right.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from presence.headset.readings import Controller
from presence.pose.arrays import Floats, frozen
from presence.pose.quaternion import quat_from_axis_angle, quat_from_rotvec, quat_mul
from presence.pose.rigid import UP, Rigid
from presence.tracking.hands import CHANNELS, finger_rotvecs

_AHEAD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Holding:
    """How a kind of controller lies in the hand."""

    from_palm: float
    """Metres from the hand's middle plane to the grip's origin, out of the palm."""
    from_wrist: float
    """Metres from the wrist to the grip's origin, along the hand."""
    tilt: float
    """Radians by which the thumb's end of the handle leans away from the elbow, from square."""


HOLDINGS: dict[str, Holding] = {
    "round handle": Holding(from_palm=0.030, from_wrist=0.070, tilt=np.radians(12.0)),
    "wand": Holding(from_palm=0.034, from_wrist=0.070, tilt=np.radians(12.0)),
    "bare hand": Holding(from_palm=0.014, from_wrist=0.070, tilt=0.0),
}
"""Reckoned from an average hand (the knuckles 9 cm from the wrist, the palm half as thick as 28 mm)
and handles 32 and 40 mm thick. Not measured on devices."""

_FAMILIES = {
    "htc/vive_controller": "wand",
    "microsoft/motion_controller": "wand",
    "ext/hand_interaction_ext": "bare hand",
}

# Curls of a hand that holds a handle loosely, and what a full press adds: the index finger by the
# trigger, the others by the squeeze, the thumb by a touch.
_LOOSE = np.array([0.15, 0.30, 0.50, 0.52, 0.55, 0.0])
_TRIGGER = np.array([0.0, 0.40, 0.0, 0.0, 0.0, 0.0])
_SQUEEZE = np.array([0.0, 0.0, 0.35, 0.35, 0.35, 0.0])
_THUMB = np.array([0.45, 0.0, 0.0, 0.0, 0.0, 0.0])
# A bare hand opens when nothing is pinched or grasped.
_OPEN = np.array([0.15, 0.10, 0.12, 0.14, 0.16, 0.1])
_PINCH = np.array([0.50, 0.50, 0.0, 0.0, 0.0, 0.0])
_GRASP = np.array([0.0, 0.0, 0.80, 0.80, 0.80, 0.0])


def holding(profile: str) -> Holding:
    """How the controller with this interaction profile lies in the hand."""
    return HOLDINGS[_FAMILIES.get(profile.removeprefix("/interaction_profiles/"), "round handle")]


def grip_from_wrist(held: Holding, side: int) -> Rigid:
    """The ``Hand`` bone in the axes of the grip, of the left (0) or right (1) hand."""
    key = (held, side)
    if key not in _GRIP_FROM_WRIST:
        sign = (1.0, -1.0)[side]
        # In the T-pose, with the wrist as origin and our axes.
        tilt = quat_from_axis_angle(UP, sign * held.tilt)
        turn = quat_mul(tilt, quat_from_axis_angle(_AHEAD, -sign * 0.5 * np.pi))
        wrist_from_grip = Rigid(turn, np.array([-sign * held.from_wrist, -held.from_palm, 0.0]))
        _GRIP_FROM_WRIST[key] = wrist_from_grip.inverse()
    return _GRIP_FROM_WRIST[key]


_GRIP_FROM_WRIST: dict[tuple[Holding, int], Rigid] = {}


def wrist(controller: Controller, side: int) -> Rigid:
    """The ``Hand`` bone in `local`."""
    return controller.grip.pose @ grip_from_wrist(holding(controller.profile), side)


def curls(profile: str, trigger: float | None, squeeze: float | None, thumb: bool | None) -> Floats:
    """``(6,)`` the channels of :mod:`presence.tracking.hands`, by what is pressed and touched."""
    pressed, gripped = trigger or 0.0, squeeze or 0.0
    shape: Floats
    if profile.endswith("ext/hand_interaction_ext"):
        shape = _OPEN + pressed * _PINCH + gripped * _GRASP
    else:
        shape = _LOOSE + pressed * _TRIGGER + gripped * _SQUEEZE + float(bool(thumb)) * _THUMB
    return shape


@functools.lru_cache(maxsize=64)
def finger_rotations(
    profile: str, trigger: float | None, squeeze: float | None, thumb: bool | None, side: int
) -> Floats:
    """``(15, 4)`` the finger bones, parent-relative. Kept, for most of the time nothing changes."""
    shapes = np.zeros((2, CHANNELS))
    shapes[side] = curls(profile, trigger, squeeze, thumb)
    return frozen(quat_from_rotvec(finger_rotvecs(shapes).reshape(2, 15, 3)[side]))
