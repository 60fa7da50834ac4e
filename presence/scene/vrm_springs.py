"""Strands and colliders as VRM's spring bones, and back.

VRMC_springBone-1.0
(https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_springBone-1.0).
"""

from __future__ import annotations

import itertools

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX
from presence.scene.avatar import Avatar, Collider, Strand
from presence.scene.glb import GlbReader, Json
from presence.scene.vrm_nodes import Nodes, unturned
from presence.scene.vrm_turn import HALF_TURN

EXTENSION = "VRMC_springBone"
MOST_JOINTS = 256
"""Joints that eight bits can name."""
_MOST_SPRINGS = 1024
_MOST_COLLIDERS = 64
_MOST_SKIPPED = 64
"""Nodes between two joints of a spring bone."""
_SHORTEST = 1e-4
"""Metres; a strand with a shorter segment has no direction to swing about."""


def strand_nodes(avatar: Avatar, nodes: list[Json]) -> tuple[list[int], list[list[int]]]:
    """Append the nodes of an avatar's strands to those of its bones.

    Returns:
        The node of every joint that carries vertices, and the nodes of each strand, its end last.
    """
    carrying: list[int] = []
    chains: list[list[int]] = []
    for strand in avatar.strands:
        above, chain = strand.parent, []
        for step, offset in enumerate(strand.offsets):
            chain.append(len(nodes))
            nodes[above].setdefault("children", []).append(len(nodes))
            nodes.append(
                {"name": f"{strand.name}-{step}", "translation": (offset * HALF_TURN).tolist()}
            )
            above = chain[-1]
        carrying += chain[:-1]
        chains.append(chain)
    return carrying, chains


def spring_bones(avatar: Avatar, chains: list[list[int]]) -> Json:
    """The extension: how each strand swings, and what it keeps off."""
    springs = []
    for strand, chain in zip(avatar.strands, chains, strict=True):
        settings = {
            "hitRadius": strand.radius,
            "stiffness": strand.stiffness,
            "gravityPower": strand.gravity,
            "gravityDir": [0.0, -1.0, 0.0],
            "dragForce": strand.drag,
        }
        spring: Json = {
            "name": strand.name,
            "joints": [{"node": node, **settings} for node in chain[:-1]] + [{"node": chain[-1]}],
        }
        if avatar.colliders:
            spring["colliderGroups"] = [0]
        springs.append(spring)
    extension: Json = {"specVersion": "1.0", "springs": springs}
    if avatar.colliders:
        extension["colliders"] = [_collider(each) for each in avatar.colliders]
        every = list(range(len(avatar.colliders)))
        extension["colliderGroups"] = [{"name": "body", "colliders": every}]
    return extension


def _collider(collider: Collider) -> Json:
    start = (collider.start * HALF_TURN).tolist()
    end = (collider.end * HALF_TURN).tolist()
    shape: Json = {"offset": start, "radius": collider.radius}
    if start == end:
        return {"node": collider.bone, "shape": {"sphere": shape}}
    return {"node": collider.bone, "shape": {"capsule": shape | {"tail": end}}}


def read_strands(
    reader: GlbReader, nodes: Nodes, rest: Floats
) -> tuple[tuple[Strand, ...], dict[int, int]]:
    """The strands of a file, and the joint that each of their nodes is.

    Args:
        reader: the file.
        nodes: its nodes.
        rest: ``(55, 3)`` metres, our bones at rest, in our axes.

    Returns:
        Strands, and by node the index of its joint, from 55 on. What does not fit into the 256
        joints of a mesh, or lies upon itself, goes with its bone.
    """
    bone_of = {node: INDEX[name] for name, node in nodes.bones.items()}
    carriers = nodes.carriers(bone_of)
    strands: list[Strand] = []
    joints: dict[int, int] = {}
    taken = set(bone_of)
    for spring in reader.extension(EXTENSION).get("springs", [])[:_MOST_SPRINGS]:
        listed = spring.get("joints", [])
        chain = [each["node"] for each in listed]
        if any(not isinstance(node, int) or not 0 <= node < len(carriers) for node in chain):
            raise ValueError("a spring bone is no node")
        count = len(chain) - 1
        if count < 1 or BONE_COUNT + len(joints) + count > MOST_JOINTS:
            continue
        if taken & set(chain) or not _descends(chain, nodes):
            continue
        parent = int(carriers[chain[0]])
        first = nodes.point(chain[0]) - rest[parent]
        at = nodes.bones.get(BONES[parent])
        if at is not None and nodes.parents[chain[0]] == at:
            first = nodes.offset(chain[0], at)
        offsets = np.array([first, *(nodes.offset(b, a) for a, b in itertools.pairwise(chain))])
        if np.linalg.norm(offsets[1:], axis=1).min() < _SHORTEST:
            continue
        taken |= set(chain)
        joints |= {node: BONE_COUNT + len(joints) + i for i, node in enumerate(chain[:-1])}
        strands.append(_strand(spring, listed[0], parent, offsets, len(strands)))
    return tuple(strands), joints


def _descends(chain: list[int], nodes: Nodes) -> bool:
    """Whether each node of a chain is somewhere below the one before."""
    for above, node in itertools.pairwise(chain):
        climbed = int(nodes.parents[node])
        for _ in range(_MOST_SKIPPED):
            if climbed in (above, -1):
                break
            climbed = int(nodes.parents[climbed])
        if climbed != above:
            return False
    return True


def _strand(spring: Json, first: Json, parent: int, offsets: Floats, number: int) -> Strand:
    # A strand of ours swings alike from end to end: as its first joint does.
    down = -float(first.get("gravityDir", [0.0, -1.0, 0.0])[1])
    settings = (
        float(first.get("stiffness", 1.0)),
        float(first.get("dragForce", 0.5)),
        float(first.get("gravityPower", 0.0)) * down,
        float(first.get("hitRadius", 0.0)),
    )
    if not np.isfinite(settings).all():
        raise ValueError("a spring bone's setting is no number")
    stiffness, drag, gravity, radius = settings
    return Strand(
        name=str(spring.get("name") or f"strand-{number + 1}")[:80],
        parent=parent,
        offsets=frozen(offsets),
        stiffness=max(stiffness, 0.0),
        drag=min(max(drag, 0.0), 1.0),
        gravity=gravity,
        radius=max(radius, 0.0),
    )


def read_colliders(reader: GlbReader, nodes: Nodes, rest: Floats) -> tuple[Collider, ...]:
    """The colliders of a file; ``rest (55, 3)`` metres, our bones at rest, in our axes."""
    bone_of = {node: INDEX[name] for name, node in nodes.bones.items()}
    carriers = nodes.carriers(bone_of)
    colliders = []
    for entry in reader.extension(EXTENSION).get("colliders", [])[:_MOST_COLLIDERS]:
        node = entry["node"]
        if not isinstance(node, int) or not 0 <= node < len(carriers):
            raise ValueError("a collider is on no node")
        kind = "capsule" if "capsule" in entry["shape"] else "sphere"
        shape = entry["shape"][kind]
        world, bone = nodes.worlds[node], int(carriers[node])
        offset = shape.get("offset", [0.0, 0.0, 0.0])
        start, end = (
            _from_bone(np.array(point, dtype=np.float64).reshape(3), world, rest[bone])
            for point in (offset, shape.get("tail", offset))
        )
        size = float(np.abs(np.linalg.det(world[:3, :3])) ** (1 / 3))
        radius = float(shape.get("radius", 0.0)) * (size if not unturned(world) else 1.0)
        if not (np.isfinite(start).all() and np.isfinite(end).all() and np.isfinite(radius)):
            raise ValueError("a collider's place is no number")
        if radius > 0.0:
            colliders.append(Collider(bone, frozen(start), frozen(end), radius))
    return tuple(colliders)


def _from_bone(point: Floats, world: Floats, bone: Floats) -> Floats:
    """``(3,)`` a point of a node from the bone that carries it, in our axes."""
    if unturned(world) and np.array_equal(world[:3, 3] * HALF_TURN, bone):
        return point * HALF_TURN
    turned: Floats = (world[:3, :3] @ point + world[:3, 3]) * HALF_TURN - bone
    return turned
