"""The primitives of a VRM file, baked into its rest pose and carried by our joints."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from presence.errors import SourceError
from presence.pose.arrays import Ints
from presence.scene.avatar import Singles
from presence.scene.glb import GlbReader, Json, item
from presence.scene.vrm_materials import Finish
from presence.scene.vrm_nodes import Nodes
from presence.scene.vrm_shapes import BOTH, LEFT, Share
from presence.scene.vrm_skinning import (
    MOST_VERTICES,
    carried,
    floats,
    in_use,
    normals_turned,
    still,
    turned,
)
from presence.scene.vrm_turn import HALF_TURN

_TURN = HALF_TURN.astype(np.float32)
_SIDE_BLEND = 0.01
"""Metres about the middle of the face over which a split shape passes to the other side."""
_TRIANGLES, _STRIP, _FAN = 4, 5, 6


Moved = tuple[Ints, Singles, Singles]
"""``(M,)`` vertices, and their ``(M, 3)`` offsets and normal offsets."""


@dataclass(slots=True)
class Part:
    """One primitive in our axes. N vertices, all of them used by its triangles."""

    finish: Finish
    positions: Singles
    normals: Singles
    colours: Singles
    """``(N, 3)`` linear light."""
    uvs: Singles
    joints: NDArray[np.uint8]
    weights: Singles
    triangles: NDArray[np.uint32]
    own: Ints | None
    """``(N, 3)`` which vertex of ours each is, its surface and its layer, if we wrote the file."""
    shapes: dict[int, list[Moved]] = field(default_factory=dict)
    """What each target gives to each face shape."""


def read_part(
    reader: GlbReader,
    nodes: Nodes,
    node: int,
    primitive: Json,
    finish: Finish,
    carriers: Ints,
    shares: dict[int, list[Share]],
) -> Part | None:
    """A primitive of the mesh on ``node``; None where it has no triangles.

    Args:
        reader: the file.
        nodes: its nodes.
        node: on which the mesh is.
        primitive: of the mesh.
        finish: of its material.
        carriers: ``(N,)`` the joint of ours that carries each node.
        shares: what each target gives to the face shapes.
    """
    attributes = primitive["attributes"]
    positions = floats(reader, attributes["POSITION"], 3)
    corners = _corners(reader, primitive, len(positions))
    if not len(corners):
        return None
    total = len(positions)
    use, local = np.unique(corners, return_inverse=True)
    triangles = local.reshape(-1, 3).astype(np.uint32)
    positions = positions[use]
    if "NORMAL" in attributes:
        normals = in_use(floats(reader, attributes["NORMAL"], 3), use)
    else:
        normals = _flat_normals(positions, triangles)
    matrices, joints, weights = carried(reader, nodes, node, attributes, use, carriers)
    turns, moves = matrices[:, :3, :3], matrices[:, :3, 3]
    flat = still(matrices)
    if np.linalg.det(turns[0]) < 0.0:
        triangles = np.ascontiguousarray(triangles[:, ::-1])
    colours = np.ones((len(use), 3), dtype=np.float32)
    if "COLOR_0" in attributes:
        colours = in_use(floats(reader, attributes["COLOR_0"], None), use)[:, :3]
    if (finish.colour != 1.0).any():
        colours = (colours * finish.colour).astype(np.float32)
    uvs = np.zeros((len(use), 2), dtype=np.float32)
    if f"TEXCOORD_{finish.uv_set}" in attributes:
        uvs = in_use(floats(reader, attributes[f"TEXCOORD_{finish.uv_set}"], 2), use)
        if not np.array_equal(finish.uv_matrix, np.eye(3)[:2]):
            uvs = (uvs @ finish.uv_matrix[:, :2].T + finish.uv_matrix[:, 2]).astype(np.float32)
    own = None
    if "_VERTEX" in attributes and "_LOOK" in attributes:
        own = _own(reader, attributes, use)
    part = Part(
        finish=finish,
        positions=(positions if flat else turned(turns, positions) + moves.astype(np.float32))
        * _TURN,
        normals=(normals if flat else normals_turned(turns, normals)) * _TURN,
        colours=colours,
        uvs=uvs,
        joints=joints,
        weights=weights,
        triangles=triangles,
        own=own,
    )
    local_of = np.full(total, -1, dtype=np.int64)
    local_of[use] = np.arange(len(use))
    for target, given in shares.items():
        entry = item(primitive.get("targets", []), target)
        rows, offsets, normal_offsets = _target(reader, entry, local_of)
        if not len(rows):
            continue
        if not flat:
            offsets = turned(turns[rows], offsets)
            normal_offsets = turned(turns[rows], normal_offsets)
        for share in given:
            scale = _share_of(share, part.positions[rows])
            moved = (rows, offsets * _TURN * scale, normal_offsets * _TURN * scale)
            part.shapes.setdefault(share.shape, []).append(moved)
    return part


def _target(reader: GlbReader, entry: Json, local_of: Ints) -> Moved:
    """What a target moves; ``local_of`` says of the file's vertices which of the part's each is."""
    found = []
    for name in ("POSITION", "NORMAL"):
        rows, values = np.zeros(0, dtype=np.int64), np.zeros((0, 3), dtype=np.float32)
        if name in entry:
            rows, values = reader.changes(entry[name], len(local_of))
            if values.ndim != 2 or values.shape[1] != 3:
                raise ValueError("a morph target moves nothing in space")
            rows = local_of[rows]
            rows, values = rows[rows >= 0], values[rows >= 0].astype(np.float32)
        found.append((rows, values))
    every = np.union1d(found[0][0], found[1][0])
    both = []
    for rows, values in found:
        filled = np.zeros((len(every), 3), dtype=np.float32)
        filled[np.searchsorted(every, rows)] = values
        both.append(filled)
    moves = both[0].any(axis=1) | both[1].any(axis=1)
    return every[moves], both[0][moves], both[1][moves]


def _share_of(share: Share, positions: Singles) -> Singles:
    """``(M, 1)`` how much of a target's movement of vertices a shape gets."""
    weight = np.full((len(positions), 1), share.weight, dtype=np.float32)
    if share.side == BOTH:
        return weight
    # The person's left is at −x.
    across = positions[:, :1] * np.float32(1.0 if share.side == LEFT else -1.0)
    return weight * np.clip(0.5 - across / np.float32(2.0 * _SIDE_BLEND), 0.0, 1.0)


def _own(reader: GlbReader, attributes: Json, use: Ints) -> Ints:
    vertices, looks = (reader.array(attributes[name]) for name in ("_VERTEX", "_LOOK"))
    if vertices.ndim != 1 or looks.ndim != 2 or int(use[-1]) >= min(len(vertices), len(looks)):
        raise ValueError("what makes the vertices ours does not go with them")
    if not (np.isfinite(vertices).all() and (vertices >= 0.0).all() and vertices.max() < 1 << 24):
        raise ValueError("a vertex is none of ours")
    return np.column_stack([vertices[use], looks[use, :2]]).astype(np.int64)


def _corners(reader: GlbReader, primitive: Json, count: int) -> Ints:
    """``(3 T,)`` the vertices of the triangles, one after the other."""
    mode = primitive.get("mode", _TRIANGLES)
    if mode not in (_TRIANGLES, _STRIP, _FAN):
        return np.zeros(0, dtype=np.int64)
    if "indices" in primitive:
        indices = reader.array(primitive["indices"])
        if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.unsignedinteger):
            raise ValueError("the indices of triangles are none")
        corners = indices.astype(np.int64)
    else:
        corners = np.arange(count)
    if len(corners) > 12 * MOST_VERTICES:
        raise SourceError("a mesh of this file has too many triangles; simplify it")
    if len(corners) and not corners.max() < count:
        raise ValueError("a triangle names a vertex that is not there")
    if mode == _TRIANGLES:
        return corners[: len(corners) // 3 * 3]
    if len(corners) < 3:
        return corners[:0]
    if mode == _STRIP:
        each = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
        each[1::2, :2] = each[1::2, 1::-1]
    else:
        hub = np.broadcast_to(corners[0], len(corners) - 2)
        each = np.stack([hub, corners[1:-1], corners[2:]], axis=1)
    joined: Ints = each.ravel()
    return joined


def _flat_normals(positions: Singles, triangles: NDArray[np.uint32]) -> Singles:
    """``(N, 3)`` the mean of the triangles' about each vertex, by their areas."""
    a, b, c = (positions[triangles[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    total = np.zeros((len(positions), 3))
    for i in range(3):
        np.add.at(total, triangles[:, i], faces)
    length = np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    unit: Singles = (total / length).astype(np.float32)
    return unit
