"""Rotations in the inner loops: unit quaternions xyzw.

What a decoder computes is in whole numbers, in units of 2^-30, the same on every machine; what only
an encoder needs is in doubles.
"""

from __future__ import annotations

import numpy as np

from presence.codec.compiled import inlined
from presence.codec.layout import (
    ONE,
    QUATS,
)


@inlined
def turn(quats, at, out, to, v0, v1, v2, step):
    """``out[to:] = quats[at:] · q`` where q's axis times the tangent of its quarter angle is v ·
    step.
    """
    sx, sy, sz = v0 * step, v1 * step, v2 * step
    n = (sx * sx + sy * sy + sz * sz) >> 30
    below = ONE + n
    bx, by, bz, bw = (
        (sx << 31) // below,
        (sy << 31) // below,
        (sz << 31) // below,
        ((ONE - n) << 30) // below,
    )
    ax, ay, az, aw = quats[at], quats[at + 1], quats[at + 2], quats[at + 3]
    half = ONE >> 1
    out[to] = (aw * bx + ax * bw + ay * bz - az * by + half) >> 30
    out[to + 1] = (aw * by - ax * bz + ay * bw + az * bx + half) >> 30
    out[to + 2] = (aw * bz + ax * by - ay * bx + az * bw + half) >> 30
    out[to + 3] = (aw * bw - ax * bx - ay * by - az * bz + half) >> 30


@inlined
def mul(a, b, out):
    """``a`` times ``b``: first b, then a."""
    x = a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1]
    y = a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0]
    z = a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3]
    w = a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]
    out[0], out[1], out[2], out[3] = x, y, z, w


@inlined
def back_mul(a, b, out):
    """The inverse of ``a``, times ``b``."""
    x = a[3] * b[0] - a[0] * b[3] - a[1] * b[2] + a[2] * b[1]
    y = a[3] * b[1] + a[0] * b[2] - a[1] * b[3] - a[2] * b[0]
    z = a[3] * b[2] - a[0] * b[1] + a[1] * b[0] - a[2] * b[3]
    w = a[3] * b[3] + a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    out[0], out[1], out[2], out[3] = x, y, z, w


@inlined
def rotate(q, v, out):
    """``v``, turned by ``q``."""
    tx = 2.0 * (q[1] * v[2] - q[2] * v[1])
    ty = 2.0 * (q[2] * v[0] - q[0] * v[2])
    tz = 2.0 * (q[0] * v[1] - q[1] * v[0])
    x = v[0] + q[3] * tx + q[1] * tz - q[2] * ty
    y = v[1] + q[3] * ty + q[2] * tx - q[0] * tz
    z = v[2] + q[3] * tz + q[0] * ty - q[1] * tx
    out[0], out[1], out[2] = x, y, z


@inlined
def unit(memory, row, out):
    """A bone's rotation as doubles of unit length; every machine rounds these operations alike."""
    at = QUATS + 4 * row
    x, y, z, w = memory[at] / ONE, memory[at + 1] / ONE, memory[at + 2] / ONE, memory[at + 3] / ONE
    length = np.sqrt(x * x + y * y + z * z + w * w)
    out[0], out[1], out[2], out[3] = x / length, y / length, z / length, w / length
