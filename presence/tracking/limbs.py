"""The geometry of limbs: which way they point and bend, aiming, two-bone reach, shared twist.

A limb is an upper bone, a lower bone and an end (a hand or a foot). In the T-pose it is straight
along its ``axis``; the elbow or knee bends by a positive turn about its ``hinge``.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.quaternion import (
    quat_between,
    quat_conjugate,
    quat_from_axis_angle,
    quat_from_matrix,
    quat_mul,
    quat_rotate,
    quat_twist,
)

LEFT_ARM, RIGHT_ARM, LEFT_LEG, RIGHT_LEG = range(4)

AXES: Floats = frozen(np.array([[-1.0, 0, 0], [1.0, 0, 0], [0, -1.0, 0], [0, -1.0, 0]]))
"""``(4, 3)`` the way that each limb points in the T-pose."""

HINGES: Floats = frozen(np.array([[0, -1.0, 0], [0, 1.0, 0], [-1.0, 0, 0], [-1.0, 0, 0]]))
"""``(4, 3)`` the axis about which each elbow and knee bends: forearms forward, shins back."""

TWIST_SHARE = 0.5
"""How much of the hand's turn about the forearm the forearm bone carries.

Pronation is spread evenly along a real forearm; half keeps skin sound at elbow and wrist alike.
"""


def dot(a: Floats, b: Floats) -> Floats:
    """The inner products of ``(..., 3)`` arrays, without the last axis."""
    products: Floats = np.einsum("...i,...i->...", a, b)
    return products


def unit(vectors: Floats) -> Floats:
    """The directions of ``vectors (..., 3)``; one too short to have any stays zero."""
    length = np.sqrt(dot(vectors, vectors))[..., None]
    scaled: Floats = vectors / np.maximum(length, 1e-12)
    return scaled


def aimed(orientations: Floats, axis: Floats, target: Floats) -> Floats:
    """``orientations (..., 4)`` turned the short way so that ``axis`` points at ``target``.

    A target too short to point anywhere changes nothing.
    """
    now = quat_rotate(orientations, axis)
    far = np.linalg.norm(target, axis=-1, keepdims=True) > 1e-6
    return quat_mul(quat_between(now, np.where(far, target, now)), orientations)


def frame(first: Floats, second: Floats) -> Floats:
    """Matrices ``(..., 3, 3)`` whose columns are ``first``, ``second`` made square to it, and the
    third of a right-handed frame; ``first`` need not be of unit length.
    """
    x = unit(first)
    y = unit(second - dot(second, x)[..., None] * x)
    return np.stack([x, y, cross(x, y)], axis=-1)


def frame_to_frame(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """The rotations ``(..., 4)`` that take direction ``a`` to ``c``, and ``b`` as near ``d`` as
    that allows.
    """
    matrix: Floats = frame(c, d) @ np.swapaxes(frame(a, b), -1, -2)
    return quat_from_matrix(matrix)


def cross(a: Floats, b: Floats) -> Floats:
    """The cross product of ``(..., 3)`` arrays, several times as fast as numpy's."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def reach(
    upper: Floats, lower: Floats, hinge: Floats, target: Floats, pole: Floats
) -> tuple[Floats, Floats]:
    """Two-bone reach: how to turn both bones so that the end comes to a target.

    Every argument may have leading axes. A target out of reach is approached as far as the bones
    go; lengths are never changed.

    Args:
        upper: ``(..., 3)`` metres, the lower joint from the upper at rest.
        lower: ``(..., 3)`` metres, the end from the lower joint at rest.
        hinge: ``(..., 3)`` unit, square to both: the lower bone bends about it, positively.
        target: ``(..., 3)`` metres, the end from the upper joint.
        pole: ``(..., 3)`` where the lower joint (the elbow, the knee) should point.

    Returns:
        The orientations ``(..., 4)`` of the upper and of the lower bone, in the axes of ``target``.
    """
    length_a, length_b = np.sqrt(dot(upper, upper)), np.sqrt(dot(lower, lower))
    rest = np.arctan2(dot(cross(upper, lower), hinge), dot(upper, lower))
    # The law of cosines, on the angle between the two bones' directions.
    cosine = (dot(target, target) - length_a**2 - length_b**2) / (2.0 * length_a * length_b)
    bend = np.arccos(np.clip(cosine, -1.0, 1.0)) - rest
    fold = quat_from_axis_angle(hinge, bend)
    chord = upper + quat_rotate(fold, lower)
    normal = cross(pole, target)
    above = frame_to_frame(chord, hinge, target, normal)
    return above, quat_mul(above, fold)


def within_reach(targets: Floats, length: float) -> Floats:
    """Targets ``(..., 3)``, drawn in so that a limb need not go straighter than ``length`` metres.

    Near the limit the drawing in begins softly, so that a limb never snaps straight.
    """
    softness = 0.02 * length
    distance = np.sqrt(dot(targets, targets) + 1e-9)[..., None]
    over = distance - length
    nearer = 0.5 * (distance + length - np.sqrt(over * over + softness * softness))
    drawn_in: Floats = targets * (nearer / distance)
    return drawn_in


def twist_angle(upper: Floats, lower: Floats, axis: Floats) -> Floats:
    """Radians, −π to π, by which ``lower`` is turned about ``axis`` against ``upper (..., 4)``."""
    twist = quat_twist(quat_mul(quat_conjugate(upper), lower), axis)
    angle: Floats = 2.0 * np.arctan2(dot(twist[..., :3], axis), twist[..., 3])
    return (angle + np.pi) % (2.0 * np.pi) - np.pi


def twisted(orientations: Floats, axis: Floats, angle: Floats) -> Floats:
    """``orientations (..., 4)`` turned by ``angle`` about their own ``axis``."""
    return quat_mul(orientations, quat_from_axis_angle(axis, angle))
