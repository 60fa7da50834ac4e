"""The nodes of a VRM file: where each one is at rest, and which of our joints carries it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.errors import SourceError
from presence.pose.arrays import Floats, Ints
from presence.pose.quaternion import quat_normalise, quat_to_matrix
from presence.pose.skeleton import BONES, INDEX
from presence.scene.glb import GlbReader, Json
from presence.scene.vrm_turn import HALF_TURN

REQUIRED = (
    "hips",
    "spine",
    "head",
    *(
        side + bone
        for side in ("left", "right")
        for bone in ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")
    ),
)
"""The bones without which nobody can be posed: those that VRM 1.0 requires."""

MOST_NODES = 10_000
"""Of one person; they have a few hundred."""
_SAME = 1e-6
"""Matrices that differ less are the same: files hold them in 32 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """The tree of nodes. N nodes, at rest, in the file's axes."""

    worlds: Floats
    """``(N, 4, 4)`` from each node to the file's world."""
    locals: Floats
    """``(N, 4, 4)`` from each node to its parent."""
    parents: Ints
    """``(N,)`` −1 for roots."""
    order: Ints
    """``(N,)`` all nodes, parents before children."""
    bones: dict[str, int]
    """The node of each humanoid bone that the file has."""

    def point(self, node: int) -> Floats:
        """``(3,)`` metres, where a node is, in our axes."""
        return self.worlds[node, :3, 3] * HALF_TURN

    def offset(self, node: int, above: int) -> Floats:
        """``(3,)`` metres from one node to another below it, in our axes.

        To the last bit what the file says, where it hangs there directly and unturned.
        """
        if self.parents[node] == above and unturned(self.worlds[above]):
            return self.locals[node, :3, 3] * HALF_TURN
        return self.point(node) - self.point(above)

    def carriers(self, carried: dict[int, int]) -> Ints:
        """``(N,)`` for each node what ``carried`` says of it or of its nearest ancestor, or 0."""
        of = np.zeros(len(self.parents), dtype=np.int64)
        for node in self.order.tolist():
            parent = self.parents[node]
            of[node] = carried.get(node, of[parent] if parent >= 0 else 0)
        return of


def unturned(matrix: Floats) -> bool:
    """Whether a matrix ``(4, 4)`` moves and does nothing else."""
    return bool(np.abs(matrix[:3, :3] - np.eye(3)).max() < _SAME)


def settled(matrices: Floats) -> Floats:
    """``(..., 4, 4)`` the same, but the unit matrix itself where one is as good as that."""
    still = np.abs(matrices - np.eye(4)).max(axis=(-2, -1)) < _SAME
    return np.where(still[..., None, None], np.eye(4), matrices)


def read_nodes(reader: GlbReader) -> Nodes:
    """The nodes of a file with a ``VRMC_vrm`` humanoid.

    Raises:
        SourceError: bones are missing.
        ValueError: the nodes are no forest.
    """
    nodes = reader.items("nodes")
    count = len(nodes)
    if count > MOST_NODES:
        raise SourceError(
            f"this file has {count} nodes, more than {MOST_NODES}; leave out what is no person"
        )
    parents = np.full(count, -1, dtype=np.int64)
    for i, node in enumerate(nodes):
        for child in node.get("children", []):
            if not 0 <= child < count or parents[child] >= 0:
                raise ValueError(f"node {child!r} hangs on no node, or on two")
            parents[child] = i
    local = np.array([_local(node) for node in nodes]).reshape(-1, 4, 4)
    worlds = local.copy()
    order: list[int] = []
    front = np.flatnonzero(parents < 0).tolist()
    while front:
        order += front
        below = [child for node in front for child in nodes[node].get("children", [])]
        for child in below:
            worlds[child] = worlds[parents[child]] @ local[child]
        front = below
    if len(order) < count:
        raise ValueError("nodes hang on each other in a ring")
    if not np.isfinite(worlds).all():
        raise ValueError("a node's place is no number")
    bones = _bones(reader.extension("VRMC_vrm"), count)
    return Nodes(worlds, local, parents, np.array(order, dtype=np.int64), bones)


def _local(node: Json) -> Floats:
    """``(4, 4)`` from a node to its parent."""
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    if "rotation" in node:
        rotation = np.array(node["rotation"], dtype=np.float64).reshape(4)
        if not 0.5 < np.linalg.norm(rotation) < 2.0:
            raise ValueError("a node's rotation is none")
        matrix[:3, :3] = quat_to_matrix(quat_normalise(rotation))
    if "scale" in node:
        matrix[:3, :3] *= np.array(node["scale"], dtype=np.float64).reshape(3)
    if "translation" in node:
        matrix[:3, 3] = np.array(node["translation"], dtype=np.float64).reshape(3)
    return matrix


def _bones(extension: Json, count: int) -> dict[str, int]:
    human = extension["humanoid"]["humanBones"]
    bones = {}
    for name, entry in human.items():
        # VRM 1.0 spells no bone otherwise; what it has beyond ours is left to be carried.
        if name not in INDEX:
            continue
        node = entry["node"]
        if not isinstance(node, int) or not 0 <= node < count:
            raise ValueError(f"the bone {name} is no node")
        bones[name] = node
    missing = [name for name in REQUIRED if name not in bones]
    if missing:
        raise SourceError(
            f"this file's humanoid lacks {', '.join(missing)}; assign them where it was made "
            "(UniVRM, or the VRM add-on for Blender), and export it again"
        )
    if len(set(bones.values())) < len(bones):
        raise ValueError("one node is two bones")
    return {name: bones[name] for name in BONES if name in bones}
