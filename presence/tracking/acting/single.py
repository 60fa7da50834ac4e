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
