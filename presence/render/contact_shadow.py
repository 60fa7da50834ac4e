"""Contact shadows: soft ellipses on the floor under feet and body, which hold people to it."""

from __future__ import annotations

import numpy as np

from presence.pose.skeleton import INDEX
from presence.scene.avatar import Singles
from presence.scene.posing import Posed

SHADOWS_A_PERSON = 4
"""Two feet, the body, and the way the light throws it."""

_FEET = [INDEX["leftFoot"], INDEX["rightFoot"]]
_TOES = [INDEX["leftToes"], INDEX["rightToes"]]
_HIPS = INDEX["hips"]
_HEAD = INDEX["head"]

_FOOT_FADE = 0.12
"""Metres of height at which a foot's shadow has faded to a third."""
_AWAY_FROM_LIGHT = np.array([-0.4706, -0.5870])
"""The floor direction (x, z) of ``KEY_DIRECTION`` in ``shaders/light.glsl``, turned round."""


def contact_shadows(posed: Posed) -> Singles:
    """``(4 N, 6)`` middle x z, half axis x z, half width (metres) and strength of each ellipse."""
    floor = posed.joints[..., ::2]
    count = len(posed)
    rows = np.empty((count, SHADOWS_A_PERSON, 6), dtype=np.float32)
    scale = posed.scales[:, None]

    ankles, toes = floor[:, _FEET], floor[:, _TOES]
    along = toes - ankles
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    along = along / np.maximum(length, 1e-3)
    height = np.maximum(posed.sole_heights, 0.0)
    # A raised foot's shadow grows as it fades.
    spread = scale * (1.0 + 2.0 * height)
    rows[:, :2, :2] = ankles + 0.6 * (toes - ankles)
    rows[:, :2, 2:4] = along * (0.24 * spread)[..., None]
    rows[:, :2, 4] = 0.13 * spread
    rows[:, :2, 5] = 0.95 * np.exp(-height / _FOOT_FADE)

    lowest = height.min(axis=1)
    hips = floor[:, _HIPS]
    tall = np.maximum(posed.joints[:, _HEAD, 1] - lowest, 0.3)
    between = 0.5 * (ankles.mean(axis=1) + hips)
    fade = np.exp(-lowest / 0.5)
    rows[:, 2, :2] = between
    rows[:, 2, 2:4] = np.array([0.48, 0.0]) * scale
    rows[:, 2, 4] = 0.40 * scale[:, 0]
    rows[:, 2, 5] = 0.50 * fade
    throw = 0.42 * tall[:, None] * _AWAY_FROM_LIGHT
    rows[:, 3, :2] = between + throw
    rows[:, 3, 2:4] = throw * 1.6
    rows[:, 3, 4] = 0.34 * scale[:, 0]
    rows[:, 3, 5] = 0.30 * fade

    rows[..., 5] *= posed.opacities[:, None]
    return rows.reshape(-1, 6)
