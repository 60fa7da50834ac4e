"""A hand and its fingers from its 21 landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    IDENTITY,
    quat_angle,
    quat_between,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_matrix,
    quat_mul,
    quat_rotate,
)
from presence.pose.skeleton import FINGERTIP_BONES, INDEX
from presence.tracking.limbs import unit

SIDES = ("left", "right")
_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
_KNUCKLES = (5, 9, 13, 17)
_MOST_CLOSED, _MOST_OPEN = np.radians(115.0), np.radians(-25.0)
_MOST_AT_KNUCKLE = np.radians(110.0)
_MOST_OF_THUMB = np.radians(75.0)
_WORST_FIT = 0.35
"""A hand whose knuckles are farther than this from where a hand has them, root of the mean square
of unit directions, is none, or the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A hand in the axes in which its landmarks were given."""

    orientation: Floats
    """``(4,)`` of the ``Hand`` bone."""
    fingers: Floats
    """``(15, 4)`` parent-relative, thumb to little finger, root to tip."""
    fit: float
    """0 to 1: how like a hand of this side it is."""


def read_hand(points: Floats, left: bool, body: Proportions) -> Hand | None:
    """A hand's bones; None where the landmarks are no hand's of that side.

    Args:
        points: ``(21, 3)`` metres, in ``place``'s axes or any that are right-handed.
        left: which hand it is.
        body: the person's measures.
    """
    side = SIDES[0] if left else SIDES[1]
    hand = INDEX[f"{side}Hand"]
    knuckles = [hand_bone(side, finger, 0) for finger in range(1, 5)]
    expected = unit(body.offsets[knuckles])
    seen = unit(points[list(_KNUCKLES)] - points[0])
    # W. Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976.
    u, _, vt = np.linalg.svd(seen.T @ expected)
    handed = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    turn = (u * handed) @ vt
    off = float(np.sqrt(np.mean(np.sum((expected @ turn.T - seen) ** 2, axis=1))))
    if off > _WORST_FIT:
        return None
    orientation = quat_from_matrix(turn)
    closing = np.array([0.0, 0.0, 1.0 if left else -1.0])
    fingers = np.tile(IDENTITY, (15, 1))
    for finger in range(5):
        above = orientation
        for segment in range(3):
            bone = hand_bone(side, finger, segment)
            at = 4 * finger + 1 + segment
            rest = unit(_next(bone, side, finger, segment, body))
            way = quat_rotate(quat_conjugate(above), unit(points[at + 1] - points[at]))
            if finger > 0 and segment > 0:
                local = _hinged(rest, way, closing)
            else:
                most = _MOST_AT_KNUCKLE if finger else _MOST_OF_THUMB
                local = _at_most(quat_between(rest, way), most)
            fingers[3 * finger + segment] = local
            above = quat_mul(above, local)
    assert hand >= 0
    return Hand(orientation, fingers, float(np.clip(1.0 - off / _WORST_FIT, 0.0, 1.0)))


def hand_bone(side: str, finger: int, segment: int) -> int:
    """The bone of a finger, 0 (thumb) to 4, by its place from the root."""
    names = ("Metacarpal", "Proximal") if finger == 0 else ("Proximal", "Intermediate")
    return INDEX[f"{side}{_FINGERS[finger]}{(*names, 'Distal')[segment]}"]


def _next(bone: int, side: str, finger: int, segment: int, body: Proportions) -> Floats:
    if segment < 2:
        onward: Floats = body.offsets[hand_bone(side, finger, segment + 1)]
        return onward
    tip: Floats = body.fingertips[int(np.flatnonzero(bone == FINGERTIP_BONES)[0])]
    return tip


def _hinged(rest: Floats, way: Floats, axis: Floats) -> Floats:
    """The turn about ``axis`` that brings ``rest`` nearest to ``way``, as far as joints go."""
    a, b = rest - (rest @ axis) * axis, way - (way @ axis) * axis
    angle = float(np.arctan2(np.cross(a, b) @ axis, a @ b))
    return quat_from_axis_angle(axis, float(np.clip(angle, _MOST_OPEN, _MOST_CLOSED)))


def _at_most(turn: Floats, most: float) -> Floats:
    """The turn, or as much of it as joints allow."""
    angle = float(quat_angle(turn, IDENTITY))
    if angle <= most:
        return turn
    axis = turn[:3] * np.sign(turn[3] or 1.0)
    return quat_from_axis_angle(axis / np.linalg.norm(axis), most)
