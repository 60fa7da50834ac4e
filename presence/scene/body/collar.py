"""What stands or lies about the neck: a shirt's turned-down collar, a hood on the back."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.garments import top_cut
from presence.scene.body.pieces import sweep
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import Shape, settle, smoothstep
from presence.scene.body.traits import Top
from presence.scene.body.trunk import ANGLES, Openings

_COLLAR_COLUMNS: Ints = np.array([20, 17, 14, 12, 10, 8, 6, 4, 3, 2, 1])
_FALL = np.array([14, 14, 15, 16, 18, 20, 24, 34, 39, 40, 24]) * 1e-3
"""How far the collar falls below its seam at each of them, metres on a body of 1.70 m."""
_HOOD_COLUMNS: Ints = np.array([20, 18, 16, 14, 12, 10, 7, 4, 3, 2])


def build_collar(draft: Draft, plan: Plan, openings: Openings, shape: Shape) -> None:
    """Draft the right half of what the top has about the neck."""
    if plan.traits.top is Top.SHIRT:
        _turned_down(draft, plan, openings, shape)
    elif plan.traits.top is Top.HOODIE:
        _hood(draft, plan, openings, shape)


def _laid(
    draft: Draft, plan: Plan, openings: Openings, shape: Shape, columns: Ints, profile: Floats
) -> None:
    """Sweep the profile ``(S, P, 2)``: how far along the band and how far off it, metres.

    What falls below the band's seam lies on the garment.
    """
    ease = top_cut(plan.traits).ease * plan.scale
    base = draft.positions[openings.band[columns]]
    up, out = openings.band_up[columns], openings.band_out[columns]
    along, off = profile[..., :1], profile[..., 1:]
    # Down the garment: away from the band, along the body.
    points = base[:, None] + along * up[:, None] + off * out[:, None]
    below = along[..., 0] < 0.0
    rough = points.copy()
    rough[..., 1] += 0.6 * np.minimum(along[..., 0], 0.0)
    points[below] = settle(shape, rough[below], off[below][:, 0] + ease, rounds=5)
    points[columns == 20, :, 0] = 0.0
    weights = np.repeat(draft.weights[openings.band[columns]][:, None], points.shape[1], axis=1)
    sweep(draft, points, Paint.SHIRT, weights)


def _turned_down(draft: Draft, plan: Plan, openings: Openings, shape: Shape) -> None:
    s = plan.scale
    front = np.cos(ANGLES[_COLLAR_COLUMNS])
    stand = 0.030 - 0.007 * smoothstep(-0.5, 1.0, front)
    profile = np.empty((len(_COLLAR_COLUMNS), 9, 2))
    for i, (high, fall) in enumerate(zip(stand, _FALL, strict=True)):
        profile[i] = [
            (0.004, 0.0005),
            (high - 0.002, 0.0005),
            (high + 0.001, 0.0035),
            (high - 0.003, 0.0075),
            (0.35 * high, 0.0098),
            (-0.75 * fall, 0.0090),
            (-fall, 0.0072),
            (-fall - 0.001, 0.0035),
            (0.004, 0.0045),
        ]
    _laid(draft, plan, openings, shape, _COLLAR_COLUMNS, profile * s)


def _hood(draft: Draft, plan: Plan, openings: Openings, shape: Shape) -> None:
    s = plan.scale
    behind = smoothstep(0.40, 1.0, ANGLES[_HOOD_COLUMNS] / np.pi)
    profile = np.empty((len(_HOOD_COLUMNS), 9, 2))
    for i, (back, angle) in enumerate(zip(behind, ANGLES[_HOOD_COLUMNS], strict=True)):
        full = 0.013 + 0.034 * back
        fall = 0.016 + 0.030 * float(np.sin(angle)) ** 2 * (1.0 - back) + 0.125 * back
        high = 0.012 + 0.026 * back
        profile[i] = [
            (0.002, 0.001),
            (high, 0.001 + 0.002 * back),
            (high + 0.006, 0.006 + 0.006 * back),
            (high, 0.55 * full),
            (0.35 * high, 0.95 * full),
            (-0.45 * fall, full),
            (-0.88 * fall, 0.62 * full),
            (-fall, 0.003),
            (-0.5 * fall, -0.001),
        ]
    _laid(draft, plan, openings, shape, _HOOD_COLUMNS, profile * s)
