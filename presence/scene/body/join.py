"""Making one skin of trunk and limbs: settled onto the trunk's shape, smoothed where they meet."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints
from presence.scene.body.draft import Draft
from presence.scene.body.sculpt import Shape, settle
from presence.scene.body.trunk import Openings

_ROUNDS = 14


def join(draft: Draft, shape: Shape, openings: Openings, roots: Ints) -> None:
    """Settle the trunk and the ``roots`` of the limbs, and even out the mesh where they meet."""
    moved = np.concatenate([openings.settled, roots])
    lifts = np.concatenate([openings.lifts, np.zeros(len(roots))])
    points = draft.positions
    middle = points[moved, 0] == 0.0
    free = np.concatenate([openings.loose, roots])

    def settled(rounds: int) -> None:
        placed = settle(shape, points[moved], lifts, rounds=rounds)
        placed[middle, 0] = 0.0
        points[moved] = placed

    settled(6)
    average = _averager(draft.triangles, len(points))
    for _ in range(_ROUNDS):
        smooth = average(points)[free]
        smooth[points[free, 0] == 0.0, 0] = 0.0
        points[free] = 0.5 * (points[free] + smooth)
        settled(1)
    settled(2)


def _averager(triangles: Ints, count: int):  # type: ignore[no-untyped-def]
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    valence = np.maximum(np.bincount(edges.ravel(), minlength=count), 1).astype(np.float64)

    def average(values: Floats) -> Floats:
        total = np.zeros_like(values)
        np.add.at(total, edges[:, 0], values[edges[:, 1]])
        np.add.at(total, edges[:, 1], values[edges[:, 0]])
        return total / valence[:, None]

    return average
