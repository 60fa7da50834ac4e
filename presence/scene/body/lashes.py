"""Lashes: serrated strips along the edges of the lids, thin and closed, that turn with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.lids import EDGE, SIDES, Lids, on_eyeball
from presence.scene.body.plan import Plan

_ROOT = 0.035
"""Half the thickness of a strip at its root."""


def build_lashes(draft: Draft, plan: Plan, lids: Lids, weights: Floats) -> Ints:
    """Draft the right eye's lashes; return their vertices."""
    t = plan.traits
    rich = (0.50 + 0.55 * t.softness) * (1.0 - 0.25 * t.wear)
    half = SIDES / 2.0
    # Along the edge from the outer corner towards the nose; the lower lid's run the other way
    # round, so that both strips face out.
    upper = _Row(0.1, half - 2.2, 13, 0.11 * (0.7 + 0.3 * rich), 0.30 * rich, 0.62)
    lower = _Row(SIDES - 0.6, half + 5.0, 7, 0.05 * rich, 0.09 * rich, -0.9)
    return np.concatenate([_strip(draft, plan, lids, weights, row) for row in (upper, lower)])


@dataclass(frozen=True, slots=True)
class _Row:
    """One lid's lashes."""

    first: float
    last: float
    """Places on the lid's edge, in its steps; the first is by the outer corner."""
    count: int
    band: float
    """How high the strip is between the lashes, units."""
    length: float
    """Of a lash."""
    rise: float
    """Radians up from straight off the eyeball."""


def _strip(draft: Draft, plan: Plan, lids: Lids, weights: Floats, row: _Row) -> Ints:
    places = np.linspace(row.first, row.last, 2 * row.count + 1)
    tip = np.arange(len(places)) % 2 == 1
    steps = np.arange(SIDES + 1)
    sideways, upward = (
        np.interp(places % SIDES, steps, np.append(part, part[0]))
        for part in (lids.sideways, lids.upward)
    )
    radius = lids.eye_radius + EDGE - 0.02
    # Longest in the outer third, short towards the nose, nothing in the corners.
    out = sideways / np.abs(lids.sideways).max()
    fade = np.interp(out, [-1.0, -0.75, 0.0, 0.6, 0.85, 1.0], [0.12, 0.4, 0.85, 1.1, 1.15, 0.6])
    long = np.where(tip, row.length, row.band) * fade
    # They sweep outwards as they leave, but none over the next.
    swept = sideways + np.where(tip, 0.8, 0.0) * np.abs(np.gradient(sideways))
    thick = (_ROOT if row.rise > 0.0 else -0.5 * _ROOT) / radius
    rise, reach = long * np.sin(row.rise) / radius, long * np.cos(row.rise)
    # A thin wedge: root and tip above, tip and root below.
    points = np.stack(
        [
            on_eyeball(sideways, upward + 0.6 * thick, np.full(len(places), radius)),
            on_eyeball(swept, upward + 0.6 * thick + rise, radius + 0.03 + reach),
            on_eyeball(swept, upward + rise, radius + 0.02 + reach),
            on_eyeball(sideways, upward - thick, np.full(len(places), radius)),
        ]
    )
    rows = draft.add(plan.from_head(lids.eye + points), Paint.LASH, weights)
    ends = draft.add(
        plan.from_head(lids.eye + points[:, [0, -1]].mean(axis=0)), Paint.LASH, weights
    )
    ring = rows.T[:, ::-1] if row.rise > 0.0 else rows.T
    draft.sew_all(list(ring), closed=True)
    draft.cap(ring[0][::-1], int(ends[0]))
    draft.cap(ring[-1], int(ends[1]))
    for line, at in zip(rows, points, strict=True):
        lids.turning.add(line, at, places, lift=0.85)
    lids.turning.add(ends, points[:, [0, -1]].mean(axis=0), places[[0, -1]], lift=0.85)
    return np.concatenate([rows.ravel(), ends])
