"""Teeth in their gums, and the tongue: closed pieces of their own behind the lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.mouth import Mouth
from presence.scene.body.plan import Plan
from presence.scene.body.sculpt import through
from presence.scene.body.skull import MOUTH_HEIGHT

# Where one tooth ends and the next begins, from the middle: shares of the row's half width.
_GAPS: Floats = np.array([0.0, 0.22, 0.40, 0.58, 0.78, 1.0])


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of teeth. Heights count from the lips' line, towards the gum of that row."""

    half_width: float
    depth: float
    """How far back the row's ends lie."""
    behind: float
    """How far behind the lips' line."""
    edge: float
    gum: float
    end: float


_UPPER = _Row(half_width=2.05, depth=2.6, behind=0.42, edge=-0.20, gum=0.62, end=1.15)
_LOWER = _Row(half_width=1.85, depth=2.4, behind=0.60, edge=0.10, gum=0.70, end=1.15)


def build_teeth(draft: Draft, plan: Plan, mouth: Mouth, weights: Floats) -> Ints:
    """Draft the right halves of both rows of teeth; return the lower row's vertices."""
    _build_row(draft, plan, mouth, weights, _UPPER, 1.0)
    return _build_row(draft, plan, mouth, weights, _LOWER, -1.0)


def _build_row(
    draft: Draft, plan: Plan, mouth: Mouth, weights: Floats, row: _Row, way: float
) -> Ints:
    t = plan.traits
    size = t.mouth_width * (1.0 - 0.13 * t.youth)
    # A point in each gap and one in the middle of each tooth.
    middles = 0.5 * (_GAPS[1:] + _GAPS[:-1])
    share = np.sort(np.concatenate([_GAPS, middles]))
    gap = np.arange(len(share)) % 2 == 0
    gap[0] = True
    # Half an ellipse, but everywhere behind the lips.
    turn = 1.45 * share
    across = row.half_width * size * np.sin(turn)
    line = through(mouth.line[:, 0], mouth.line, across)
    arch = mouth.line[0, 2] - row.behind - row.depth * (1.0 - np.cos(turn))
    front = np.minimum(arch, line[:, 2] - row.behind) - 0.03 * gap
    # The four front teeth are the longest but for the eye-tooth.
    shorter = np.where(gap, 0.07, 0.0) + 0.05 * _shorter(share)
    edge = row.edge + shorter
    gum = row.gum - 0.12 * gap - 0.10 * share

    def level(height: Floats | float, back: Floats | float) -> Floats:
        up = np.broadcast_to(height, across.shape) * way
        inward = np.asarray(back)
        return np.stack(
            [across - inward * np.sin(turn), MOUTH_HEIGHT + up, front - inward * np.cos(turn)],
            axis=1,
        )

    # A section: biting edge, gum's edge on the tooth and on the gum, gum's end, and the back.
    section = [
        (level(edge, 0.03), Paint.TEETH),
        (level(0.5 * (edge + gum), -0.02), Paint.TEETH),
        (level(gum, 0.02), Paint.TEETH),
        (level(gum + 0.05, -0.02), Paint.TONGUE),
        (level(row.end, 0.12), Paint.TONGUE),
        (level(edge + 0.05, 0.34), Paint.TEETH),
    ]
    rows = []
    for points, paint in section:
        points[0, 0] = 0.0
        rows.append(draft.add(plan.from_head(points), paint, weights))
    for line_of in rows[:3]:
        draft.tones[line_of[gap]] = 0.90
        draft.tones[line_of] *= 1.0 - 0.08 * t.wear - 0.12 * share**2
    end = draft.add(
        draft.positions[[r[-1] for r in rows]].mean(axis=0)[None], Paint.TONGUE, weights
    )
    rings = np.array(rows).T
    order = rings if way > 0.0 else rings[:, ::-1]
    draft.sew_all(list(order[::-1]), closed=True)
    draft.cap(order[-1][::-1], int(end[0]))
    return np.concatenate([rings.ravel(), end])


def _shorter(share: Floats) -> Floats:
    """How much shorter each tooth is than the front ones: the eye-tooth (0.49) is not."""
    shorter: Floats = 1.6 * share * (1.0 - 0.8 * np.exp(-(((share - 0.49) / 0.08) ** 2)))
    return shorter


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """The right half of the tongue in the draft."""

    vertices: Ints
    out: Floats
    """``(N, 3)`` head units: how each vertex moves when the tongue is put out."""


def build_tongue(draft: Draft, plan: Plan, mouth: Mouth, weights: Floats) -> Tongue:
    """Draft the right half of the tongue."""
    t = plan.traits
    size = t.mouth_width * (1.0 - 0.13 * t.youth)
    z = mouth.line[0, 2]
    # From tip to root: how far behind the lips, how high, half width, half thickness; and the same
    # when it is put out over the lower teeth and lip.
    rest = np.array(
        [
            [-0.95, -0.62, 0.0, 0.0],
            [-1.02, -0.62, 0.46, 0.13],
            [-1.32, -0.59, 0.90, 0.26],
            [-2.1, -0.52, 1.16, 0.36],
            [-2.9, -0.56, 1.12, 0.40],
            [-3.5, -0.75, 0.9, 0.34],
            [-3.6, -0.80, 0.0, 0.0],
        ]
    )
    out = np.array(
        [
            [1.95, -0.98, 0.0, 0.0],
            [1.88, -0.95, 0.34, 0.11],
            [1.50, -0.56, 0.78, 0.18],
            [0.55, -0.10, 0.98, 0.21],
            [-0.55, 0.06, 0.96, 0.21],
            [-2.2, -0.30, 1.0, 0.32],
            [-2.9, -0.55, 0.0, 0.0],
        ]
    )
    turn = np.linspace(0.0, np.pi, 7)

    def rings(path: Floats) -> Floats:
        points: Floats
        forward, height, width, thick = (path[:, i, None] for i in range(4))
        # A groove along its middle.
        groove = 0.30 * thick * np.exp(-((np.sin(turn) / 0.35) ** 2)) * (np.cos(turn) > 0.0)
        points = np.stack(
            [
                width * size * np.sin(turn),
                MOUTH_HEIGHT + height + thick * np.cos(turn) - groove,
                np.broadcast_to(z + forward, (len(path), len(turn))),
            ],
            axis=-1,
        )
        points[:, [0, -1], 0] = 0.0
        return points

    here, there = rings(rest), rings(out)
    body = draft.add(plan.from_head(here[1:-1]), Paint.TONGUE, weights)
    tips = draft.add(plan.from_head(here[[0, -1], 0]), Paint.TONGUE, weights)
    draft.sew_all(list(body))
    draft.faces(np.stack([np.full(6, tips[0]), body[0][:-1], body[0][1:]], axis=1))
    draft.faces(np.stack([np.full(6, tips[1]), body[-1][1:], body[-1][:-1]], axis=1))
    moved = np.concatenate([(there - here)[1:-1].reshape(-1, 3), (there - here)[[0, -1], 0]])
    return Tongue(np.concatenate([body.ravel(), tips]), moved)
