"""Brows: closed strips of hair that lie on the ridges over the eyes."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import through
from presence.scene.body.skull import CENTRE, head_shape, onto

_SIDES = 8
_STEPS = 12
# From its inner to its outer end: across and up, in head units.
_PATH: Floats = np.array([[1.20, 2.08], [2.3, 2.52], [3.65, 2.80], [5.0, 2.28]])


LENGTH = 4.0
"""Head units from a brow's inner to its outer end, as its grain counts them."""


def half_width(weight: float, place: Floats) -> Floats:
    """``(N,)`` head units from the brow's middle line to its edge, at places 0 (inner end) to 1."""
    half: Floats = 0.40 * weight * (1.0 - 0.80 * place**1.6)
    return half


def build_brow(draft: Draft, plan: Plan, weights: Floats) -> Ints:
    """Draft the right brow; return its vertices."""
    shape, t = head_shape(plan), plan.traits
    heavy = t.brow_weight * (1.0 - 0.2 * t.youth)
    place = np.linspace(0.0, 1.0, _STEPS)
    path = _PATH + np.array([0.0, t.brow_height])
    # Softer faces have a higher arch.
    path[2, 1] += 0.16 * (t.softness - 0.5)
    line = through(np.linspace(0.0, 1.0, len(_PATH)), path, place)
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    half = half_width(heavy, place) * np.minimum(1.0, 0.55 + 3.0 * place)
    turn = np.linspace(0.0, 2.0 * np.pi, _SIDES, endpoint=False)
    # All rings at once, ``(12, 8, …)``: the shape costs the same for few points as for many.
    outward = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across = np.sin(turn) * half[:, None]
    flat = line[:, None] + across[..., None] * outward[:, None]
    rough = np.concatenate([flat, np.full((_STEPS, _SIDES, 1), 1.5)], axis=2)
    surface = onto(shape, rough.reshape(-1, 3)).reshape(rough.shape)
    rays = surface - CENTRE
    rays /= np.linalg.norm(rays, axis=2, keepdims=True)
    # Highest along its middle, and flush with the skin at its edges.
    raised = surface + rays * (0.085 * heavy**0.5 * np.cos(turn) - 0.01)[:, None]
    far = np.broadcast_to(LENGTH * place[:, None], across.shape)
    grain = 0.01 * np.stack([across, far], axis=2)
    rings = list(draft.add(plan.from_head(raised), Paint.BROW, weights, grain))
    ends = np.stack([draft.positions[ring].mean(axis=0) for ring in (rings[0], rings[-1])])
    tips = draft.add(ends, Paint.BROW, weights, np.array([[0.0, 0.0], [0.0, 0.04]]))
    draft.sew_all(rings[::-1], closed=True)
    draft.cap(rings[0], int(tips[0]))
    draft.cap(rings[-1][::-1], int(tips[1]))
    return np.concatenate([*rings, tips])
