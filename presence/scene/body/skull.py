"""The head's shape: skull, face and neck, as one smooth solid.

Measures are the head's own: across, up and forward of the point between the eyes, in head units
(about centimetres).
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import (
    Shape,
    capsule,
    cast,
    ellipsoid,
    smooth_carve,
    smooth_union,
)

CENTRE: Floats = np.array([0.0, -1.5, -5.5])
"""Every point of the face can be seen from here, along one ray."""
MOUTH_HEIGHT = -6.55
_FORWARD = 0.35
"""How far the face stands before where eyes of natural size would have it: these are larger."""
NECK_LINE = -9.3
"""How far before the eyes the middle of the neck is."""


def head_shape(plan: Plan) -> Shape:
    """The skin of head and neck; symmetric."""
    t = plan.traits
    wide, jaw, chin, nose = t.face_width, t.jaw_width, t.chin_length, t.nose_length
    eye = plan.eye_across
    neck_radius = (5.45 - 0.70 * t.softness) * 0.01 * plan.scale / plan.head_unit
    brow = 0.55 * (1.0 - t.softness)

    def shape(points: Floats) -> Floats:
        p = points.copy()
        p[:, 0] = np.abs(p[:, 0])
        neck = capsule(
            p, (0.0, -5.0, -8.2), (0.0, -22.0, NECK_LINE - 0.2), 0.94 * neck_radius, neck_radius
        )
        p[:, 2] -= _FORWARD
        d = ellipsoid(p, (0.0, 3.4, -7.6), (7.4 * wide, 9.1, 9.4))
        face = ellipsoid(p, (0.0, -3.2, -4.5), (6.15 * wide, 7.5, 6.4))
        d = smooth_union(d, face, 3.0)
        d = smooth_union(d, ellipsoid(p, (0.0, -9.5 * chin, -0.9), (2.3 * jaw, 1.7, 2.2)), 2.6)
        d = smooth_union(d, ellipsoid(p, (3.6 * wide, -3.5, -1.9), (2.7, 2.4, 2.9)), 2.2)
        jaw_corner = ellipsoid(p, (4.5 * jaw * wide, -6.6, -6.2), (1.7, 2.8, 3.0))
        d = smooth_union(d, jaw_corner, 2.5)
        jaw_edge = capsule(
            p, (4.1 * jaw * wide, -7.2, -5.6), (1.1 * jaw, -9.3 * chin, -1.0), 1.25, 1.2
        )
        d = smooth_union(d, jaw_edge, 2.8)
        d = smooth_union(d, ellipsoid(p, (2.7, 2.4, -0.1), (2.8, 0.9, 1.35 + brow)), 1.5)
        # The outer rim of the eye's socket.
        d = smooth_union(d, ellipsoid(p, (eye + 1.5, -0.2, -1.6), (1.7, 2.6, 2.0)), 1.6)
        d = smooth_carve(d, ellipsoid(p, (eye, 0.0, 2.7), (2.45, 1.45, 2.2)), 1.4)
        bridge = capsule(p, (0.0, 0.6, 1.25), (0.0, -3.15 * nose, 2.75), 0.62, 0.86)
        d = smooth_union(d, bridge, 1.1)
        wing = ellipsoid(
            p, (0.92 * t.nose_width, -3.45 * nose, 2.05), (0.72 * t.nose_width, 0.58, 0.85)
        )
        d = smooth_union(d, wing, 0.5)
        d = smooth_union(d, ellipsoid(p, (0.0, MOUTH_HEIGHT, 0.35), (2.7, 1.7, 1.55)), 1.4)
        return smooth_union(d, neck, 1.8)

    return shape


def onto(shape: Shape, points: Floats) -> Floats:
    """Points moved along their rays from ``CENTRE`` onto the shape, ``(N, 3)``."""
    rays = points - CENTRE
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    return cast(shape, np.broadcast_to(CENTRE, points.shape), rays, 20.0)


def facing(shape: Shape, points: Floats) -> Floats:
    """Points moved straight forward or back onto the front of the shape, ``(N, 3)``."""
    flat = points * np.array([1.0, 1.0, 0.0]) + np.array([0.0, 0.0, -5.0])
    ahead = np.broadcast_to(np.array([0.0, 0.0, 1.0]), flat.shape)
    return cast(shape, flat, ahead, 14.0)
