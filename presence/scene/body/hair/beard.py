"""Beards: a closed shell over jaw and chin with locks on it, and a moustache of locks.

Points are in head units (see ``skull``). Every vertex goes with the skin that it grows from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.face import Face
from presence.scene.body.hair.flow import trace, unit
from presence.scene.body.hair.ground import outwards
from presence.scene.body.hair.locks import FLAT, Locks, build_locks, tapered
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import smoothstep, through
from presence.scene.body.skull import MOUTH_HEIGHT, head_shape, onto
from presence.scene.body.traits import Beard
from presence.scene.body.weights import only

# From the sideburn along cheek and mouth to the middle; and below, along the jaw to the throat.
_UPPER: Floats = np.array(
    [
        [7.2, 0.6, -6.3], [6.9, -2.2, -5.6], [6.0, -4.6, -3.6], [4.7, -6.0, -1.2],
        [3.5, -6.8, 0.4], [2.5, -7.9, 1.0], [1.3, -8.25, 1.2], [0.0, -8.3, 1.3],
    ]
)  # fmt: skip
_LOWER: Floats = np.array(
    [
        [7.2, -0.6, -7.3], [6.7, -4.4, -7.3], [5.7, -8.2, -6.8], [4.6, -10.4, -5.2],
        [3.4, -11.6, -3.9], [2.2, -12.2, -3.0], [1.0, -12.5, -2.6], [0.0, -12.6, -2.4],
    ]
)  # fmt: skip
_COLUMNS, _ROWS = 13, 6


@dataclass(frozen=True, slots=True, eq=False)
class Upon:
    """Drafted vertices that go with the skin that they grow from."""

    vertices: Ints
    """``(N,)``."""
    skin: Ints
    """``(N, 3)`` the vertices of the skin nearest to each one's root."""
    shares: Floats
    """``(N, 3)`` how much each goes with which; every row sums to 1."""


NOTHING = Upon(np.zeros(0, dtype=np.int64), np.zeros((0, 3), dtype=np.int64), np.zeros((0, 3)))


def build_beard(draft: Draft, plan: Plan, face: Face) -> Upon:
    """Draft the right half of moustache and beard; return what each vertex grows from."""
    kind = plan.traits.beard
    if kind in (Beard.NONE, Beard.STUBBLE):
        return NOTHING
    start = draft.count
    roots = [_moustache(draft, plan, full=kind is Beard.FULL)]
    if kind is not Beard.MOUSTACHE:
        roots.append(_jaw(draft, plan, full=kind is Beard.FULL))
    vertices = np.arange(start, draft.count)
    skin = np.concatenate([face.skin, *face.mouth.lips[3:]])
    gap, near = cKDTree(plan.to_head(draft.positions[skin])).query(np.concatenate(roots), k=3)
    shares = 1.0 / (gap + 0.05) ** 2
    return Upon(vertices, skin[near], shares / shares.sum(axis=1, keepdims=True))


def _locks(
    draft: Draft,
    plan: Plan,
    roots: Floats,
    ways: Floats,
    lengths: Floats,
    lift: Floats,
    width: float,
    thick: float,
    seed: int,
    stations: int = 4,
) -> Floats:
    """Draft locks from ``roots (N, 3)`` on the skin; return the root of every vertex."""
    rng = np.random.default_rng([seed, 83])
    t = np.linspace(0.0, 1.0, stations)

    def field(points: Floats, _: Floats) -> Floats:
        return ways

    lifts = lift[:, None] * (0.2 + 0.8 * smoothstep(0.0, 0.6, t))
    paths, outs = trace(
        head_shape(plan), roots, field, lengths, lifts, lambda p: np.full(len(p), 0.6)
    )
    # The middle is its own mirror image: locks keep to their half.
    paths[..., 0] = np.maximum(paths[..., 0], 0.05)
    shape = tapered(stations, 0.7, 2.4)
    tones = np.clip(1.0 + 0.07 * rng.standard_normal((len(roots), 1)), 0.86, 1.14) * (
        0.88 + 0.16 * t
    )
    widths = width * rng.uniform(0.8, 1.2, (len(roots), 1)) * shape
    thicks = np.broadcast_to(thick * shape**0.7, widths.shape)
    found = build_locks(
        draft,
        plan,
        Locks(paths, outs, widths, thicks, tones),
        FLAT,
        np.broadcast_to(only("head"), (*widths.shape, len(only("head")))),
        Paint.BEARD,
        lone=False,
    )
    # What hangs below moves as where it grows does. Rings come first, then the tips.
    rings = np.repeat(roots, (found.shape[1] - 1), axis=0)
    return np.concatenate([rings, roots])


def _moustache(draft: Draft, plan: Plan, *, full: bool) -> Floats:
    t = plan.traits
    count = 7
    s = np.linspace(0.0, 1.0, count)
    wide = t.mouth_width
    rows = []
    for up, reach in ((0.0, 1.0), (0.42, 0.8)):
        x = (0.22 + 2.15 * s * reach) * wide
        y = MOUTH_HEIGHT + 1.18 + up - 0.55 * s**2
        rows.append(np.stack([x, y, np.full(count, 2.0)], axis=1))
    roots = onto(head_shape(plan), np.concatenate(rows))
    place = np.concatenate([s, s])
    ways = unit(np.stack([0.55 + 0.35 * place, -0.75 - 0.55 * place**2, 0.0 * place], axis=1))
    lengths = (0.95 + 1.35 * place) * (1.25 if full else 1.0)
    if t.beard is not Beard.MOUSTACHE:
        # Its ends run down into the beard.
        lengths = lengths * (1.0 + 0.8 * smoothstep(0.7, 1.0, place))
    lift = np.full(2 * count, 0.24 if full else 0.20)
    return _locks(draft, plan, roots, ways, lengths, lift, 0.46, 0.20, 31)


def _jaw(draft: Draft, plan: Plan, *, full: bool) -> Floats:
    t = plan.traits
    shape = head_shape(plan)
    knots = np.linspace(0.0, 1.0, len(_UPPER))
    u = np.linspace(0.0, 1.0, _COLUMNS)
    size = np.array([t.face_width, 0.5 + 0.5 * t.chin_length, 1.0])
    upper = through(knots, _UPPER * [t.face_width, 1.0, 1.0], u)
    lower = through(knots, _LOWER * size, u)
    v = np.linspace(0.0, 1.0, _ROWS)
    rough = upper + v[:, None, None] * (lower - upper)
    skin = onto(shape, rough.reshape(-1, 3)).reshape(rough.shape)
    skin[:, -1, 0] = 0.0
    out = outwards(shape, skin)
    out[:, -1, 0] = 0.0
    chin = smoothstep(0.45, 1.0, u)
    bulge = np.sin(np.pi * v[:, None] ** 0.8) ** 0.7
    thick = (0.16 + (0.75 if full else 0.16) * smoothstep(0.1, 0.7, u)) * bulge
    raised = skin + out * (0.02 + thick)[..., None]
    if full:
        hang = 1.5 * chin * smoothstep(0.15, 0.75, v[:, None]) * (1.0 - 0.45 * v[:, None] ** 3)
        raised = raised + hang[..., None] * np.array([0.0, -1.0, 0.25])
    head = only("head")
    outer = draft.add(plan.from_head(raised), Paint.BEARD, head)
    inner = draft.add(plan.from_head(skin - 0.25 * out), Paint.BEARD, head)
    draft.tones[outer] = 0.86
    roots = [skin.reshape(-1, 3), skin.reshape(-1, 3)]
    # Columns run from the ear to the middle: to the right, seen from outside.
    for i in range(_ROWS - 1):
        draft.sew(outer[i + 1][::-1], outer[i][::-1])
        draft.sew(inner[i + 1], inner[i])
    draft.sew(outer[0][::-1], inner[0][::-1])
    draft.sew(inner[-1][::-1], outer[-1][::-1])
    draft.sew(outer[:, 0], inner[:, 0])

    rng = np.random.default_rng(89)
    count = 22 if full else 24
    cu = np.linspace(0.04, 0.985, count) + rng.uniform(-0.012, 0.012, count)
    cv = np.tile([0.1, 0.5, 0.28, 0.72], count)[:count] + rng.uniform(-0.08, 0.08, count)
    top, low = through(u, upper, cu), through(u, lower, cu)
    base = onto(shape, top + cv[:, None] * (low - top))
    ahead = smoothstep(0.3, 0.9, cu)
    ways = unit(np.stack([-0.05 + 0.0 * cu, -1.0 + 0.0 * cu, -0.15 + 0.5 * ahead], axis=1))
    long = (1.7 + (1.8 if full else 0.3) * ahead) * rng.uniform(0.85, 1.15, count)
    lift = 0.18 + (0.75 if full else 0.16) * smoothstep(0.1, 0.7, cu)
    roots.append(
        _locks(
            draft, plan, base, ways, long, lift, 0.74 if full else 0.6, 0.28 if full else 0.17, 37
        )
    )
    return np.concatenate(roots)
