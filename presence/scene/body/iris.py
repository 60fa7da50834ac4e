"""What an eye looks like: white, iris and pupil, by the angle from straight ahead."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.noise import noise
from presence.scene.body.sculpt import smoothstep

IRIS, PUPIL = 0.455, 0.185
"""Radians from the axis to the edges of iris and pupil."""
_EDGE = 0.022
_WHITE: Floats = np.array([0.915, 0.895, 0.88])
_CORNER: Floats = np.array([0.80, 0.64, 0.60])


def paint_eye(outward: Floats, iris: Floats) -> Floats:
    """``(N, 3)`` sRGB of the eye in unit directions ``outward (N, 3)`` from its middle.

    ``iris (3,)`` is the colour of the iris half-way out.
    """
    angle = np.arccos(np.clip(-outward[:, 2], -1.0, 1.0))
    turn = np.arctan2(outward[:, 1], outward[:, 0])
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    out = np.clip((angle - PUPIL) / (IRIS - PUPIL), 0.0, 1.0)

    fibres = noise(np.column_stack([4.0 * ring, 0.9 * out]), (0.34, 0.34, 0.5), 3)
    fibres += 0.6 * noise(np.column_stack([4.0 * ring, 1.4 * out]), (0.15, 0.15, 0.6), 5)
    # Light that comes in from above lights the lower half of the iris.
    pool = 0.5 - 0.5 * np.sin(turn) * smoothstep(0.05, 0.6, out)
    bright = 0.72 + 0.62 * pool * smoothstep(0.0, 0.55, out) + 0.13 * fibres
    # A warmer collar round the pupil.
    collar = smoothstep(0.45, 0.05, out)[:, None]
    warm = np.clip(iris * 0.75 + np.array([0.16, 0.09, 0.01]), 0.0, 1.0)
    shade = (iris + (warm - iris) * 0.55 * collar) * bright[:, None]
    shade *= (1.0 - 0.72 * smoothstep(0.70, 1.0, out))[:, None]

    white = _WHITE + (_CORNER - _WHITE) * (0.7 * smoothstep(0.62, 1.15, angle))[:, None]
    veins = smoothstep(0.45, 0.9, noise(np.column_stack([3.0 * ring, angle]), (0.3, 0.3, 0.9), 9))
    white = white - np.array([0.0, 0.05, 0.05]) * (veins * smoothstep(0.6, 1.1, angle))[:, None]
    # The iris' edge casts a little shade on the white.
    white = white * (1.0 - 0.16 * smoothstep(IRIS + 0.16, IRIS, angle))[:, None]

    eye = shade + (white - shade) * smoothstep(IRIS - _EDGE, IRIS + _EDGE, angle)[:, None]
    pupil = smoothstep(PUPIL - _EDGE, PUPIL + _EDGE, angle)[:, None]
    dark = np.array([0.022, 0.018, 0.016])
    shown: Floats = np.clip(dark * (1.0 - pupil) + eye * pupil, 0.0, 1.0)
    return shown
