"""The vertices of a VRM file, taken to its rest pose and carried by our joints."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.errors import SourceError
from presence.pose.arrays import Floats, Ints
from presence.scene.avatar import Singles
from presence.scene.glb import GlbReader, Json, item
from presence.scene.vrm_nodes import Nodes, settled

MOST_VERTICES = 400_000
"""Of one person; more than that is no person but a scan."""


def floats(reader: GlbReader, accessor: Any, width: int | None) -> Singles:
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


def in_use(array: Singles, use: Ints) -> Singles:
    """The rows of an attribute that are in use, ascending ones."""
    if int(use[-1]) >= len(array):
        raise ValueError("an attribute has fewer rows than there are vertices")
    taken: Singles = array[use]
    return taken


def carried(
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
            shares.append(in_use(floats(reader, attributes[f"WEIGHTS_{number}"], 4), use))
    which, weight = np.concatenate(named, axis=1), np.concatenate(shares, axis=1)
    if not np.isfinite(weight).all():
        raise ValueError("a weight is no number")
    weight = np.maximum(weight, 0.0)
    total = weight.sum(axis=1)
    weight[total <= 0.0, 0] = 1.0
    off = np.abs(weight.sum(axis=1) - 1.0) > 1e-4
    weight[off] /= weight[off].sum(axis=1, keepdims=True)
    if still(rests):
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


def still(matrices: Floats) -> bool:
    """Whether all matrices ``(N, 4, 4)`` leave everything where it is."""
    return bool((matrices == np.eye(4)).all())


def turned(turns: Floats, vectors: Singles) -> Singles:
    """Vectors ``(N, 3)`` by a matrix each, ``(N, 3, 3)``."""
    result: Singles = np.einsum("nij,nj->ni", turns, vectors).astype(np.float32)
    return result


def normals_turned(turns: Floats, normals: Singles) -> Singles:
    """Normals go by the cofactors, which are the inverse transposed but for its size."""
    a, b, c = turns[:, 0], turns[:, 1], turns[:, 2]
    cofactors = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    moved = np.einsum("nij,nj->ni", cofactors, normals)
    sign = np.where(np.linalg.det(turns) < 0.0, -1.0, 1.0)
    length = np.maximum(np.linalg.norm(moved, axis=1), 1e-12)
    unit: Singles = (moved * (sign / length)[:, None]).astype(np.float32)
    return unit
