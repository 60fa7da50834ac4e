"""Making one skin of trunk and limbs: settled onto the trunk's shape, smoothed where they meet."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Ints
from presence.scene.body.draft import Draft
from presence.scene.body.neighbours import averaged, edges_of
from presence.scene.body.sculpt import Shape, settle
from presence.scene.body.trunk import Openings

_ROUNDS = 14


def join(draft: Draft, shape: Shape, openings: Openings, roots: Ints) -> None:
    """Settle the trunk and the ``roots`` of the limbs, and even out the mesh where they meet."""
    moved = np.concatenate([openings.settled, roots])
    lifts = np.concatenate([openings.lifts, np.zeros(len(roots))])
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
