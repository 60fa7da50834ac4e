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
    through,
)

CENTRE: Floats = np.array([0.0, -1.5, -5.5])
"""Every point of the face can be seen from here, along one ray."""
MOUTH_HEIGHT = -6.55
_FORWARD = 0.35
"""How far the face stands before where eyes of natural size would have it: these are larger."""
NECK_LINE = -9.3
"""How far before the eyes the middle of the neck is."""


# The face below the forehead, level by level: height; half width and where it is widest; how far
# it reaches forward and back. Nose, sockets, cheeks and lips come on top.
_LEVELS: Floats = np.array(
    [
        [-11.6, 0.6, -1.9, -0.90, -2.9],
        [-11.0, 1.9, -2.0, 0.10, -4.2],
        [-10.1, 2.85, -2.7, 0.72, -5.6],
        [-9.0, 3.80, -3.6, 0.76, -7.2],
        [-8.0, 4.50, -4.4, 0.70, -8.8],
        [-6.6, 5.25, -5.1, 0.90, -10.5],
        [-4.8, 5.90, -5.5, 1.00, -12.0],
        [-2.6, 6.35, -5.9, 1.00, -12.8],
        [-0.6, 6.60, -6.4, 0.95, -13.2],
        [1.5, 6.75, -7.0, 1.35, -13.6],
        [3.5, 6.40, -7.4, 1.45, -13.0],
        [5.5, 5.20, -7.6, 0.40, -12.0],
    ]
)
_CHIN = -11.35
"""Where the chin ends."""


def head_shape(plan: Plan) -> Shape:
    """The skin of head and neck; symmetric."""
    t = plan.traits
    young, worn, broad = t.youth, t.wear, 1.0 - t.softness
    heavy = max(t.build, 0.0)
    wide = t.face_width * (1.0 + 0.03 * t.build + 0.02 * young)
    # Children have small jaws under large skulls.
    jaw = t.jaw_width * (1.0 - 0.06 * young + 0.06 * t.build)
    low = t.chin_length * (1.0 - 0.12 * young)
    nose = t.nose_length * (1.0 - 0.18 * young + 0.05 * worn)
    bridge = t.nose_bridge - 0.10 * young
    tip_width = t.nose_width * (1.0 - 0.10 * young)
    full = t.cheek_fullness * (1.0 + 0.10 * young + 0.08 * heavy - 0.06 * worn * (1.0 - heavy))
    eye = plan.eye_across
    neck_radius = (5.2 - 0.85 * t.softness + 0.5 * t.build - 0.5 * young) * 0.01
    neck_radius *= plan.scale / plan.head_unit
    brow = (0.45 * broad + 0.10 * worn) * (1.0 - young)
    nasion = 0.62 + 0.8 * (bridge - 1.0) - 0.30 * young
    tip = np.array(
        [0.0, -3.45 * nose, 2.70 + 0.9 * (bridge - 1.0) + 0.5 * (nose - 1.0) - 0.30 * young]
    )

    levels = _LEVELS.copy()
    below = np.clip((-4.0 - levels[:, 0]) / 4.0, 0.0, 1.0)
    levels[:, 1] *= wide * (1.0 + (jaw - 1.0) * below)
    # A full face is full in front of the ears and under the chin; years let the jowls down.
    levels[:, 1] += (0.45 * heavy + 0.16 * worn) * np.exp(-(((levels[:, 0] + 8.0) / 2.2) ** 2))
    # A chin that is bonier stands forward and is squarer.
    levels[1:4, 1] *= 1.0 + 0.10 * broad
    levels[:4, 3] += 0.22 * broad - 0.25 * young
    stretched = np.where(levels[:, 0] < -5.0, -5.0 + (levels[:, 0] + 5.0) * low, levels[:, 0])
    chin = -5.0 + (_CHIN + 5.0) * low

    def shape(points: Floats) -> Floats:
        p = points.copy()
        p[:, 0] = np.abs(p[:, 0])
        neck = capsule(
            p, (0.0, -5.0, -8.6), (0.0, -22.0, NECK_LINE - 0.2), 0.92 * neck_radius, neck_radius
        )
        p[:, 2] -= _FORWARD

        half, middle, front, back = through(stretched, levels[:, 1:], p[:, 1]).T
        depth = np.where(p[:, 2] > middle, front - middle, middle - back)
        power = np.where(p[:, 2] > middle, 2.25, 2.0)
        ratio = (p[:, 0] / half) ** power + (np.abs(p[:, 2] - middle) / depth) ** power
        face = ((ratio + 1e-12) ** (1.0 / power) - 1.0) * np.minimum(half, depth)
        face = -smooth_union(-face, -(chin - p[:, 1]), 1.3)
        face = -smooth_union(-face, -(p[:, 1] - 5.0), 1.0)

        d = ellipsoid(p, (0.0, 3.5, -7.7), (7.25 * wide, 8.95, 9.4))
        d = smooth_union(d, ellipsoid(p, (0.0, 4.8, -2.9), (5.6 * wide, 5.0, 4.6)), 2.6)
        d = smooth_union(d, face, 1.6)
        # Cheekbone, and the softer cheek below it.
        bone = ellipsoid(p, (4.1 * wide, -2.1, -2.1), (2.0, 1.5, 2.3))
        d = smooth_union(d, bone, 2.2)
        cheek = ellipsoid(p, (3.2 * wide, -4.4, -1.7), (2.5 * full, 2.4 * full, 2.55 * full))
        d = smooth_union(d, cheek, 2.2)
        d = smooth_union(d, ellipsoid(p, (2.75, 2.1, -0.35), (2.7, 0.8, 1.25 + brow)), 1.5)
        # The outer rim of the eye's socket.
        d = smooth_union(d, ellipsoid(p, (eye + 1.6, -0.1, -1.85), (1.6, 2.3, 1.85)), 1.5)
        socket = (2.4 * t.eye_size, 1.45 * t.eye_size, 2.2)
        d = smooth_carve(d, ellipsoid(p, (eye, 0.15, 2.85), socket), 1.7)
        ridge = capsule(p, (0.0, 1.3, nasion), tuple(tip - [0.0, -0.4, 0.55]), 0.46, 0.50)
        d = smooth_union(d, ridge, 1.5)
        d = smooth_union(d, ellipsoid(p, tuple(tip), (0.92 * tip_width, 0.80, 0.80)), 0.70)
        wing = (1.16 * tip_width, tip[1] - 0.10, tip[2] - 1.15)
        d = smooth_union(d, ellipsoid(p, wing, (0.58 * tip_width, 0.60, 0.90)), 0.50)
        muzzle = ellipsoid(p, (0.0, MOUTH_HEIGHT, 0.15), (2.5 * t.mouth_width, 1.6, 1.25))
        d = smooth_union(d, muzzle, 1.4)
        if worn > 0.0:
            # The fold from the nose's wing past the mouth's corner deepens with the years.
            fold = capsule(p, (2.05, -4.3, 1.9), (3.1, -6.9, 1.35), 0.28, 0.32)
            d = smooth_carve(d, fold + 0.30 * (1.0 - worn), 0.7)
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
