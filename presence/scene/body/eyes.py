"""Eyeballs: closed pieces of their own behind the lids."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.lids import Lids
from presence.scene.body.plan import Plan

_SIDES = 20
_POLAR = (0.22, 0.44, 0.68, 0.94, 1.2, 1.5, 2.2)
"""Radians of the eyeball's rings from its front."""


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
