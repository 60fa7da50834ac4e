"""Making one skin of trunk and limbs: settled onto the trunk's shape, smoothed where they meet."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft
from presence.scene.body.neighbours import averaged, edges_of
from presence.scene.body.sculpt import Shape, settle
from presence.scene.body.trunk import Openings

_ROUNDS = 14


def join(draft: Draft, shape: Shape, openings: Openings, roots: Ints, root_lifts: Floats) -> None:
    """Settle the trunk and the ``roots`` of the limbs, and even out the mesh where they meet.

    ``root_lifts`` say how far off the shape each of the roots is to lie, metres.
    """
    moved = np.concatenate([openings.settled, roots])
    lifts = np.concatenate([openings.lifts, root_lifts])
    free = np.concatenate([openings.loose, roots])
    points = draft.positions
    middle = points[:, 0] == 0.0
    edges = edges_of(draft.triangles)

    def settled(rounds: int) -> None:
        points[moved] = settle(shape, points[moved], lifts, rounds=rounds)
        points[middle, 0] = 0.0

    settled(6)
    for _ in range(_ROUNDS):
        points[free] = 0.5 * (points[free] + averaged(points, edges)[free])
        settled(1)
    settled(2)
    _lay_weave(draft, openings)


def _lay_weave(draft: Draft, openings: Openings) -> None:
    """Say where each vertex of the trunk is in its cloth: round from the front, and up."""
    points, grain = draft.positions, draft.grain
    up = float(points[openings.rows[0], 1].mean())
    for below, row in pairwise((openings.rows[0], *openings.rows)):
        known = row >= 0
        there = known & (below >= 0)
        step = points[row[there]] - points[below[there]]
        rise = np.linalg.norm(step[:, 1:], axis=1).mean() * np.sign(step[:, 1].mean())
        up += float(rise)
        line = points[row[known]]
        across = np.concatenate([[0.0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
        grain[row[known], 0] = across
        grain[row[known], 1] = up
