"""A hand and its fingers from its 21 landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions
from presence.pose.quaternion import (
    quat_between,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_matrix,
    quat_from_rotvec,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)
from presence.pose.skeleton import FINGERTIP_BONES, INDEX
from presence.tracking.limbs import dot, unit

SIDES = ("left", "right")
_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
_KNUCKLES = (5, 9, 13, 17)
_MOST_CLOSED, _MOST_OPEN = np.radians(115.0), np.radians(-25.0)
_MOST_AT_ROOT = np.radians([75.0, 110.0, 110.0, 110.0, 110.0])
"""Of the thumb, and of the fingers at their knuckles."""
_TIPS = {int(bone): i for i, bone in enumerate(FINGERTIP_BONES)}
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
    rests = unit(np.array([[_next(side, f, s, body) for s in range(3)] for f in range(5)]))
    joints = points[1:].reshape(5, 4, 3)
    ways = unit(joints[:, 1:] - joints[:, :3])
    fingers = np.empty((5, 3, 4))
    above = np.tile(orientation, (5, 1))
    for segment in range(3):
        rest, way = rests[:, segment], quat_rotate(quat_conjugate(above), ways[:, segment])
        local = fingers[:, segment]
        # Of a thumb every joint turns about two axes, of fingers only those at the knuckles.
        free = slice(0, 1) if segment else slice(None)
        local[free] = _at_most(quat_between(rest[free], way[free]), _MOST_AT_ROOT[free])
        if segment:
            local[1:] = _hinged(rest[1:], way[1:], closing)
        above = quat_mul(above, local)
    fit = float(np.clip(1.0 - off / _WORST_FIT, 0.0, 1.0))
    return Hand(orientation, fingers.reshape(15, 4), fit)


def hand_bone(side: str, finger: int, segment: int) -> int:
    """The bone of a finger, 0 (thumb) to 4, by its place from the root."""
    names = ("Metacarpal", "Proximal") if finger == 0 else ("Proximal", "Intermediate")
    return INDEX[f"{side}{_FINGERS[finger]}{(*names, 'Distal')[segment]}"]


def _next(side: str, finger: int, segment: int, body: Proportions) -> Floats:
    if segment < 2:
        onward: Floats = body.offsets[hand_bone(side, finger, segment + 1)]
        return onward
    tip: Floats = body.fingertips[_TIPS[hand_bone(side, finger, segment)]]
    return tip


def _hinged(rest: Floats, way: Floats, axis: Floats) -> Floats:
    """``(N, 4)`` the turns about ``axis`` that bring each of ``rest (N, 3)`` nearest to its
    ``way``, as far as joints go.
    """
    a, b = rest - (rest @ axis)[:, None] * axis, way - (way @ axis)[:, None] * axis
    angle = np.arctan2(np.cross(a, b) @ axis, dot(a, b))
    return quat_from_axis_angle(axis, np.clip(angle, _MOST_OPEN, _MOST_CLOSED))


def _at_most(turns: Floats, most: Floats) -> Floats:
    """``(N, 4)`` the turns, or as much of each as joints allow, ``most (N,)`` radians."""
    whole = quat_to_rotvec(turns)
    angle = np.sqrt(dot(whole, whole))
    return quat_from_rotvec(whole * np.minimum(1.0, most / np.maximum(angle, 1e-12))[:, None])
