"""Quaternions as arrays ``(..., 4)`` in xyzw order; whole arrays in, whole arrays out.

``quat_mul(a, b)`` turns by ``b`` first and then by ``a``, as matrices do. Every function accepts
any leading shape and broadcasts. Products are written out: a cross product would cost more than
all the rest.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats

IDENTITY: Floats = np.array([0.0, 0.0, 0.0, 1.0])
IDENTITY.flags.writeable = False


def quat_mul(a: Floats, b: Floats) -> Floats:
    """The Hamilton product: turn by ``b``, then by ``a``."""
    ax, ay, az, aw = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bx, by, bz, bw = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    x: Floats = aw * bx + ax * bw + ay * bz - az * by
    # The shape of a component is cheaper to come by than that of two broadcast arrays.
    out = np.empty((*x.shape, 4))
    out[..., 0] = x
    out[..., 1] = aw * by - ax * bz + ay * bw + az * bx
    out[..., 2] = aw * bz + ax * by - ay * bx + az * bw
    out[..., 3] = aw * bw - ax * bx - ay * by - az * bz
    return out


def quat_conjugate(q: Floats) -> Floats:
    """The inverse of a unit quaternion."""
    out = -q
    out[..., 3] = q[..., 3]
    return out


def quat_rotate(q: Floats, v: Floats) -> Floats:
    """Turn vectors ``v (..., 3)`` by unit quaternions ``q (..., 4)``."""
    x, y, z, w = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    vx, vy, vz = v[..., 0], v[..., 1], v[..., 2]
    # t = 2 u × v;  v' = v + w t + u × t
    tx = 2.0 * (y * vz - z * vy)
    ty = 2.0 * (z * vx - x * vz)
    tz = 2.0 * (x * vy - y * vx)
    rotated_x = vx + w * tx + y * tz - z * ty
    out = np.empty((*rotated_x.shape, 3))
    out[..., 0] = rotated_x
    out[..., 1] = vy + w * ty + z * tx - x * tz
    out[..., 2] = vz + w * tz + x * ty - y * tx
    return out


def quat_normalise(q: Floats) -> Floats:
    """Scale to unit length; a quaternion too short to have a direction becomes the identity."""
    length = np.sqrt(np.sum(q * q, axis=-1, keepdims=True))
    tiny = length < 1e-12
    return np.where(tiny, IDENTITY, q / np.where(tiny, 1.0, length))


def quat_from_rotvec(r: Floats) -> Floats:
    """From rotation vectors ``(..., 3)`` in radians (axis times angle)."""
    angle = np.sqrt(np.sum(r * r, axis=-1, keepdims=True))
    half = 0.5 * angle
    # sin(x/2)/x tends to 1/2; np.sinc is sin(πx)/(πx).
    out = np.empty((*r.shape[:-1], 4))
    out[..., :3] = r * (0.5 * np.sinc(half / np.pi))
    out[..., 3] = np.cos(half[..., 0])
    return out


def quat_to_rotvec(q: Floats) -> Floats:
    """To rotation vectors ``(..., 3)`` in radians, the short way round (angle ≤ π)."""
    w = q[..., 3:]
    v = np.where(w < 0.0, -q[..., :3], q[..., :3])
    sine = np.sqrt(np.sum(v * v, axis=-1, keepdims=True))
    angle = 2.0 * np.arctan2(sine, np.abs(w))
    small = sine < 1e-9
    rotvec: Floats = v * np.where(small, 2.0, angle / np.where(small, 1.0, sine))
    return rotvec


def quat_from_axis_angle(axis: Floats, angle: Floats | float) -> Floats:
    """From a unit axis ``(..., 3)`` and an angle ``(...)`` in radians."""
    return quat_from_rotvec(np.asarray(axis) * np.asarray(angle)[..., None])


def quat_from_matrix(m: Floats) -> Floats:
    """From rotation matrices ``(..., 3, 3)``, by the largest of the four components.

    After S. W. Shepperd, "Quaternion from rotation matrix", J. Guidance and Control 1(3), 1978.
    """
    m00, m11, m22 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    # Four times the outer product q qᵀ, row by row; the row of the largest diagonal is safest.
    outer = np.empty((*m.shape[:-2], 4, 4))
    outer[..., 0, 0] = 1.0 + m00 - m11 - m22
    outer[..., 1, 1] = 1.0 - m00 + m11 - m22
    outer[..., 2, 2] = 1.0 - m00 - m11 + m22
    outer[..., 3, 3] = 1.0 + m00 + m11 + m22
    outer[..., 0, 1] = outer[..., 1, 0] = m[..., 0, 1] + m[..., 1, 0]
    outer[..., 0, 2] = outer[..., 2, 0] = m[..., 0, 2] + m[..., 2, 0]
    outer[..., 1, 2] = outer[..., 2, 1] = m[..., 1, 2] + m[..., 2, 1]
    outer[..., 0, 3] = outer[..., 3, 0] = m[..., 2, 1] - m[..., 1, 2]
    outer[..., 1, 3] = outer[..., 3, 1] = m[..., 0, 2] - m[..., 2, 0]
    outer[..., 2, 3] = outer[..., 3, 2] = m[..., 1, 0] - m[..., 0, 1]
    best = np.argmax(np.diagonal(outer, axis1=-2, axis2=-1), axis=-1)
    row = np.take_along_axis(outer, best[..., None, None], axis=-2)[..., 0, :]
    return quat_normalise(row)


def quat_to_matrix(q: Floats) -> Floats:
    """To rotation matrices ``(..., 3, 3)`` that turn column vectors."""
    x, y, z, w = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    m = np.empty((*q.shape[:-1], 3, 3))
    m[..., 0, 0] = 1.0 - 2.0 * (y * y + z * z)
    m[..., 0, 1] = 2.0 * (x * y - z * w)
    m[..., 0, 2] = 2.0 * (x * z + y * w)
    m[..., 1, 0] = 2.0 * (x * y + z * w)
    m[..., 1, 1] = 1.0 - 2.0 * (x * x + z * z)
    m[..., 1, 2] = 2.0 * (y * z - x * w)
    m[..., 2, 0] = 2.0 * (x * z - y * w)
    m[..., 2, 1] = 2.0 * (y * z + x * w)
    m[..., 2, 2] = 1.0 - 2.0 * (x * x + y * y)
    return m


def quat_between(a: Floats, b: Floats) -> Floats:
    """The shortest turn that takes directions ``a (..., 3)`` to ``b (..., 3)``.

    Opposite directions turn by π about an axis square to ``a``.
    """
    a = a / np.linalg.norm(a, axis=-1, keepdims=True)
    b = b / np.linalg.norm(b, axis=-1, keepdims=True)
    cross = np.cross(a, b)
    w = 1.0 + np.sum(a * b, axis=-1, keepdims=True)
    # For opposite directions any axis square to a will do: cross with the axis least along it.
    helper = np.where(
        np.abs(a[..., :1]) < 0.9, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    )
    square = np.cross(a, helper)
    opposite = w < 1e-9
    q = np.concatenate([np.where(opposite, square, cross), np.where(opposite, 0.0, w)], axis=-1)
    return quat_normalise(q)


def quat_slerp(a: Floats, b: Floats, t: Floats | float) -> Floats:
    """Turn from ``a`` (t = 0) to ``b`` (t = 1) at a constant rate, the short way round."""
    step = quat_to_rotvec(quat_mul(quat_conjugate(a), b))
    return quat_mul(a, quat_from_rotvec(step * np.asarray(t)[..., None]))


def quat_angle(a: Floats, b: Floats) -> Floats:
    """The angle in radians, 0…π, between orientations ``a`` and ``b``."""
    difference: Floats = np.linalg.norm(quat_to_rotvec(quat_mul(quat_conjugate(a), b)), axis=-1)
    return difference


def quat_twist(q: Floats, axis: Floats) -> Floats:
    """The part of ``q`` that turns about the unit ``axis (..., 3)``: q = swing · twist."""
    along = np.sum(q[..., :3] * axis, axis=-1, keepdims=True)
    return quat_normalise(np.concatenate([along * axis, q[..., 3:]], axis=-1))
