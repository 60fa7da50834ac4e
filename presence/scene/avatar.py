"""An avatar: one body that can be posed and drawn.

Everything stands in the T-pose of its own ``place``: on the floor at the origin, facing −Z, with
every bone's axes parallel to the place's. The matrix that takes a rest vertex to its posed place is
therefore the joint's posed matrix times the translation by minus its rest position.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presence.pose.proportions import Proportions

Singles = NDArray[np.float32]


class Surface(enum.IntEnum):
    """What a vertex is made of; the shaders light each kind in its own way."""

    SKIN = 0
    EYE = 1
    HAIR = 2
    CLOTH = 3
    TEETH = 4


@dataclass(frozen=True, slots=True, eq=False)
class Morph:
    """How one face shape moves the few vertices that it moves."""

    shape: int
    """Index into ``SHAPES``."""
    vertices: NDArray[np.int32]
    """``(M,)`` the vertices that move."""
    offsets: Singles
    """``(M, 3)`` metres, at coefficient 1."""
    normal_offsets: Singles
    """``(M, 3)`` added to the normals at coefficient 1, before they are normalised."""


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A skinned triangle mesh with morphs, ready for the graphics card."""

    positions: Singles
    """``(V, 3)`` metres, at rest."""
    normals: Singles
    """``(V, 3)`` unit."""
    colours: Singles
    """``(V, 3)`` base colour, sRGB, 0 to 1."""
    surfaces: NDArray[np.uint8]
    """``(V,)`` values of ``Surface``."""
    joints: NDArray[np.uint8]
    """``(V, 4)`` indices into ``BONES``."""
    weights: Singles
    """``(V, 4)`` not negative; each row sums to 1."""
    triangles: NDArray[np.uint32]
    """``(T, 3)`` anticlockwise seen from outside."""
    morphs: tuple[Morph, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Avatar:
    """A mesh and the measures of the body that it is the skin of."""

    name: str
    mesh: Mesh
    proportions: Proportions
