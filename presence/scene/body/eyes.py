"""Eyeballs, teeth and tongue: closed pieces of their own inside the head."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.lids import Lids
from presence.scene.body.plan import Plan
from presence.scene.body.skull import MOUTH_HEIGHT

_SIDES = 20
_POLAR = (0.22, 0.44, 0.68, 0.94, 1.2, 1.5, 2.2)
"""Radians of the eyeball's rings from its front."""
# The rows of teeth: half width, front, biting edge, height, and whether it is the upper one.
_TEETH = ((1.72, 1.10, -0.24, 0.95, True), (1.48, 0.80, -0.36, 0.70, False))
_TONGUE: Floats = np.array([0.0, MOUTH_HEIGHT - 0.55, -1.45])
# One section through a row of teeth: backwards and up, from its lower front edge.
_SECTION: Floats = np.array([[0.0, 0.0], [-0.06, 0.55], [-0.1, 1.0], [-0.5, 1.0], [-0.5, 0.1]])


def build_eyeball(draft: Draft, plan: Plan, lids: Lids, weights: Floats) -> None:
    """Draft the right eyeball behind its lids."""
    turn = np.linspace(0.0, 2.0 * np.pi, _SIDES, endpoint=False)
    polar = np.array(_POLAR)[:, None]
    rings = np.stack(
        [
            np.sin(polar) * np.cos(turn),
            np.sin(polar) * np.sin(turn),
            np.broadcast_to(np.cos(polar), (len(_POLAR), _SIDES)),
        ],
        axis=-1,
    )
    poles = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])

    def add(directions: Floats) -> Ints:
        points = lids.eye + lids.eye_radius * directions
        return draft.add(plan.from_head(points), Paint.EYE, weights)

    rows, ends = add(rings), add(poles)
    draft.sew_all(list(rows[::-1]), closed=True)
    draft.cap(rows[0], int(ends[0]))
    draft.cap(rows[-1][::-1], int(ends[1]))


def build_teeth(draft: Draft, plan: Plan, weights: Floats) -> Ints:
    """Draft the right halves of both rows of teeth; return the lower row's vertices."""
    turn = np.linspace(0.0, 1.45, 9)
    rows_of: list[Ints] = []
    for half_width, front, base, height, upper in _TEETH:
        across, back = half_width * np.sin(turn), 2.6 * (1.0 - np.cos(turn))
        arch = np.stack([across, front - back], axis=1)
        outward = np.stack([np.sin(turn), np.cos(turn)], axis=1)
        sections = []
        for spot, way in zip(arch, outward, strict=True):
            inward, up = _SECTION[:, 0], _SECTION[:, 1] * height * (1.0 if upper else -1.0)
            # The lips' line rises towards the corners: the teeth stay behind it.
            line = MOUTH_HEIGHT + base + 0.07 * spot[0] ** 2
            sections.append(
                np.stack([spot[0] + inward * way[0], line + up, spot[1] + inward * way[1]], axis=1)
            )
        points = np.array(sections)
        points[0, :, 0] = 0.0
        rows = list(draft.add(plan.from_head(points), Paint.TEETH, weights))
        end = draft.add(draft.positions[rows[-1]].mean(axis=0)[None], Paint.TEETH, weights)
        # Mirroring the section turns it the other way round.
        order = rows if upper else [row[::-1] for row in rows]
        draft.sew_all(order[::-1], closed=True)
        draft.cap(order[-1][::-1], int(end[0]))
        rows_of.append(np.concatenate([*rows, end]))
    return rows_of[1]


def build_tongue(draft: Draft, plan: Plan, weights: Floats) -> Ints:
    """Draft the right half of the tongue; return its vertices."""
    turn = np.linspace(0.0, np.pi, 7)
    rows = []
    for polar in np.linspace(0.0, np.pi, 7)[1:-1]:
        ring = np.stack(
            [
                1.35 * np.sin(polar) * np.sin(turn),
                0.42 * np.sin(polar) * np.cos(turn),
                np.full(7, 1.7 * np.cos(polar)),
            ],
            axis=1,
        )
        ring[[0, -1], 0] = 0.0
        rows.append(ring + _TONGUE)
    ends = _TONGUE + np.array([[0.0, 0.0, 1.7], [0.0, 0.0, -1.7]])
    rings = [draft.add(plan.from_head(row), Paint.TONGUE, weights) for row in rows]
    tips = draft.add(plan.from_head(ends), Paint.TONGUE, weights)
    draft.sew_all(rings)
    draft.faces(np.stack([np.full(6, tips[0]), rings[0][:-1], rings[0][1:]], axis=1))
    draft.faces(np.stack([np.full(6, tips[1]), rings[-1][1:], rings[-1][:-1]], axis=1))
    return np.concatenate([*rings, tips])
