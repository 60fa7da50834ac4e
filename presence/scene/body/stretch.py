"""Skin that follows what is fixed at its edges, as smoothly as a thin plate bends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import SuperLU, splu

from presence.pose.arrays import Floats, Ints
from presence.scene.body.neighbours import edges_of


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A system that is solved once a mesh and then for any number of displacements."""

    free: Ints
    """``(F,)`` the vertices that follow."""
    held: csr_matrix
    """``(F, V)`` what the others' displacements demand of them."""
    solver: SuperLU

    def follow(self, moved: Floats) -> Floats:
        """``(V, K)`` displacements whose values at the free vertices follow all others'."""
        whole = moved.copy()
        whole[self.free] = 0.0
        whole[self.free] = self.solver.solve(-(self.held @ whole))
        return whole


def make_stretch(triangles: Ints, count: int, free: Ints) -> Stretch:
    """The plate that the triangles ``(T, 3)`` of a mesh of ``count`` vertices make.

    It minimises the square of the Laplacian (M. Botsch and L. Kobbelt, "An intuitive framework for
    real-time freeform modeling", 2004), with the graph's own weights.
    """
    edges = edges_of(triangles)
    ends = np.concatenate([edges, edges[:, ::-1]])
    degree = np.maximum(np.bincount(ends[:, 0], minlength=count), 1)
    mean = csr_matrix((1.0 / degree[ends[:, 0]], ends.T), (count, count))
    bend = diags(np.ones(count)) - mean
    plate = (bend.T @ bend).tocsr()[free]
    return Stretch(free, plate, splu(plate[:, free].tocsc()))
