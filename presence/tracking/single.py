"""Quaternions one at a time, as plain floats: a dozen of them cost less so than one numpy call.

Quaternions are xyzw, as everywhere; ``mul(a, b)`` turns by ``b`` first.
"""

from __future__ import annotations

import math

Quat = tuple[float, float, float, float]
Vec = tuple[float, float, float]


def mul(a: Quat, b: Quat) -> Quat:
    """The Hamilton product."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def conjugate(q: Quat) -> Quat:
    """The inverse of a unit quaternion."""
    return (-q[0], -q[1], -q[2], q[3])


def rotate(q: Quat, v: Vec) -> Vec:
    """A vector, turned by a unit quaternion."""
    x, y, z, w = q
    tx = 2.0 * (y * v[2] - z * v[1])
    ty = 2.0 * (z * v[0] - x * v[2])
    tz = 2.0 * (x * v[1] - y * v[0])
    return (
        v[0] + w * tx + y * tz - z * ty,
        v[1] + w * ty + z * tx - x * tz,
        v[2] + w * tz + x * ty - y * tx,
    )


def added(a: Vec, b: Vec) -> Vec:
    """The sum of two vectors."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def from_rotvec(x: float, y: float, z: float) -> Quat:
    """From a rotation vector in radians."""
    angle = math.sqrt(x * x + y * y + z * z)
    scale = math.sin(0.5 * angle) / angle if angle > 1e-9 else 0.5
    return (scale * x, scale * y, scale * z, math.cos(0.5 * angle))


def share_of(q: Quat, share: float) -> Quat:
    """A part of a turn, the short way round."""
    sign = -1.0 if q[3] < 0.0 else 1.0
    x, y, z, w = sign * q[0], sign * q[1], sign * q[2], sign * q[3]
    sine = math.sqrt(x * x + y * y + z * z)
    angle = 2.0 * math.atan2(sine, w)
    scale = share * angle / sine if sine > 1e-9 else 2.0 * share
    return from_rotvec(scale * x, scale * y, scale * z)


def taken(a: Vec, b: Vec) -> Vec:
    """``a`` less ``b``."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def scaled(a: Vec, by: float) -> Vec:
    """A vector, so many times as long."""
    return (by * a[0], by * a[1], by * a[2])


def mixed(a: Vec, b: Vec, share: float) -> Vec:
    """From ``a`` (0) to ``b`` (1)."""
    return (
        a[0] + share * (b[0] - a[0]),
        a[1] + share * (b[1] - a[1]),
        a[2] + share * (b[2] - a[2]),
    )


def dot(a: Vec, b: Vec) -> float:
    """The inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vec, b: Vec) -> Vec:
    """The cross product."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def length(a: Vec) -> float:
    """How long a vector is."""
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


def direction(a: Vec, otherwise: Vec) -> Vec:
    """A vector of length 1; ``otherwise`` for one too short to point anywhere."""
    long = length(a)
    return (a[0] / long, a[1] / long, a[2] / long) if long > 1e-9 else otherwise


def to_rotvec(q: Quat) -> Vec:
    """The rotation vector, the short way round."""
    sign = -2.0 if q[3] < 0.0 else 2.0
    sine = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2])
    scale = sign * math.atan2(sine, abs(q[3])) / sine if sine > 1e-9 else sign
    return (scale * q[0], scale * q[1], scale * q[2])


def between(a: Quat, b: Quat, share: float) -> Quat:
    """From ``a`` (0) to ``b`` (1) by the short way."""
    return mul(a, share_of(mul(conjugate(a), b), share))


def yaw_of(q: Quat) -> float:
    """Radians to the left by which what faces −Z is turned, −π to π, seen from above.

    For whoever lies or stands on their head it is still that of the nearest upright turn.
    """
    return 2.0 * math.atan2(*((q[1], q[3]) if q[3] >= 0.0 else (-q[1], -q[3])))


def facing_of(q: Quat) -> float:
    """Radians to the left that a head or body faces which is turned so, seen from above.

    It goes by the line from left to right, which stays level however far one bows, looks up, or
    rolls over; by :func:`yaw_of` in so far as that line is upright.
    """
    across = rotate(q, (1.0, 0.0, 0.0))
    level = math.hypot(across[0], across[2])
    yaw = yaw_of(q)
    share = min(max((level - 0.3) / 0.4, 0.0), 1.0)
    return yaw + share * wrapped(math.atan2(-across[2], across[0]) - yaw)


def from_yaw(yaw: float) -> Quat:
    """A turn about +Y by radians to the left."""
    return (0.0, math.sin(0.5 * yaw), 0.0, math.cos(0.5 * yaw))


def wrapped(angle: float) -> float:
    """The same angle within −π to π."""
    return math.remainder(angle, math.tau)


def frame_to_frame(a: Vec, b: Vec, c: Vec, d: Vec) -> Quat:
    """The turn that takes direction ``a`` to ``c``, and ``b`` as near to ``d`` as that allows.

    ``a`` and ``b`` are square to each other and of length 1. Where ``d`` runs along ``c``, any turn
    about ``c`` would do, and the shortest way is taken.
    """
    x = direction(c, a)
    y = taken(d, scaled(x, dot(d, x)))
    if length(y) < 1e-6:
        y = taken(b, scaled(x, dot(b, x)))
        if length(y) < 1e-6:
            y = cross(x, cross(a, b))
    y = direction(y, b)
    z, w = cross(x, y), cross(a, b)
    rows = [[x[i] * a[k] + y[i] * b[k] + z[i] * w[k] for k in range(3)] for i in range(3)]
    return _from_matrix(rows)


def _from_matrix(m: list[list[float]]) -> Quat:
    """By the largest component, after Shepperd; see ``quat_from_matrix``."""
    trace = m[0][0] + m[1][1] + m[2][2]
    q = (m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1], 1.0 + trace)
    if trace < 0.0:
        if m[0][0] >= m[1][1] and m[0][0] >= m[2][2]:
            diagonal = 1.0 + m[0][0] - m[1][1] - m[2][2]
            q = (diagonal, m[0][1] + m[1][0], m[0][2] + m[2][0], m[2][1] - m[1][2])
        elif m[1][1] >= m[2][2]:
            diagonal = 1.0 - m[0][0] + m[1][1] - m[2][2]
            q = (m[0][1] + m[1][0], diagonal, m[1][2] + m[2][1], m[0][2] - m[2][0])
        else:
            diagonal = 1.0 - m[0][0] - m[1][1] + m[2][2]
            q = (m[0][2] + m[2][0], m[1][2] + m[2][1], diagonal, m[1][0] - m[0][1])
    long = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
    return (q[0] / long, q[1] / long, q[2] / long, q[3] / long)
