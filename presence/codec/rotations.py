"""Rotations in whole numbers, by what their errors do to the body.

A bone's rotation is sent as a rotation vector against a reference (the standing pose, or the
golden), in steps whose length at the bone's lever is the frame's pitch. The encoder walks down the
tree and aims each bone with what the decoder will have above it: it asks for the orientation that
the bone should have *in the place*, so that errors of rotation do not add up, and swings it a
little towards where its child should be, so that errors of position do not either.

One bone depends on the one above, so the walk is scalar: tuples of floats beat arrays of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, sin, sqrt

import numpy as np

from presence.codec.layout import LEVERS, PITCHES, SENT_BONES
from presence.codec.metric import LEVER
from presence.pose.arrays import Floats, Ints
from presence.pose.proportions import Proportions
from presence.pose.quaternion import quat_from_rotvec, quat_mul, quat_normalise, quat_to_matrix
from presence.pose.skeleton import BONES, FINGERTIP_BONES, PARENTS

Quat = tuple[float, float, float, float]
Vector = tuple[float, float, float]

_ROW = {int(bone): row for row, bone in enumerate(SENT_BONES)}
_PARENT_ROWS = [_ROW.get(int(PARENTS[bone]), -1) for bone in SENT_BONES]
_TIP_ROWS = np.array([_ROW[int(bone)] for bone in FINGERTIP_BONES])

_CHILDREN_APART = ("hips", "upperChest", "head")
"""Bones with children in several directions: there is no one point to swing them towards."""

_REST_SQUARED = 0.75
"""A bone within half a cube's diagonal, sqrt(0.75) steps, of its reference stays at the reference:
no error exceeds what rounding may cost anyway, and whoever is still is decoded still."""


def angle_steps(precision: int) -> Floats:
    """``(52, 1)`` radians to a step of each sent bone."""
    steps: Floats = PITCHES[precision] / LEVERS[:, None]
    return steps


def dequantise(levels: Ints, reference: Floats, steps: Floats) -> Floats:
    """What a decoder makes of rotations in whole numbers.

    Args:
        levels: ``(bones, 3)``.
        reference: ``(bones, 4)`` xyzw, parent-relative.
        steps: ``(bones, 1)`` radians.

    Returns:
        ``(bones, 4)`` xyzw, parent-relative.
    """
    return quat_normalise(quat_mul(reference, quat_from_rotvec(levels * steps)))


@dataclass(frozen=True, slots=True, eq=False)
class Quantised:
    """The sent bones' rotations in whole numbers, and how far off the body is with them."""

    levels: Ints
    """``(52, 3)``."""
    error_m: float
    """Metres: the worst of the virtual vertices about the sent joints and the fingertips."""


class Quantiser:
    """Quantises one person's rotations. State: that person's bones, as the walk wants them."""

    __slots__ = ("_aims", "_offsets", "_tips")

    def __init__(self, proportions: Proportions) -> None:
        self._offsets: list[Vector] = [tuple(v) for v in proportions.offsets[SENT_BONES].tolist()]
        self._tips = proportions.fingertips
        self._aims = self._choose_aims()

    def _choose_aims(self) -> list[tuple[Vector, float] | None]:
        """For each bone the child that it is swung towards, and how far (0 to 1).

        All the way would put the child right and turn the skin about the joint wrong; the weight
        makes the sum of both squared errors least.
        """
        ends: dict[int, Vector] = {}
        for row, parent in enumerate(_PARENT_ROWS):
            # Of a hand's five children the middle finger stands for all.
            if not BONES[SENT_BONES[row]].endswith(("Thumb", "Index", "Ring", "Little")):
                ends.setdefault(parent, self._offsets[row])
        for row, tip in zip(_TIP_ROWS.tolist(), self._tips.tolist(), strict=True):
            ends[row] = tuple(tip)
        aims: list[tuple[Vector, float] | None] = []
        for row, bone in enumerate(SENT_BONES):
            x, y, z = ends.get(row, (0.0, 0.0, 0.0))
            square = x * x + y * y + z * z
            if square < 1e-6 or BONES[bone] in _CHILDREN_APART:
                aims.append(None)
            else:
                aims.append(((x, y, z), 1.0 / (square + LEVER * LEVER)))
        return aims

    def quantise(
        self, truth: Floats, reference: Floats, steps: Floats, root_error: Floats
    ) -> Quantised:
        """The whole numbers that bring the body closest to ``truth``.

        Args:
            truth: ``(52, 4)`` xyzw, parent-relative, of the sent bones.
            reference: ``(52, 4)``, likewise.
            steps: ``(52, 1)`` radians.
            root_error: ``(3,)`` metres from the decoded root to the true one.
        """
        levels: list[tuple[int, int, int]] = []
        true_turns: list[Quat] = []
        sent_turns: list[Quat] = []
        errors: list[Vector] = []
        root: Vector = tuple(root_error.tolist())
        for row, (local, base, (step,)) in enumerate(
            zip(truth.tolist(), reference.tolist(), steps.tolist(), strict=True)
        ):
            parent = _PARENT_ROWS[row]
            if parent < 0:
                true_turn, above, error = tuple(local), (0.0, 0.0, 0.0, 1.0), root
            else:
                true_above, above = true_turns[parent], sent_turns[parent]
                true_turn = _mul(true_above, local)
                error = _moved(errors[parent], true_above, above, self._offsets[row])
            wanted = true_turn
            aim = self._aims[row]
            if aim is not None:
                wanted = _swung(true_turn, aim[0], aim[1], error)
            x, y, z = _rotvec(_back_mul(base, _back_mul(above, wanted)))
            x, y, z = x / step, y / step, z / step
            if x * x + y * y + z * z < _REST_SQUARED:
                level = (0, 0, 0)
                sent = base
            else:
                level = (round(x), round(y), round(z))
                sent = _mul(base, _exp(level[0] * step, level[1] * step, level[2] * step))
            levels.append(level)
            true_turns.append(true_turn)
            sent_turns.append(_mul(above, sent))
            errors.append(error)
        return Quantised(np.array(levels), self._worst(true_turns, sent_turns, errors))

    def _worst(self, true: list[Quat], sent: list[Quat], errors: list[Vector]) -> float:
        """Metres: the largest error of a virtual vertex."""
        matrices = quat_to_matrix(np.array([true, sent]))
        turned = matrices[0] - matrices[1]
        offsets = np.array(errors)
        tips = offsets[_TIP_ROWS] + (turned[_TIP_ROWS] @ self._tips[:, :, None])[:, :, 0]
        points = np.concatenate([offsets, tips])
        axes = np.concatenate([turned, turned[_TIP_ROWS]])
        vertices = points[:, :, None] + LEVER * axes
        return float(np.sqrt((vertices * vertices).sum(axis=1).max()))


# ── scalar quaternions, xyzw ─────────────────────────────────────────────────────────────────


def _mul(a: Quat, b: Quat) -> Quat:
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def _back_mul(a: Quat, b: Quat) -> Quat:
    """The inverse of ``a``, times ``b``."""
    ax, ay, az, aw = a
    return _mul((-ax, -ay, -az, aw), b)


def _rotate(q: Quat, v: Vector) -> Vector:
    x, y, z, w = q
    vx, vy, vz = v
    tx, ty, tz = 2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx)
    return (
        vx + w * tx + y * tz - z * ty,
        vy + w * ty + z * tx - x * tz,
        vz + w * tz + x * ty - y * tx,
    )


def _rotvec(q: Quat) -> Vector:
    x, y, z, w = q
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    sine = sqrt(x * x + y * y + z * z)
    scale = 2.0 * atan2(sine, w) / sine if sine > 1e-9 else 2.0
    return x * scale, y * scale, z * scale


def _exp(x: float, y: float, z: float) -> Quat:
    angle = sqrt(x * x + y * y + z * z)
    scale = sin(0.5 * angle) / angle
    return x * scale, y * scale, z * scale, cos(0.5 * angle)


def _moved(error: Vector, true: Quat, sent: Quat, offset: Vector) -> Vector:
    """A joint's position error, from its parent's and how the parent is turned."""
    ex, ey, ez = error
    tx, ty, tz = _rotate(true, offset)
    sx, sy, sz = _rotate(sent, offset)
    return ex + tx - sx, ey + ty - sy, ez + tz - sz


def _swung(turn: Quat, aim: Vector, weight: float, error: Vector) -> Quat:
    """``turn``, swung by the small angle that takes part of a child's position error back."""
    ax, ay, az = _rotate(turn, aim)
    ex, ey, ez = error
    half = 0.5 * weight
    return _mul(
        (
            half * (ay * ez - az * ey),
            half * (az * ex - ax * ez),
            half * (ax * ey - ay * ex),
            1.0,
        ),
        turn,
    )
