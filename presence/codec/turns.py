"""Rotations in the inner loops: unit quaternions xyzw.

What a decoder computes is in whole numbers, in units of 2^-30, the same on every machine; what only
an encoder needs is in doubles.
"""

from __future__ import annotations

import numpy as np

from presence.codec.layout import (
    ONE,
    QUATS,
)
from presence.compiled import inlined


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
def unit(memory, row, out):
    """A bone's rotation as doubles of unit length; every machine rounds these operations alike."""
    at = QUATS + 4 * row
    x, y, z, w = memory[at] / ONE, memory[at + 1] / ONE, memory[at + 2] / ONE, memory[at + 3] / ONE
    length = np.sqrt(x * x + y * y + z * z + w * w)
    out[0], out[1], out[2], out[3] = x / length, y / length, z / length, w / length
