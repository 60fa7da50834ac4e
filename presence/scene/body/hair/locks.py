"""Locks of hair: closed, flat tubes that taper to a tip, many at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep

FLAT: Floats = np.array([[-1.0, -0.35], [0.0, 1.0], [1.0, -0.35]])
"""A lock that lies on others: two edges and a ridge; (aside, outwards) of its half width and
thickness."""
LENS: Floats = np.array([[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, -0.8]])
"""A lock that may be seen from all sides."""
ROUND: Floats = np.stack(
    [-np.cos(np.arange(6) * np.pi / 3.0), np.sin(np.arange(6) * np.pi / 3.0)], axis=1
)
"""A rope."""


@dataclass(frozen=True, slots=True, eq=False)
class Locks:
    """L locks of K stations each, from root to tip."""

    paths: Floats
    """``(L, K, 3)`` head units."""
    outs: Floats
    """``(L, K, 3)`` unit, away from what the lock lies on."""
    widths: Floats
    """``(L, K)`` half widths, head units; the last station is drawn to a point."""
    thicks: Floats
    """``(L, K)``."""
    tones: Floats
    """``(L, K)`` how light, of the hair's colour."""


def tapered(count: int, root: float = 0.55, sharpness: float = 2.0) -> Floats:
    """``(K,)`` factors of a lock's width: narrow at the root, drawn to nothing at the tip."""
    t = np.linspace(0.0, 1.0, count)
    grown = root + (1.0 - root) * smoothstep(0.0, 0.35, t)
    return grown * np.maximum(1.0 - t**sharpness, 0.0) ** 0.75


def build_locks(
    draft: Draft,
    plan: Plan,
    locks: Locks,
    section: Floats = FLAT,
    weights: Floats | None = None,
    paint: Paint = Paint.HAIR,
    *,
    lone: bool = True,
) -> Ints:
    """Draft locks; return their ``(L, P)`` vertices: ring by ring, the tip last.

    ``weights (L, K, W)`` are those of each station. ``lone`` locks lie anywhere and have no mirror
    images; others lie on the right.
    """
    count, stations = locks.widths.shape
    sides = len(section)
    along = np.gradient(locks.paths, axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-9)
    aside = np.cross(along, locks.outs)
    aside /= np.maximum(np.linalg.norm(aside, axis=2, keepdims=True), 1e-9)
    out = np.cross(aside, along)
    body = slice(0, stations - 1)
    rings = (
        locks.paths[:, body, None]
        + (locks.widths[:, body, None] * section[:, 0])[..., None] * aside[:, body, None]
        + (locks.thicks[:, body, None] * section[:, 1])[..., None] * out[:, body, None]
    )
    run = np.linalg.norm(np.diff(locks.paths, axis=1), axis=2)
    run = np.concatenate([np.zeros((count, 1)), np.cumsum(run, axis=1)], axis=1)
    # Every lock shows another part of the strands' texture.
    shift = 1.7 * np.arange(count)[:, None, None]
    across = locks.widths[:, body, None] * section[:, 0] + shift
    grain = np.stack([across, np.broadcast_to(run[:, body, None], across.shape)], axis=-1)
    tip_grain = np.stack([shift[:, 0, 0], run[:, -1]], axis=-1)

    unit = plan.head_unit
    ring_rows = tip_rows = None
    if weights is not None:
        ring_rows = np.repeat(weights[:, body, None], sides, axis=2).reshape(-1, weights.shape[-1])
        tip_rows = weights[:, -1]
    ring = draft.add(plan.from_head(rings), paint, ring_rows, unit * grain, lone=lone)
    tips = draft.add(
        plan.from_head(locks.paths[:, -1]), paint, tip_rows, unit * tip_grain, lone=lone
    )
    # Edges are darker than ridges, as if locks shaded one another.
    ridge = 0.89 + 0.14 * np.clip(section[:, 1], 0.0, 1.0)
    draft.tones[ring] = locks.tones[:, body, None] * ridge
    draft.tones[tips] = locks.tones[:, -1]

    a, b = ring, np.roll(ring, -1, axis=2)
    low_a, low_b, high_a, high_b = a[:, :-1], b[:, :-1], a[:, 1:], b[:, 1:]
    draft.faces(np.stack([low_a, high_a, high_b], axis=-1))
    draft.faces(np.stack([low_a, high_b, low_b], axis=-1))
    end = np.broadcast_to(tips[:, None], a[:, -1].shape)
    draft.faces(np.stack([a[:, -1], end, b[:, -1]], axis=-1))
    root = ring[:, 0]
    for i in range(1, sides - 1):
        draft.faces(np.stack([root[:, 0], root[:, i], root[:, i + 1]], axis=-1))
    return np.concatenate([ring.reshape(count, -1), tips[:, None]], axis=1)
