"""Motions from pose to pose: the arithmetic that interpolation is written in, compiled.

A pose is a packed sample; a motion is a row of 220 numbers: the root's displacement (metres, in
``place``), a rotation vector for each bone (radians, in the bone's own frame), and the change of
each face shape. Taking a bone's rotation in its own frame makes the two ends of a motion agree
about it. A motion that is not known is any, with no span: None would be another type, and every
loop compiled twice.
"""

from __future__ import annotations

import numpy as np

from presence.compiled import compiled, inlined
from presence.pose.face import SHAPE_COUNT
from presence.pose.loops import back_mul, from_rotvec, mul, to_rotvec
from presence.pose.packed import SAMPLE_FACE, SAMPLE_GAZE, SAMPLE_ROOT, SAMPLE_SIZE, SAMPLE_TURNS
from presence.pose.skeleton import BONE_COUNT, HAND_BONES

_TURNS = 3
_FACE = _TURNS + 3 * BONE_COUNT
MOTION_SIZE = _FACE + SHAPE_COUNT

FACE_NUMBERS = slice(_FACE, MOTION_SIZE)
"""Where the face shapes are in a motion."""
HAND_NUMBERS = (_TURNS + 3 * HAND_BONES[:, None] + np.arange(3)).ravel()
"""``(90,)`` where the finger bones are in a motion."""


@compiled
def motion_between(a, b, out):
    """Fills ``out (MOTION_SIZE,)`` with the motion from pose ``a`` to ``b``.

    Each bone takes the short way round.
    """
    turn = np.empty(4)
    for k in range(3):
        out[k] = b[SAMPLE_ROOT + k] - a[SAMPLE_ROOT + k]
    for bone in range(BONE_COUNT):
        at, to = SAMPLE_TURNS + 4 * bone, _TURNS + 3 * bone
        back_mul(a[at : at + 4], b[at : at + 4], turn)
        to_rotvec(turn, out[to : to + 3])
    for k in range(SHAPE_COUNT):
        out[_FACE + k] = b[SAMPLE_FACE + k] - a[SAMPLE_FACE + k]


@compiled
def moved(pose, motion, share, out):
    """Fills ``out (SAMPLE_SIZE,)`` with ``pose``, moved by ``share`` of a motion.

    Gaze, and what cannot be between two values, as contacts and attention, stay the pose's.
    """
    part = np.empty(MOTION_SIZE)
    for k in range(MOTION_SIZE):
        part[k] = share * motion[k]
    _move(pose, part, out)


@compiled
def extrapolated(pose, before, before_ns, arriving, arriving_ns, shares, reach_ns, out):
    """Fills ``out (SAMPLE_SIZE,)`` with ``pose``, gone on as it came.

    Args:
        pose: the newest there is.
        before: the motion from the pose before the one before it to that one.
        before_ns: how long that took; 0 where it is not known.
        arriving: the motion from the pose before it.
        arriving_ns: how long that took.
        shares: ``(MOTION_SIZE,)`` how much each number of the motion counts.
        reach_ns: for how long it would go on if it did not slow down.
        out: what to fill.
    """
    motion = np.empty(MOTION_SIZE)
    for k in range(MOTION_SIZE):
        velocity = arriving[k] / arriving_ns
        if before_ns > 0:
            start = _tangent(before[k], before_ns, arriving[k], arriving_ns)
            velocity = _natural(velocity, start)
        motion[k] = velocity * shares[k] * reach_ns
    _move(pose, motion, out)


@compiled
def between(a, b, u, before, before_ns, chord, span_ns, after, after_ns, out):
    """Fills ``out (SAMPLE_SIZE,)`` with the pose at a share ``u`` of the time from ``a`` to ``b``.

    A cubic Hermite curve in rotation-vector space, whose tangents come from the poses around,
    unevenly spaced or not (the finite differences of a parabola through three points). Where none
    is known, the curve ends without curvature, as natural splines do.

    Args:
        a: the pose before.
        b: the pose after.
        u: 0 to 1.
        before: the motion that led to ``a``.
        before_ns: how long that took; 0 where it is not known.
        chord: the motion from ``a`` to ``b``.
        span_ns: how long that took; 0 if too long for speeds to mean anything: it is then straight.
        after: the motion that leads on from ``b``.
        after_ns: how long that takes; 0 where it is not known.
        out: what to fill.
    """
    motion = np.empty(MOTION_SIZE)
    for k in range(MOTION_SIZE):
        motion[k] = u * chord[k]
        if span_ns > 0:
            velocity = chord[k] / span_ns
            start = end = velocity
            if before_ns > 0:
                start = _tangent(before[k], before_ns, chord[k], span_ns)
            if after_ns > 0:
                end = _tangent(chord[k], span_ns, after[k], after_ns)
            if before_ns == 0 and after_ns > 0:
                start = _natural(velocity, end)
            if after_ns == 0:
                end = _natural(velocity, start)
            # The cubic Hermite basis, for a curve that starts at 0.
            motion[k] = u * u * (3.0 - 2.0 * u) * chord[k] + span_ns * u * (1.0 - u) * (
                (1.0 - u) * start - u * end
            )
    _move(a, motion, out)
    _gaze_between(a[SAMPLE_GAZE:], b[SAMPLE_GAZE:], u, out[SAMPLE_GAZE:])


@inlined
def _tangent(before, before_ns, after, after_ns):
    """The speed at a pose, from the changes on either side.

    The nearer neighbour counts for more: the derivative of the parabola through the three.
    """
    return (before / before_ns * after_ns + after / after_ns * before_ns) / (before_ns + after_ns)


@inlined
def _natural(chord, other_end):
    """The speed at a curve's end that leaves it without curvature there."""
    return 1.5 * chord - 0.5 * other_end


@inlined
def _move(pose, motion, out):
    for k in range(SAMPLE_SIZE):
        out[k] = pose[k]
    for k in range(3):
        out[SAMPLE_ROOT + k] += motion[k]
    for bone in range(BONE_COUNT):
        at, to = SAMPLE_TURNS + 4 * bone, _TURNS + 3 * bone
        turn = out[at : at + 4]
        from_rotvec(motion[to : to + 3], turn)
        mul(pose[at : at + 4], turn, turn)
    for k in range(SHAPE_COUNT):
        out[SAMPLE_FACE + k] = min(max(pose[SAMPLE_FACE + k] + motion[_FACE + k], 0.0), 1.0)


@inlined
def _gaze_between(a, b, u, out):
    """The direction turns evenly; the distance changes evenly in its inverse, as eyes converge."""
    cosine = min(max(a[0] * b[0] + a[1] * b[1] + a[2] * b[2], -1.0), 1.0)
    angle = np.arccos(cosine)
    if angle < 1e-4 or cosine < -0.9999:
        # The same direction, or opposite ones, between which there is no one way.
        first, second = (1.0, 0.0) if u < 0.5 else (0.0, 1.0)
    else:
        first, second = np.sin((1.0 - u) * angle), np.sin(u * angle)
        first, second = first / np.sin(angle), second / np.sin(angle)
    for k in range(3):
        out[k] = first * a[k] + second * b[k]
    out[3] = 1.0 / ((1.0 - u) / a[3] + u / b[3])
