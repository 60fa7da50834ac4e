"""Hair and brows: closed shells that lie on the head.

Points are in head units (see ``skull``) until they are added to the draft.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import INDEX
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.face import Face
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import (
    Shape,
    capsule,
    cast,
    ellipsoid,
    smooth_union,
    smoothstep,
    through,
)
from presence.scene.body.skull import CENTRE
from presence.scene.body.traits import HairStyle

_CENTRE: Floats = np.array([0.0, 1.5, -7.2])
"""Hair is a graph over the rays from here."""
_COLUMNS = 34
_ROWS = 11

# Where the hair ends, from the forehead's middle round to the nape: degrees round, degrees up.
_HAIRLINES: dict[HairStyle, tuple[tuple[float, float], ...]] = {
    HairStyle.SHORT: (
        (0, 33), (22, 34), (42, 28), (56, 14), (68, -4), (80, -14), (88, 4), (104, 6),
        (116, -14), (134, -36), (156, -45), (180, -47),
    ),
    HairStyle.SWEPT: (
        (0, 30), (22, 31), (42, 27), (56, 14), (68, -2), (80, -12), (88, 4), (104, 6),
        (116, -14), (134, -34), (156, -43), (180, -45),
    ),
    HairStyle.BOB: (
        (0, 31), (20, 30), (36, 24), (48, 6), (58, -34), (70, -50), (90, -54), (120, -55),
        (150, -56), (180, -56),
    ),
    HairStyle.LONG: (
        (0, 35), (20, 33), (38, 25), (50, 4), (62, -36), (76, -54), (96, -61), (126, -64),
        (150, -65), (180, -66),
    ),
    HairStyle.BUN: (
        (0, 34), (22, 34), (42, 29), (56, 16), (70, 4), (80, -2), (88, 6), (104, 4),
        (116, -16), (134, -34), (156, -42), (180, -44),
    ),
}  # fmt: skip
_THICKNESS = {
    HairStyle.SHORT: 0.75,
    HairStyle.SWEPT: 0.95,
    HairStyle.BOB: 1.05,
    HairStyle.LONG: 0.95,
    HairStyle.BUN: 0.5,
}
_HANGING = (HairStyle.BOB, HairStyle.LONG)


def _hair_shape(plan: Plan, skin: Shape) -> Shape:
    """What the hair lies on: the head, and the air that hanging hair hangs in."""
    style, wide = plan.traits.hair_style, plan.traits.face_width

    def shape(points: Floats) -> Floats:
        d = np.minimum(skin(points), ellipsoid(points, (0.0, 3.2, -7.6), (7.6 * wide, 9.3, 9.5)))
        if style is HairStyle.BOB:
            drape = ellipsoid(points, (0.0, -3.0, -8.6), (8.0 * wide, 10.0, 7.9))
            d = smooth_union(d, drape, 2.0)
        if style is HairStyle.LONG:
            sides = points * np.array([1.0, 1.0, 1.0])
            sides[:, 0] = np.abs(sides[:, 0])
            drape = ellipsoid(sides, (0.0, -4.0, -9.0), (7.8 * wide, 11.0, 7.6))
            back = capsule(sides, (2.6, -6.0, -12.0), (3.2, -19.0, -15.2), 4.6, 3.6)
            d = smooth_union(d, smooth_union(drape, back, 3.0), 2.0)
        return d

    return shape


def build_hair(draft: Draft, plan: Plan, face: Face) -> Ints:
    """Draft the right half of the hair; return its vertices."""
    style = plan.traits.hair_style
    shape = _hair_shape(plan, face.shape)
    line = np.array(_HAIRLINES[style], dtype=np.float64)
    around_deg = np.linspace(0.0, 180.0, _COLUMNS + 1)
    end = np.radians(through(line[:, 0], line[:, 1], around_deg))
    around = np.radians(around_deg)
    hanging = style in _HANGING

    def rays(up: Floats) -> Floats:
        flat = np.stack(
            [np.sin(around) * np.cos(up), np.sin(up), np.cos(around) * np.cos(up)], axis=1
        )
        flat[[0, -1], 0] = 0.0
        return flat

    def put(up: Floats, lift: Floats | float) -> Floats:
        directions = rays(up)
        points = cast(shape, np.broadcast_to(_CENTRE, directions.shape), directions, 26.0)
        return points + directions * np.broadcast_to(lift, _COLUMNS + 1)[:, None]

    lock = np.where(np.arange(_COLUMNS + 1) % 2 == 0, 1.0, -1.0)
    rows = []
    for i in range(1, _ROWS + 1):
        t = i / _ROWS
        up = 0.5 * np.pi + (end - 0.5 * np.pi) * t
        full = _THICKNESS[style] * (1.0 - 0.55 * smoothstep(0.55, 1.0, np.full(1, t))[0])
        lift = np.full(_COLUMNS + 1, full)
        if style is HairStyle.SWEPT:
            # Brushed up from the forehead.
            lift += 1.1 * np.exp(-((around / 0.8) ** 2)) * smoothstep(0.25, 0.85, np.full(1, t))[0]
        lift += (
            (0.10 if style is not HairStyle.BUN else 0.05)
            * lock
            * smoothstep(0.1, 0.5, np.full(1, t))[0]
        )
        rows.append(put(up, lift))
    edge = put(end, 0.10 if not hanging else 0.0)
    under = put(end + 0.03, -0.7 if not hanging else -1.6)
    crown = _CENTRE + np.array([0.0, 1.0, 0.0]) * 0.0
    top = cast(shape, _CENTRE[None], np.array([[0.0, 1.0, 0.0]]), 26.0)
    top[:, 1] += _THICKNESS[style]
    heart = crown[None]

    indices = [draft.add(plan.from_head(row), Paint.HAIR) for row in [*rows, edge, under]]
    tip, inner = (draft.add(plan.from_head(p), Paint.HAIR)[0] for p in (top, heart))
    draft.sew_all(indices[::-1])
    first, last = indices[0], indices[-1]
    draft.faces(np.stack([first[:-1], np.full(_COLUMNS, tip), first[1:]], axis=1))
    draft.faces(np.stack([last[:-1], last[1:], np.full(_COLUMNS, inner)], axis=1))
    parts = [*indices, np.array([tip, inner])]
    if style is HairStyle.BUN:
        parts.append(_build_bun(draft, plan))
    hair = np.concatenate(parts)
    height = plan.to_head(draft.positions[hair])[:, 1]
    # Long hair lies on the shoulders more than it follows the head.
    follow = smoothstep(-17.0, -7.0, height)
    weights = np.zeros((len(hair), len(INDEX)))
    weights[:, INDEX["head"]] = follow
    weights[:, INDEX["neck"]] = (1.0 - follow) * 0.6
    weights[:, INDEX["upperChest"]] = (1.0 - follow) * 0.4
    draft.weights[hair] = weights
    return hair


def _build_bun(draft: Draft, plan: Plan) -> Ints:
    """Draft the right half of a knot of hair at the back of the crown."""
    centre, radius = np.array([0.0, 8.2, -16.4]), 3.1
    turn = np.linspace(0.0, np.pi, 9)
    rows = []
    for polar in np.linspace(0.0, np.pi, 8)[1:-1]:
        row = radius * np.stack(
            [np.sin(polar) * np.sin(turn), np.full(9, np.cos(polar)), np.sin(polar) * np.cos(turn)],
            axis=1,
        )
        row[[0, -1], 0] = 0.0
        rows.append(draft.add(plan.from_head(centre + row), Paint.HAIR))
    ends = draft.add(
        plan.from_head(centre + np.array([[0.0, radius, 0.0], [0.0, -radius, 0.0]])), Paint.HAIR
    )
    draft.sew_all(rows[::-1])
    draft.faces(np.stack([rows[0][:-1], np.full(8, ends[0]), rows[0][1:]], axis=1))
    draft.faces(np.stack([rows[-1][:-1], rows[-1][1:], np.full(8, ends[1])], axis=1))
    return np.concatenate([*rows, ends])


def build_brow(draft: Draft, plan: Plan, face: Face, weights: Floats) -> Ints:
    """Draft the right brow; return its vertices."""
    heavy = plan.traits.brow_weight
    knots = np.linspace(0.0, 1.0, 4)
    path = np.array([[1.25, 1.95], [2.5, 2.62], [3.75, 2.85], [5.05, 2.25]])
    place = np.linspace(0.0, 1.0, 10)
    line = through(knots, path, place)
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    half = 0.33 * heavy * (1.0 - 0.62 * place**1.6) * np.minimum(1.0, 0.55 + 4.0 * place)
    turn = np.linspace(0.0, 2.0 * np.pi, 6, endpoint=False)
    rows = []
    for spot, way, thick in zip(line, along, half, strict=True):
        flat = spot + np.outer(np.sin(turn) * thick, [-way[1], way[0]])
        points = np.concatenate([flat, np.full((6, 1), 1.5)], axis=1)
        rays = points - CENTRE
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        surface = cast(face.shape, np.broadcast_to(CENTRE, points.shape), rays, 20.0)
        rows.append(surface + rays * (0.10 * np.cos(turn) + 0.04)[:, None])
    rings = [draft.add(plan.from_head(row), Paint.BROW, weights) for row in rows]
    ends = [
        draft.add(draft.positions[ring].mean(axis=0)[None], Paint.BROW, weights)[0]
        for ring in (rings[0], rings[-1])
    ]
    draft.sew_all(rings[::-1], closed=True)
    draft.cap(rings[0], int(ends[0]))
    draft.cap(rings[-1][::-1], int(ends[1]))
    return np.concatenate([*rings, np.array(ends)])
