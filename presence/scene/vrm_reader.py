"""An avatar from the bytes of any VRM 1.0 file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.errors import SourceError
from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.proportions import Proportions
from presence.pose.skeleton import BONES, INDEX, PARENTS
from presence.scene.avatar import UNTEXTURED, Avatar, Mesh, Surface
from presence.scene.glb import DAMAGED, GlbReader
from presence.scene.vrm_materials import Materials
from presence.scene.vrm_measures import eye_points, measured, rest_points
from presence.scene.vrm_meshes import joined, merged
from presence.scene.vrm_nodes import Nodes, read_nodes
from presence.scene.vrm_parts import Part, read_part
from presence.scene.vrm_shapes import read_shares
from presence.scene.vrm_skinning import MOST_VERTICES
from presence.scene.vrm_springs import read_colliders, read_strands
from presence.scene.vrm_turn import HALF_TURN
from presence.scene.vrm_writer import TIPS

_UNDERSTOOD = {
    "VRMC_vrm",
    "VRMC_springBone",
    "VRMC_materials_mtoon",
    "VRMC_node_constraint",
    "KHR_materials_unlit",
    "KHR_materials_emissive_strength",
    "KHR_texture_transform",
    "KHR_mesh_quantization",
    "EXT_texture_webp",
}
"""Extensions that may be required: what they ask for is done, or does not matter here."""
_SIZES = (0.2, 6.0)
"""Metres of eye height within which a file is taken for a person's."""
_JAW_SHAPE = SHAPE_INDEX["jawOpen"]
_GAZE_SHAPES = [i for i, name in enumerate(SHAPES) if name.startswith("eyeLook")]
_EYE_BONES = (INDEX["leftEye"], INDEX["rightEye"])


def from_glb(data: bytes) -> Avatar:
    """The avatar in the bytes of a VRM 1.0 file.

    Raises:
        SourceError: the bytes are damaged, or hold no person that could be posed.
    """
    reader = GlbReader(data)
    try:
        _check_kind(reader)
        with np.errstate(all="ignore"):
            return _avatar(reader)
    except DAMAGED as error:
        raise SourceError(f"this file is not as VRM 1.0 says ({error}); export it again") from error


def _check_kind(reader: GlbReader) -> None:
    if reader.extension("VRM"):
        raise SourceError(
            "this is a VRM 0.x file; convert it to VRM 1.0 (UniVRM, or the VRM add-on for Blender)"
        )
    if not reader.extension("VRMC_vrm"):
        raise SourceError(
            "this file says of no node which bone it is, so nobody can be posed with it; export it "
            "as VRM 1.0 (UniVRM, or the VRM add-on for Blender)"
        )
    unknown = sorted(set(map(str, reader.items("extensionsRequired"))) - _UNDERSTOOD)
    if unknown:
        raise SourceError(
            f"this file needs {', '.join(unknown)}, which presence cannot read; export it without"
        )


def _avatar(reader: GlbReader) -> Avatar:
    nodes = read_nodes(reader)
    told = reader.document.get("extras")
    tips = told.get("presence") if isinstance(told, dict) else None
    ours = tips is not None
    found = {name: nodes.point(node) for name, node in nodes.bones.items()}
    rest = rest_points(found)
    strands, joint_of = read_strands(reader, nodes, rest)
    colliders = read_colliders(reader, nodes, rest)
    carried = {node: INDEX[name] for name, node in nodes.bones.items()} | joint_of
    parts, materials = _parts(reader, nodes, carried, by_name_only=ours)
    if not parts:
        raise SourceError("this file shows no triangle; export it with its meshes")
    mesh = joined(parts, materials.textures(), keep_small=ours)
    if ours and all(part.own is not None for part in parts):
        mesh = merged(mesh, np.concatenate([part.own for part in parts if part.own is not None]))
    if tips is not None:
        proportions = _told(nodes, rest, tips)
    else:
        mesh, proportions = _measured(mesh, found)
        _leave_to_bones(mesh, found)
    _check(mesh, proportions)
    return Avatar(
        name=_name(reader), mesh=mesh, proportions=proportions, strands=strands, colliders=colliders
    )


def _parts(
    reader: GlbReader, nodes: Nodes, carried: dict[int, int], *, by_name_only: bool
) -> tuple[list[Part], Materials]:
    """Everything that is drawn, and the materials that it is made of."""
    meshes = reader.items("meshes")
    shares = read_shares(reader, by_name_only=by_name_only)
    drawn = []
    for node in nodes.order.tolist():
        index = reader.items("nodes")[node].get("mesh")
        if index is None:
            continue
        if not isinstance(index, int) or not 0 <= index < len(meshes):
            raise ValueError("a node has a mesh that is not there")
        drawn += [(node, index, primitive) for primitive in meshes[index]["primitives"]]
    drawn.sort(key=lambda each: each[1])
    used = {each[2]["material"] for each in drawn if "material" in each[2]}
    materials = Materials(reader, sorted(used))
    carriers = nodes.carriers(carried)
    parts: list[Part] = []
    count = 0
    for node, index, primitive in drawn:
        names = (
            str(meshes[index].get("name", "")),
            str(reader.items("nodes")[node].get("name", "")),
        )
        finish = materials.finish(primitive.get("material"), *names)
        if finish.clear:
            continue
        given = {target: each for (mesh, target), each in shares.items() if mesh == index}
        part = read_part(reader, nodes, node, primitive, finish, carriers, given)
        if part is None:
            continue
        count += len(part.positions)
        if count > MOST_VERTICES:
            raise SourceError(f"this file has more than {MOST_VERTICES} vertices; simplify it")
        parts.append(part)
    return parts, materials


def _told(nodes: Nodes, rest: Floats, tips: dict[str, Any]) -> Proportions:
    """The proportions of a file of ours, which says where the body ends."""
    offsets = rest.copy()
    for i, name in enumerate(BONES):
        above = nodes.bones.get(BONES[PARENTS[i]]) if PARENTS[i] >= 0 else None
        if name in nodes.bones and above is not None:
            offsets[i] = nodes.offset(nodes.bones[name], above)
        elif PARENTS[i] >= 0:
            offsets[i] = rest[i] - rest[PARENTS[i]]
    ends = {
        tip: frozen(np.array(tips[tip], dtype=np.float64).reshape(shape) * HALF_TURN)
        for tip, shape in TIPS.items()
    }
    return Proportions(offsets=frozen(offsets), **ends)


def _measured(mesh: Mesh, found: dict[str, Floats]) -> tuple[Mesh, Proportions]:
    """The mesh with its soles on the floor, and the proportions of its body."""
    floor = float(mesh.positions[:, 1].min())
    mesh.positions[:, 1] -= np.float32(floor)
    down = np.array([0.0, floor, 0.0])
    known = eye_points(mesh) | {name: point - down for name, point in found.items()}
    return mesh, measured(rest_points(known), mesh)


def _leave_to_bones(mesh: Mesh, found: dict[str, Floats]) -> None:
    """Let nothing be moved twice, by a bone and by the shape that stands for it."""
    if any(morph.shape == _JAW_SHAPE for morph in mesh.morphs):
        mesh.joints[mesh.joints == INDEX["jaw"]] = INDEX["head"]
    if not all(name in found for name in ("leftEye", "rightEye")):
        return
    of_eyes = (np.isin(mesh.joints, _EYE_BONES) * mesh.weights).sum(axis=1) > 0.5
    for morph in mesh.morphs:
        if morph.shape in _GAZE_SHAPES:
            morph.offsets[of_eyes[morph.vertices]] = 0.0
            morph.normal_offsets[of_eyes[morph.vertices]] = 0.0


def _check(mesh: Mesh, proportions: Proportions) -> None:
    numbers: list[NDArray[Any]] = [mesh.positions, mesh.normals, mesh.weights, mesh.colours]
    numbers += [mesh.uvs, proportions.offsets, *(getattr(proportions, tip) for tip in TIPS)]
    for morph in mesh.morphs:
        numbers += [morph.offsets, morph.normal_offsets]
    if not all(np.isfinite(each).all() for each in numbers):
        raise ValueError("a number is not finite")
    shown = mesh.layers[mesh.layers != UNTEXTURED]
    if len(shown) and int(shown.max()) >= len(mesh.textures):
        raise ValueError("a vertex shows a texture that is not there")
    if not np.isin(mesh.surfaces, list(Surface)).all():
        raise ValueError("a surface is of no kind that there is")
    height = proportions.eye_height
    if not _SIZES[0] < height < _SIZES[1] or np.abs(mesh.positions).max() > 10.0 * _SIZES[1]:
        raise SourceError(
            f"the eyes of this person are {height:.3g} m above the floor; export the file in metres"
        )


def _name(reader: GlbReader) -> str:
    meta = reader.extension("VRMC_vrm").get("meta")
    name = meta.get("name") if isinstance(meta, dict) else None
    return str(name or "someone")[:200]
