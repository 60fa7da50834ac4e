"""Unit quaternions xyzw in compiled loops: one at a time, and the result into what is given."""

from __future__ import annotations

import numpy as np

from presence.compiled import inlined


@inlined
def mul(a, b, out):
    """``a`` times ``b``: first b, then a. ``out`` may be either."""
    x = a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1]
    y = a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0]
    z = a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3]
    w = a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]
    out[0], out[1], out[2], out[3] = x, y, z, w


@inlined
def back_mul(a, b, out):
    """The inverse of ``a``, times ``b``. ``out`` may be either."""
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
def to_rotvec(q, out):
    """The rotation vector ``(3,)`` of ``q``, in radians, the short way round (angle ≤ π)."""
    x, y, z, w = q[0], q[1], q[2], q[3]
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    sine = np.sqrt(x * x + y * y + z * z)
    share = 2.0 if sine < 1e-9 else 2.0 * np.arctan2(sine, w) / sine
    out[0], out[1], out[2] = x * share, y * share, z * share


@inlined
def from_rotvec(r, out):
    """The quaternion of a rotation vector ``(3,)`` in radians."""
    angle = np.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    half = 0.5 * angle
    share = 0.5 if half < 1e-9 else np.sin(half) / angle
    out[0], out[1], out[2], out[3] = r[0] * share, r[1] * share, r[2] * share, np.cos(half)
