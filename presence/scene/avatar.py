"""An avatar: one body that can be posed and drawn.

Everything stands in the T-pose of its own ``place``: on the floor at the origin, facing −Z, with
every bone's axes parallel to the place's. The matrix that takes a rest vertex to its posed place is
therefore the joint's posed matrix times the translation by minus its rest position.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Floats
from presence.pose.proportions import Proportions

Singles = NDArray[np.float32]
Image = NDArray[np.uint8]
"""``(H, W, 4)`` sRGB and straight alpha, top row first."""

UNTEXTURED = 255
"""The layer of a vertex that shows its own colour and no texture."""


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
    """``(V, 3)`` base colour, sRGB, 0 to 1; multiplied with the texture's, both in linear light."""
    surfaces: NDArray[np.uint8]
    """``(V,)`` values of ``Surface``."""
    joints: NDArray[np.uint8]
    """``(V, 4)`` indices into ``BONES``, and behind them the joints of the avatar's strands."""
    weights: Singles
    """``(V, 4)`` not negative; each row sums to 1."""
    triangles: NDArray[np.uint32]
    """``(T, 3)`` anticlockwise seen from outside."""
    morphs: tuple[Morph, ...] = ()
    uvs: Singles = field(default_factory=lambda: np.zeros((0, 2), dtype=np.float32))
    """``(V, 2)`` where in its texture each vertex is, from the top left; none without textures."""
    layers: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    """``(V,)`` the texture that each vertex shows, or ``UNTEXTURED``; none without textures."""
    textures: tuple[Image, ...] = ()
    cutouts: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """``(T,)`` which triangles are seen from both sides and only where their texture is opaque;
    empty: none."""


@dataclass(frozen=True, slots=True, eq=False)
class Strand:
    """A chain of joints beyond the skeleton that swings, as hair does: VRM's spring bones.

    Stiffness, drag and gravity are those of VRMC_springBone-1.0
    (https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_springBone-1.0).
    """

    name: str
    parent: int
    """Index into ``BONES`` of what the first joint hangs on."""
    offsets: Floats
    """``(K + 1, 3)`` metres at rest: the first joint from its bone's, each next one from the one
    before, the strand's end last; K joints carry vertices."""
    stiffness: float = 1.0
    """How strongly it returns to rest."""
    drag: float = 0.4
    """How much of its speed air takes, 0 to 1."""
    gravity: float = 0.0
    radius: float = 0.01
    """Metres by which it keeps off colliders."""


@dataclass(frozen=True, slots=True, eq=False)
class Collider:
    """A capsule that strands keep outside."""

    bone: int
    """Index into ``BONES``."""
    start: Floats
    """``(3,)`` metres from the bone's joint, in axes parallel to the place's at rest."""
    end: Floats
    """``(3,)`` likewise; equal to ``start`` for a ball."""
    radius: float


@dataclass(frozen=True, slots=True, eq=False)
class Avatar:
    """A mesh and the measures of the body that it is the skin of."""

    name: str
    mesh: Mesh
    proportions: Proportions
    strands: tuple[Strand, ...] = ()
    """Their joints follow ``BONES`` in the mesh's indices, one strand after the other."""
    colliders: tuple[Collider, ...] = ()
