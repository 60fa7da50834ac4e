"""Averages over the neighbours of a mesh's vertices, and what is the average of its own."""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, Ints


def edges_of(triangles: Ints) -> Ints:
    """``(E, 2)`` every edge of the triangles ``(T, 3)`` once, the lower index first."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    # As one number each: sorting rows is ten times as slow.
    count = int(edges.max(initial=0)) + 1
    once = np.unique(edges.min(axis=1) * count + edges.max(axis=1))
    return np.stack(np.divmod(once, count), axis=1)


def averaged(values: Floats, edges: Ints) -> Floats:
    """``(V, K)`` the mean of each vertex's neighbours; a vertex without any keeps its own."""
    count = np.bincount(edges.ravel(), minlength=len(values)).astype(np.float64)
    ends, others = edges.T.ravel(), edges[:, ::-1].T.ravel()
    columns = values.reshape(len(values), -1)[others].T
    total = np.stack([np.bincount(ends, column, len(values)) for column in columns], axis=1)
    total = total.reshape(values.shape)
    alone = count == 0.0
    total[alone], count[alone] = values[alone], 1.0
    mean: Floats = total / count[:, None]
    return mean


def harmonic(triangles: Ints, free: Ints, values: Floats) -> Floats:
    """``(F, ...)`` values at the ``free (F,)`` vertices: each is the mean of its neighbours'.

    The ``values (V, ...)`` of all other vertices stand.
    """
    edges = edges_of(triangles)
    place = np.full(len(values), -1)
    place[free] = np.arange(len(free))
    system = np.zeros((len(free), len(free)))
    known = np.zeros((len(free), *values.shape[1:]))
    for a, b in ((edges[:, 0], edges[:, 1]), (edges[:, 1], edges[:, 0])):
        mine = place[a] >= 0
        row, other = place[a[mine]], b[mine]
        np.add.at(system, (row, row), 1.0)
        inner = place[other] >= 0
        np.add.at(system, (row[inner], place[other[inner]]), -1.0)
        np.add.at(known, row[~inner], values[other[~inner]])
    return np.linalg.solve(system, known)
