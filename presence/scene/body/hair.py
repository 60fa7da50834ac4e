"""Hair: one closed shell a style, a graph over rays from inside the head.

Points are in head units (see ``skull``) until they are added to the draft.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.pose.skeleton import INDEX
from presence.scene.body.draft import Draft, Paint
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
from presence.scene.body.skull import head_shape
from presence.scene.body.traits import HairStyle

_CENTRE: Floats = np.array([0.0, 1.5, -7.2])
_COLUMNS = 36
_ROWS = 11
_REACH = 26.0
_LOCK_WIDTH = 3.0
"""Columns a lock."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a style is cut."""

    line: tuple[tuple[float, float], ...]
    """Where it ends, from the forehead's middle to the nape's: degrees round, degrees up."""
    thick: float
    """How far it stands off at the crown."""
    quiff: float = 0.0
    """How much further above the forehead."""
    locks: float = 0.16
    """How deep its locks are."""
    ragged: float = 1.6
    """Degrees by which locks end higher or lower."""
    hanging: bool = False
    """Whether it hangs free below the ears."""


_CUTS: dict[HairStyle, _Cut] = {
    HairStyle.CROP: _Cut(
        (
            (0, 29), (20, 31), (40, 27), (54, 14), (66, -2), (76, -13), (84, -6), (94, 5),
            (106, 4), (116, -14), (134, -35), (156, -44), (180, -46),
        ),
        thick=1.25, quiff=0.5, locks=0.17, ragged=2.2,
    ),
    HairStyle.QUIFF: _Cut(
        (
            (0, 31), (20, 33), (40, 28), (54, 15), (66, 0), (76, -10), (84, -4), (94, 6),
            (106, 5), (116, -14), (134, -34), (156, -43), (180, -45),
        ),
        thick=1.15, quiff=1.6, locks=0.22, ragged=1.0,
    ),
    HairStyle.BOB: _Cut(
        (
            (0, 20), (20, 18), (34, 13), (44, 2), (54, -28), (66, -48), (90, -53), (120, -54),
            (150, -55), (180, -55),
        ),
        thick=1.30, locks=0.13, ragged=1.2, hanging=True,
    ),
    HairStyle.LONG: _Cut(
        (
            (0, 36), (18, 33), (34, 24), (46, 4), (58, -34), (70, -53), (92, -61), (124, -64),
            (150, -65), (180, -66),
        ),
        thick=1.20, locks=0.15, ragged=0.8, hanging=True,
    ),
    HairStyle.BUN: _Cut(
        (
            (0, 33), (20, 33), (40, 29), (54, 17), (66, 5), (78, -6), (86, 0), (96, 6), (106, 4),
            (118, -16), (136, -34), (156, -42), (180, -44),
        ),
        thick=0.75, quiff=0.3, locks=0.10, ragged=0.3,
    ),
}  # fmt: skip


def _ground(plan: Plan) -> Shape:
    """What the hair lies on: the head, and the air that hanging hair hangs in."""
    style, wide, skin = plan.traits.hair_style, plan.traits.face_width, head_shape(plan)

    def shape(points: Floats) -> Floats:
        p = points.copy()
        p[:, 0] = np.abs(p[:, 0])
        d = np.minimum(skin(p), ellipsoid(p, (0.0, 3.2, -7.3), (7.6 * wide, 9.3, 9.5)))
        if style is HairStyle.BOB:
            drape = ellipsoid(p, (0.0, -3.0, -8.4), (8.0 * wide, 10.0, 7.9))
            d = smooth_union(d, drape, 2.0)
        if style is HairStyle.LONG:
            drape = ellipsoid(p, (0.0, -4.0, -8.8), (7.8 * wide, 11.0, 7.6))
            back = capsule(p, (2.6, -6.0, -12.0), (3.2, -19.0, -15.2), 4.6, 3.6)
            d = smooth_union(d, smooth_union(drape, back, 3.0), 2.0)
        return d

    return shape


def build_hair(draft: Draft, plan: Plan) -> None:
    """Draft the right half of the hair."""
    cut, shape = _CUTS.get(plan.traits.hair_style, _CUTS[HairStyle.CROP]), _ground(plan)
    line = np.array(cut.line, dtype=np.float64)
    column = np.arange(_COLUMNS + 1)
    degrees = column * (180.0 / _COLUMNS)
    around = np.radians(degrees)
    tips = np.cos(2.0 * np.pi * column / _LOCK_WIDTH + 0.6 * np.sin(column))
    end = np.radians(through(line[:, 0], line[:, 1], degrees) + cut.ragged * tips)

    def put(up: Floats, lift: Floats | float) -> Floats:
        flat = [np.sin(around) * np.cos(up), np.sin(up), np.cos(around) * np.cos(up)]
        rays = np.stack(flat, axis=1)
        rays[[0, -1], 0] = 0.0
        surface = cast(shape, np.broadcast_to(_CENTRE, rays.shape), rays, _REACH)
        points: Floats = surface + rays * np.broadcast_to(lift, len(rays))[:, None]
        return points

    def add(points: Floats) -> Ints:
        return draft.add(plan.from_head(points), Paint.HAIR)

    rows = []
    for place in np.arange(1, _ROWS + 1) / _ROWS:
        grown, ending = smoothstep(0.1, 0.5, place), smoothstep(0.5, 1.0, place)
        # Locks wind a little on their way down.
        lock = np.cos(2.0 * np.pi * (column / _LOCK_WIDTH + 0.9 * place) + 0.6 * np.sin(column))
        lift = (
            cut.thick * (1.0 - (0.3 if cut.hanging else 0.62) * ending) + cut.locks * grown * lock
        )
        front = np.exp(-((around / 0.75) ** 2)) * smoothstep(0.2, 0.8, place)
        row = add(put(0.5 * np.pi + (end - 0.5 * np.pi) * place, lift + cut.quiff * front))
        draft.tones[row] = 1.0 + 0.13 * grown * lock
        rows.append(row)
    edge = add(put(end, 0.10 if not cut.hanging else 0.0))
    under = add(put(end + 0.03, -0.7 if not cut.hanging else -1.6))
    draft.tones[np.concatenate([edge, under])] = 0.75
    top = cast(shape, _CENTRE[None], np.array([[0.0, 1.0, 0.0]]), _REACH)
    crown = add(top + np.array([0.0, cut.thick, 0.0]))[0]
    heart = add(_CENTRE[None])[0]
    sheet = [*rows, edge, under]
    draft.sew_all(sheet[::-1])
    first, last = sheet[0], sheet[-1]
    draft.faces(np.stack([first[:-1], np.full(_COLUMNS, crown), first[1:]], axis=1))
    draft.faces(np.stack([last[:-1], last[1:], np.full(_COLUMNS, heart)], axis=1))
    hair = np.concatenate([*sheet, np.array([crown, heart])])
    if plan.traits.hair_style is HairStyle.BUN:
        hair = np.concatenate([hair, _build_knot(draft, plan)])
    # Long hair lies on the shoulders more than it follows the head.
    follow = smoothstep(-17.0, -7.0, plan.to_head(draft.positions[hair])[:, 1])
    draft.weights[hair, INDEX["head"]] = follow
    draft.weights[hair, INDEX["neck"]] = 0.6 * (1.0 - follow)
    draft.weights[hair, INDEX["upperChest"]] = 0.4 * (1.0 - follow)


def _build_knot(draft: Draft, plan: Plan) -> Ints:
    """Draft the right half of a knot of hair at the back of the crown."""
    centre, radius, sides = np.array([0.0, 8.6, -16.0]), 3.2, 8
    turn = np.linspace(0.0, np.pi, sides + 1)
    rows = []
    for polar in np.linspace(0.0, np.pi, 8)[1:-1]:
        wound = radius * (1.0 + 0.05 * np.cos(5.0 * turn + 2.5 * polar))
        row = np.stack(
            [
                wound * np.sin(polar) * np.sin(turn),
                wound * np.cos(polar),
                wound * np.sin(polar) * np.cos(turn),
            ],
            axis=1,
        )
        row[[0, -1], 0] = 0.0
        rows.append(draft.add(plan.from_head(centre + row), Paint.HAIR))
        draft.tones[rows[-1]] = 1.0 + 0.1 * np.cos(5.0 * turn + 2.5 * polar)
    poles = centre + np.array([[0.0, radius, 0.0], [0.0, -radius, 0.0]])
    ends = draft.add(plan.from_head(poles), Paint.HAIR)
    draft.sew_all(rows[::-1])
    first, last = rows[0], rows[-1]
    draft.faces(np.stack([first[:-1], np.full(sides, ends[0]), first[1:]], axis=1))
    draft.faces(np.stack([last[:-1], last[1:], np.full(sides, ends[1])], axis=1))
    return np.concatenate([*rows, ends])
