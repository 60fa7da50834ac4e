"""The primitives of a VRM file, baked into its rest pose and carried by our joints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.errors import SourceError
from presence.pose.arrays import Floats, Ints
from presence.scene.avatar import Singles
from presence.scene.glb import GlbReader, Json, item
from presence.scene.vrm_materials import Finish
from presence.scene.vrm_nodes import Nodes, settled
from presence.scene.vrm_shapes import BOTH, LEFT, Share
from presence.scene.vrm_turn import HALF_TURN

MOST_VERTICES = 400_000
"""Of one person; more than that is no person but a scan."""
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
    positions = _floats(reader, attributes["POSITION"], 3)
    corners = _corners(reader, primitive, len(positions))
    if not len(corners):
        return None
    total = len(positions)
    use, local = np.unique(corners, return_inverse=True)
    triangles = local.reshape(-1, 3).astype(np.uint32)
    positions = positions[use]
    if "NORMAL" in attributes:
        normals = _rows(_floats(reader, attributes["NORMAL"], 3), use)
    else:
        normals = _flat_normals(positions, triangles)
    matrices, joints, weights = _carried(reader, nodes, node, attributes, use, carriers)
    turns, moves = matrices[:, :3, :3], matrices[:, :3, 3]
    flat = _still(matrices)
    if np.linalg.det(turns[0]) < 0.0:
        triangles = np.ascontiguousarray(triangles[:, ::-1])
    colours = np.ones((len(use), 3), dtype=np.float32)
    if "COLOR_0" in attributes:
        colours = _rows(_floats(reader, attributes["COLOR_0"], None), use)[:, :3]
    if (finish.colour != 1.0).any():
        colours = (colours * finish.colour).astype(np.float32)
    uvs = np.zeros((len(use), 2), dtype=np.float32)
    if f"TEXCOORD_{finish.uv_set}" in attributes:
        uvs = _rows(_floats(reader, attributes[f"TEXCOORD_{finish.uv_set}"], 2), use)
        if not np.array_equal(finish.uv_matrix, np.eye(3)[:2]):
            uvs = (uvs @ finish.uv_matrix[:, :2].T + finish.uv_matrix[:, 2]).astype(np.float32)
    own = None
    if "_VERTEX" in attributes and "_LOOK" in attributes:
        own = _own(reader, attributes, use)
    part = Part(
        finish=finish,
        positions=(positions if flat else _moved(turns, positions) + moves.astype(np.float32))
        * _TURN,
        normals=(normals if flat else _normals_moved(turns, normals)) * _TURN,
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
            offsets = _moved(turns[rows], offsets)
            normal_offsets = _moved(turns[rows], normal_offsets)
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


def _floats(reader: GlbReader, accessor: Any, width: int | None) -> Singles:
    """``(N, width)`` numbers of an accessor; of 3 or more columns where ``width`` is None."""
    array = reader.array(accessor)
    columns = array.shape[1] if array.ndim == 2 else 1
    if array.ndim != 2 or (columns != width if width is not None else columns < 3):
        raise ValueError("an attribute has another width than it should")
    if len(array) > MOST_VERTICES:
        raise SourceError(
            f"a mesh of this file has {len(array)} vertices, more than {MOST_VERTICES}; simplify it"
        )
    return array.astype(np.float32)


def _rows(array: Singles, use: Ints) -> Singles:
    if int(use[-1]) >= len(array):
        raise ValueError("an attribute has fewer rows than there are vertices")
    rows: Singles = array[use]
    return rows


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


def _carried(
    reader: GlbReader, nodes: Nodes, node: int, attributes: Json, use: Ints, carriers: Ints
) -> tuple[Floats, NDArray[np.uint8], Singles]:
    """What takes each vertex to its rest, ``(N, 4, 4)``, and its joints and weights of ours."""
    entry = item(reader.items("nodes"), node)
    count = len(use)
    if "skin" not in entry or "JOINTS_0" not in attributes:
        joints = np.zeros((count, 4), dtype=np.uint8)
        joints[:, 0] = carriers[node]
        weights = np.zeros((count, 4), dtype=np.float32)
        weights[:, 0] = 1.0
        return np.broadcast_to(settled(nodes.worlds[node]), (count, 4, 4)), joints, weights
    skin = item(reader.items("skins"), entry["skin"])
    members = np.array(skin["joints"], dtype=np.int64).reshape(-1)
    if not (len(members) and members.min() >= 0 and members.max() < len(carriers)):
        raise ValueError("a skin's joint is no node")
    inverse = np.broadcast_to(np.eye(4), (len(members), 4, 4))
    if "inverseBindMatrices" in skin:
        flat = reader.array(skin["inverseBindMatrices"])
        if len(flat) < len(members):
            raise ValueError("a skin has more joints than matrices")
        matrices = flat[: len(members)].reshape(-1, 4, 4).transpose(0, 2, 1)
        inverse = matrices.astype(np.float64)
    rests = settled(nodes.worlds[members] @ inverse)
    named, shares = [], []
    for number in range(2):
        if f"JOINTS_{number}" in attributes and f"WEIGHTS_{number}" in attributes:
            named.append(_joints(reader, attributes[f"JOINTS_{number}"], use, len(members)))
            shares.append(_rows(_floats(reader, attributes[f"WEIGHTS_{number}"], 4), use))
    which, weight = np.concatenate(named, axis=1), np.concatenate(shares, axis=1)
    if not np.isfinite(weight).all():
        raise ValueError("a weight is no number")
    weight = np.maximum(weight, 0.0)
    total = weight.sum(axis=1)
    weight[total <= 0.0, 0] = 1.0
    off = np.abs(weight.sum(axis=1) - 1.0) > 1e-4
    weight[off] /= weight[off].sum(axis=1, keepdims=True)
    if _still(rests):
        taken = np.broadcast_to(np.eye(4), (count, 4, 4))
    else:
        taken = np.zeros((count, 4, 4))
        for column in range(which.shape[1]):
            taken += weight[:, column, None, None] * rests[which[:, column]]
    joints, weights = _folded(carriers[members][which], weight)
    return taken, joints, weights


def _joints(reader: GlbReader, accessor: Any, use: Ints, count: int) -> Ints:
    array = reader.array(accessor)
    if array.ndim != 2 or array.shape[1] != 4 or int(use[-1]) >= len(array):
        raise ValueError("the joints do not go with the vertices")
    joints: Ints = array[use].astype(np.int64)
    if joints.min() < 0 or joints.max() >= count:
        raise ValueError("a weight names a joint that is not there")
    return joints


def _folded(joints: Ints, weights: Singles) -> tuple[NDArray[np.uint8], Singles]:
    """Four joints and weights of each vertex ``(N, 4)``: like ones joined, the largest kept."""
    weights = weights.copy()
    columns = joints.shape[1]
    for later in range(1, columns):
        for earlier in range(later):
            same = (joints[:, earlier] == joints[:, later]) & (weights[:, later] > 0.0)
            weights[same, earlier] += weights[same, later]
            weights[same, later] = 0.0
    if columns > 4:
        order = np.argsort(-weights, axis=1, kind="stable")[:, :4]
        joints = np.take_along_axis(joints, order, axis=1)
        weights = np.take_along_axis(weights, order, axis=1)
        weights /= weights.sum(axis=1, keepdims=True)
    return np.where(weights > 0.0, joints, 0).astype(np.uint8), weights


def _still(matrices: Floats) -> bool:
    return bool((matrices == np.eye(4)).all())


def _moved(turns: Floats, vectors: Singles) -> Singles:
    moved: Singles = np.einsum("nij,nj->ni", turns, vectors).astype(np.float32)
    return moved


def _normals_moved(turns: Floats, normals: Singles) -> Singles:
    """Normals go by the cofactors, which are the inverse transposed but for its size."""
    a, b, c = turns[:, 0], turns[:, 1], turns[:, 2]
    cofactors = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    moved = np.einsum("nij,nj->ni", cofactors, normals)
    sign = np.where(np.linalg.det(turns) < 0.0, -1.0, 1.0)
    length = np.maximum(np.linalg.norm(moved, axis=1), 1e-12)
    unit: Singles = (moved * (sign / length)[:, None]).astype(np.float32)
    return unit


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
