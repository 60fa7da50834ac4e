"""Brows: closed strips of hair that lie on the ridges over the eyes."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import through
from presence.scene.body.skull import CENTRE, head_shape, onto

_SIDES = 6
# From its inner to its outer end: across and up, in head units.
_PATH: Floats = np.array([[1.30, 2.12], [2.5, 2.66], [3.75, 2.86], [5.0, 2.26]])


def build_brow(draft: Draft, plan: Plan, weights: Floats) -> Ints:
    """Draft the right brow; return its vertices."""
    shape, heavy = head_shape(plan), plan.traits.brow_weight
    place = np.linspace(0.0, 1.0, 10)
    line = through(np.linspace(0.0, 1.0, len(_PATH)), _PATH, place)
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    half = 0.36 * heavy * (1.0 - 0.66 * place**1.7) * np.minimum(1.0, 0.72 + 2.5 * place)
    turn = np.linspace(0.0, 2.0 * np.pi, _SIDES, endpoint=False)
    rings = []
    for spot, way, thick in zip(line, along, half, strict=True):
        flat = spot + np.outer(np.sin(turn) * thick, [-way[1], way[0]])
        surface = onto(shape, np.concatenate([flat, np.full((_SIDES, 1), 1.5)], axis=1))
        rays = surface - CENTRE
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        raised = surface + rays * (0.10 * np.cos(turn) + 0.04)[:, None]
        rings.append(draft.add(plan.from_head(raised), Paint.BROW, weights))
    ends = np.stack([draft.positions[ring].mean(axis=0) for ring in (rings[0], rings[-1])])
    tips = draft.add(ends, Paint.BROW, weights)
    draft.sew_all(rings[::-1], closed=True)
    draft.cap(rings[0], int(tips[0]))
    draft.cap(rings[-1][::-1], int(tips[1]))
    return np.concatenate([*rings, tips])
