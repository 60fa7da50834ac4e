"""What colour each vertex is, and what it is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats
from presence.scene.avatar import Surface
from presence.scene.body.draft import Paint, Whole
from presence.scene.body.plan import Plan

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
}


def surfaces(whole: Whole) -> NDArray[np.uint8]:
    """``(V,)`` the ``Surface`` of every vertex."""
    table = np.array([int(_SURFACES.get(paint, Surface.SKIN)) for paint in Paint], dtype=np.uint8)
    return table[whole.paints]


def colours(whole: Whole, plan: Plan) -> Floats:
    """``(V, 3)`` sRGB, 0 to 1: clothes and hair plain, the face with a little blood in it."""
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
    return np.clip(painted, 0.0, 1.0)
