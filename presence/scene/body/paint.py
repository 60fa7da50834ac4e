"""What colour each vertex is, and what it is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats
from presence.scene.avatar import Surface
from presence.scene.body.draft import Paint, Whole
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep
from presence.scene.body.skull import head_shape
from presence.scene.body.torso import trunk_shape
from presence.scene.body.traits import Bottom

_SURFACES: dict[Paint, Surface] = {
    Paint.EYE: Surface.EYE,
    Paint.MOUTH: Surface.TEETH,
    Paint.TEETH: Surface.TEETH,
    Paint.TONGUE: Surface.TEETH,
    Paint.LASH: Surface.HAIR,
    Paint.BROW: Surface.HAIR,
    Paint.HAIR: Surface.HAIR,
    Paint.SHIRT: Surface.CLOTH,
    Paint.TRIM: Surface.CLOTH,
    Paint.TROUSERS: Surface.CLOTH,
    Paint.SHOE: Surface.CLOTH,
    Paint.SOLE: Surface.CLOTH,
    Paint.HOSE: Surface.CLOTH,
    Paint.BUTTON: Surface.CLOTH,
}
_SHADED = (Paint.SKIN, Paint.LIP, Paint.SHIRT, Paint.TRIM, Paint.TROUSERS, Paint.HOSE)
_STEPS = (0.012, 0.028, 0.060)
"""Metres from the skin at which a body of 1.70 m is probed for what hides the sky."""


def surfaces(whole: Whole) -> NDArray[np.uint8]:
    """``(V,)`` the ``Surface`` of every vertex."""
    table = np.array([int(_SURFACES.get(paint, Surface.SKIN)) for paint in Paint], dtype=np.uint8)
    return table[whole.paints]


def colours(whole: Whole, plan: Plan, normals: Floats) -> Floats:
    """``(V, 3)`` sRGB, 0 to 1: a little blood in the face, a little dark in the folds.

    ``normals (V, 3)`` are the unit normals at rest.
    """
    t = plan.traits
    palette: dict[Paint, Floats] = {
        Paint.SKIN: t.skin,
        Paint.LIP: t.lips,
        Paint.MOUTH: np.array([0.30, 0.10, 0.10]),
        Paint.LASH: 0.35 * t.hair,
        Paint.SOCKET: t.skin * np.array([0.86, 0.78, 0.76]),
        Paint.EYE: t.iris,
        Paint.TEETH: np.array([0.95, 0.93, 0.89]),
        Paint.TONGUE: np.array([0.72, 0.36, 0.36]),
        Paint.BROW: 0.85 * t.hair,
        Paint.HAIR: t.hair,
        Paint.SHIRT: t.shirt,
        Paint.TRIM: t.trim,
        Paint.TROUSERS: t.trousers,
        Paint.SHOE: t.shoes,
        Paint.SOLE: t.soles,
        Paint.NAIL: t.skin + 0.35 * (np.array([1.0, 0.86, 0.84]) - t.skin),
        Paint.GLASS: t.frames,
        Paint.BEARD: t.hair,
        Paint.BUTTON: t.trim,
        Paint.HOSE: 0.42 * t.trousers if t.bottom is Bottom.SKIRT else 0.94 * t.soles,
    }
    table = np.array([palette[paint] for paint in Paint])
    painted = table[whole.paints]

    points = plan.to_head(whole.positions)
    points[:, 0] = np.abs(points[:, 0])
    flush = np.zeros(len(points))
    for centre, radii, strength in (
        ((4.0, -3.2, 0.4), (2.0, 1.4, 2.6), 0.55),
        ((0.0, -3.3, 3.4), (1.2, 0.9, 1.2), 0.45),
        ((7.6, -1.4, -8.6), (1.6, 2.6, 2.0), 0.35),
    ):
        gap = (points - np.array(centre)) / np.array(radii)
        flush += strength * np.exp(-np.sum(gap**2, axis=1))
    flush *= whole.paints == Paint.SKIN
    painted = painted * (1.0 - flush[:, None] * np.array([0.02, 0.17, 0.15]))
    shaded = np.isin(whole.paints, _SHADED)
    dark = np.zeros(len(points))
    dark[shaded] = _hidden(whole.positions[shaded], normals[shaded], plan)
    # Light that gets into folds of skin comes out redder.
    fall = np.where((whole.paints <= Paint.LIP)[:, None], [0.30, 0.42, 0.44], [0.42, 0.42, 0.42])
    painted = painted * (1.0 - dark[:, None] * fall) * whole.tones[:, None]
    shown: Floats = np.clip(painted, 0.0, 1.0)
    return shown


def _hidden(points: Floats, normals: Floats, plan: Plan) -> Floats:
    """``(N,)`` how much of the sky is hidden from each point: 0 in the open, 1 in a deep fold.

    From how much nearer the body is than it would be if the surface were flat, a few steps along
    the normal (A. Evans, "Fast approximations for global illumination on dynamic scenes", 2006).
    """
    trunk, head = trunk_shape(plan), head_shape(plan)

    def distance(at: Floats) -> Floats:
        return np.minimum(trunk(at), head(plan.to_head(at)) * plan.head_unit)

    # Bare arms lie inside the sleeves that the trunk's shape has there: only what comes nearer
    # than at the point itself hides anything.
    own = distance(points)
    hidden = np.zeros(len(points))
    for i, step in enumerate(_STEPS):
        reach = step * plan.scale
        gained = distance(points + normals * reach) - own
        hidden += np.clip(1.0 - gained / reach, 0.0, 1.0) * 0.5**i
    # Away from trunk and head the shapes say nothing.
    known = 1.0 - smoothstep(0.012 * plan.scale, 0.030 * plan.scale, np.abs(own))
    shade: Floats = np.clip(hidden - 0.10, 0.0, 1.0) * known
    return shade
