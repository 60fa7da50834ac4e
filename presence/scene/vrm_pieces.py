"""A mesh taken apart as viewers of VRM want it: by what moves, and by what it is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presence.pose.arrays import Ints
from presence.scene.avatar import UNTEXTURED, Mesh, Surface

FACE, BODY, HAIR = "Face", "Body", "Hair"


@dataclass(frozen=True, slots=True)
class Look:
    """What triangles of one material have in common."""

    surface: Surface
    layer: int
    """The texture shown, or ``UNTEXTURED``."""
    cut: bool
    """Seen from both sides, and only where the texture is opaque."""

    @property
    def name(self) -> str:
        """What the material is called."""
        layer = "" if self.layer in (0, UNTEXTURED) else f"-{self.layer + 1}"
        return self.surface.name.lower() + layer + ("-cutout" if self.cut else "")


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Triangles of one look, and the vertices that they use."""

    look: Look
    vertices: Ints
    """``(N,)`` indices into the whole mesh, ascending."""
    triangles: NDArray[np.uint32]
    """``(T, 3)`` indices into ``vertices``."""


def pieces_of(mesh: Mesh) -> dict[str, list[Piece]]:
    """The pieces of a mesh by the name of the part: what face shapes move, the hair, the rest."""
    count = len(mesh.triangles)
    first = mesh.triangles[:, 0]
    surfaces = mesh.surfaces[first].astype(np.int64)
    layers = (mesh.layers[first] if len(mesh.layers) else np.full(count, UNTEXTURED)).astype(int)
    cuts = mesh.cutouts if len(mesh.cutouts) else np.zeros(count, dtype=np.bool_)
    moved = np.zeros(len(mesh.positions), dtype=np.bool_)
    for morph in mesh.morphs:
        moved[morph.vertices] = True
    in_face = moved[mesh.triangles].any(axis=1)
    in_hair = ~in_face & (surfaces == Surface.HAIR)
    parts: dict[str, list[Piece]] = {}
    for name, belong in ((FACE, in_face), (BODY, ~in_face & ~in_hair), (HAIR, in_hair)):
        keys = np.stack([surfaces, layers, cuts], axis=1)
        for key in np.unique(keys[belong], axis=0):
            chosen = mesh.triangles[belong & (keys == key).all(axis=1)]
            vertices, local = np.unique(chosen, return_inverse=True)
            look = Look(Surface(int(key[0])), int(key[1]), bool(key[2]))
            parts.setdefault(name, []).append(
                Piece(look, vertices.astype(np.int64), local.reshape(-1, 3).astype(np.uint32))
            )
    return parts
