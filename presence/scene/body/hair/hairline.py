"""Where hair grows: the line from the forehead round the ears to the nape."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.scene.body.draft import Draft
from presence.scene.body.hair.ground import Ground, angles, make_ground, rays
from presence.scene.body.noise import noise
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep, through
from presence.scene.body.traits import Beard, HairStyle

_FRONT = (
    (0.0, 37.5), (12.0, 38.5), (26.0, 39.5), (38.0, 37.0), (50.0, 25.0), (58.0, 12.0), (66.0, 0.0),
    (75.0, -11.0),
)  # fmt: skip
"""From the forehead's middle to the foot of the sideburns: degrees round, degrees up."""
_BACK = ((122.0, -20.0), (134.0, -36.0), (150.0, -44.0), (166.0, -46.0), (180.0, -45.0))
"""From behind the ear to the nape's middle."""


def hairline(ground: Ground, azimuth: Floats) -> Floats:
    """``(N,)`` degrees up at which hair begins to grow, at degrees round."""
    t = ground.plan.traits
    low, high = ground.ear
    # Over the ear the line keeps off it, wherever the ear is and however large.
    _, top = angles(
        np.array([[0.5 * (low[0] + high[0]), high[1] + 0.35, 0.5 * (low[2] + high[2])]])
    )
    before, _ = angles(np.array([[low[0] + 0.3, 0.0, high[2] + 0.1]]))
    behind, _ = angles(np.array([[low[0] + 0.3, 0.0, low[2] - 0.3]]))
    over = max(float(top[0]), -6.0)
    front = np.array(_FRONT)
    # Temples recede with the years, on broad-shouldered people more.
    bare = t.wear * (1.0 - 0.7 * t.softness)
    front[2:5, 1] += np.array([5.0, 9.0, 5.0]) * bare
    front[:2, 1] += 2.5 * bare
    start = float(before[0])
    front = front[front[:, 0] < start - 3.0]
    ear = np.array(
        [
            (start, over - 5.0),
            (0.5 * (start + float(behind[0])), over + 1.0),
            (float(behind[0]), over - 3.0),
        ]
    )
    back = np.array(_BACK)
    back = back[back[:, 0] > float(behind[0]) + 5.0]
    table = np.concatenate([front, ear, back])
    return through(table[:, 0], table[:, 1], np.abs(azimuth))


def margin(ground: Ground, points: Floats) -> Floats:
    """``(...)`` degrees by which points are above the hairline."""
    azimuth, elevation = angles(points)
    line = hairline(ground, azimuth.ravel()).reshape(azimuth.shape)
    return elevation - line


def growth(ground: Ground, points: Floats) -> Floats:
    """``(N,)`` how thickly hair grows on the scalp at points in head units, 0 to 1.

    Soft at the line: what is painted there looks like the fine hair that thins out on real skin.
    """
    azimuth, elevation = angles(points)
    fuzz = 1.6 * noise(points, (0.22, 0.5, 0.5), 31)
    dense = smoothstep(-4.0, 4.5, elevation - hairline(ground, azimuth) + fuzz)
    if ground.plan.traits.hair_style in (HairStyle.BALD, HairStyle.SCARF):
        return 0.0 * dense
    return dense * (1.0 - 0.94 * bareness(ground, points))


def haired(skin: Floats, points: Floats, draft: Draft, plan: Plan) -> Floats:
    """Skin colours ``(N, 3)`` at points in head units, with the hair that grows there."""
    t, ground = plan.traits, make_ground(draft, plan)
    near = np.flatnonzero((points[:, 1] > -12.0) & (np.abs(points[:, 0]) < 9.0))
    shown = skin.copy()
    root = 0.75 * t.hair + 0.12 * t.skin
    share = 0.8 * growth(ground, points[near])[:, None]
    if t.hair_style is HairStyle.BUZZ:
        # Every hair is seen from its end.
        share *= 0.93 + 0.12 * noise(points[near], 0.13, 33)[:, None]
    shown[near] += (root - shown[near]) * share
    return shown


def bareness(ground: Ground, points: Floats) -> Floats:
    """``(...)`` how bald the crown and brow are, 0 to 1."""
    azimuth, elevation = angles(points)
    if ground.plan.traits.hair_style is not HairStyle.RECEDING:
        return 0.0 * elevation
    return smoothstep(20.0, 40.0, elevation + 0.10 * (110.0 - np.abs(azimuth)))


def scattered(ground: Ground, count: int) -> Floats:
    """``(N, 3)`` unit rays spread evenly over where hair grows, about ``count`` on a whole ball."""
    if ground.plan.traits.beard in (Beard.SHORT, Beard.FULL):
        # A beard takes its share of what a head may cost.
        count = round(0.72 * count)
    i = np.arange(count) + 0.5
    golden = 180.0 * (3.0 - np.sqrt(5.0))
    elevation = np.degrees(np.arcsin(1.0 - 2.0 * i / count))
    azimuth = (golden * i + 180.0) % 360.0 - 180.0
    keep = elevation > hairline(ground, azimuth)
    return rays(azimuth[keep], elevation[keep])
