"""An avatar as the bytes of a VRM 1.0 file.

VRMC_vrm-1.0 (https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm-1.0).
What it has no place for is kept beside it: in the attribute ``_VERTEX`` which vertex of ours each
one is, in ``_LOOK`` its surface and layer, and in the document's ``extras`` where the body ends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presence.pose.derive import EYE_PITCH_RANGE, EYE_YAW_RANGE
from presence.pose.face import SHAPES
from presence.pose.proportions import Proportions
from presence.pose.skeleton import BONES, PARENTS
from presence.scene.avatar import UNTEXTURED, Avatar, Image, Mesh, Morph, Singles, Surface
from presence.scene.glb import Json
from presence.scene.glb_writer import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, GlbWriter
from presence.scene.srgb import linear_from_srgb
from presence.scene.strands import strand_joints
from presence.scene.vrm_expressions import expressions
from presence.scene.vrm_images import encoded
from presence.scene.vrm_pieces import FACE, Look, Piece, pieces_of
from presence.scene.vrm_springs import EXTENSION as SPRING_BONE
from presence.scene.vrm_springs import spring_bones, strand_nodes
from presence.scene.vrm_turn import HALF_TURN

TIPS = {"fingertips": (10, 3), "toes": (2, 3), "soles": (2, 3), "crown": (3,)}
"""What ``Proportions`` holds beside the bones, and its shapes."""

SMALLEST_OFFSET, SMALLEST_TURN = 2e-5, 0.02
"""Metres and radians; what a face shape moves or turns less is not written: nobody sees it."""
_TURN = HALF_TURN.astype(np.float32)
_ROUGHNESS = {
    Surface.SKIN: 0.6,
    Surface.EYE: 0.1,
    Surface.HAIR: 0.5,
    Surface.CLOTH: 0.9,
    Surface.TEETH: 0.3,
}
_LINEAR_REPEATING = {"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}


def to_glb(avatar: Avatar, thumbnail: Image | None = None) -> bytes:
    """An avatar as the bytes of a VRM 1.0 file, with a square picture of it if there is one."""
    writer = GlbWriter()
    nodes = _bone_nodes(avatar.proportions)
    carrying, chains = strand_nodes(avatar, nodes)
    joints = [*range(len(BONES)), *carrying]
    meshes: list[Json] = []
    looks: list[Look] = []
    face_node: int | None = None
    roots = [0]
    for name, pieces in pieces_of(avatar.mesh).items():
        morphs = avatar.mesh.morphs if name == FACE else ()
        primitives = [_primitive(writer, avatar.mesh, piece, morphs, looks) for piece in pieces]
        mesh: Json = {"name": name, "primitives": primitives}
        if morphs:
            mesh["extras"] = {"targetNames": [SHAPES[morph.shape] for morph in morphs]}
            face_node = len(nodes)
        roots.append(len(nodes))
        nodes.append({"name": name, "mesh": len(meshes), "skin": 0})
        meshes.append(mesh)
    shapes = [morph.shape for morph in avatar.mesh.morphs] if face_node is not None else []
    tips = {tip: (getattr(avatar.proportions, tip) * HALF_TURN).tolist() for tip in TIPS}
    extensions = {"VRMC_vrm": _vrm(avatar, expressions(face_node, shapes))}
    if avatar.strands:
        extensions[SPRING_BONE] = spring_bones(avatar, chains)
    document: Json = {
        "asset": {"version": "2.0", "generator": "presence"},
        "scene": 0,
        "scenes": [{"nodes": roots}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_material(look) for look in looks],
        "skins": [
            {"joints": joints, "skeleton": 0, "inverseBindMatrices": _inverse_bind(writer, avatar)}
        ],
        "extensionsUsed": list(extensions),
        "extensions": extensions,
        "extras": {"presence": {"version": 1} | tips},
    }
    pictures = [*avatar.mesh.textures, *([] if thumbnail is None else [thumbnail])]
    if pictures:
        document["images"] = [_image(writer, picture) for picture in pictures]
    if avatar.mesh.textures:
        document["samplers"] = [_LINEAR_REPEATING]
        document["textures"] = [
            {"sampler": 0, "source": i} for i in range(len(avatar.mesh.textures))
        ]
    if thumbnail is not None:
        extensions["VRMC_vrm"]["meta"]["thumbnailImage"] = len(pictures) - 1
    return writer.finish(document)


def _bone_nodes(proportions: Proportions) -> list[Json]:
    nodes: list[Json] = [
        {"name": name, "translation": (proportions.offsets[i] * HALF_TURN).tolist()}
        for i, name in enumerate(BONES)
    ]
    for i, parent in enumerate(PARENTS):
        if parent >= 0:
            nodes[parent].setdefault("children", []).append(i)
    return nodes


def _inverse_bind(writer: GlbWriter, avatar: Avatar) -> int:
    rest = np.concatenate([avatar.proportions.rest_positions(), strand_joints(avatar).rests])
    # Column-major: the translation is the last column.
    matrices = np.tile(np.eye(4, dtype=np.float32), (len(rest), 1, 1))
    matrices[:, 3, :3] = -rest * HALF_TURN
    return writer.accessor(matrices.reshape(-1, 16))


def _primitive(
    writer: GlbWriter, mesh: Mesh, piece: Piece, morphs: tuple[Morph, ...], looks: list[Look]
) -> Json:
    use = piece.vertices
    count = len(use)
    own = np.zeros((count, 4), dtype=np.uint8)
    own[:, 0] = mesh.surfaces[use]
    own[:, 1] = mesh.layers[use] if len(mesh.layers) else UNTEXTURED
    joints, weights = _influences(mesh.joints[use], mesh.weights[use])
    attributes = {
        "POSITION": writer.accessor(mesh.positions[use] * _TURN, ARRAY_BUFFER, bounds=True),
        "NORMAL": writer.accessor(mesh.normals[use] * _TURN, ARRAY_BUFFER),
        "JOINTS_0": writer.accessor(joints, ARRAY_BUFFER),
        "WEIGHTS_0": writer.accessor(weights, ARRAY_BUFFER, normalised=True),
        "_VERTEX": writer.accessor(use.astype(np.float32), ARRAY_BUFFER),
        "_LOOK": writer.accessor(own, ARRAY_BUFFER),
    }
    if (mesh.colours[use] != 1.0).any():
        attributes["COLOR_0"] = writer.accessor(linear_from_srgb(mesh.colours[use]), ARRAY_BUFFER)
    if len(mesh.uvs):
        attributes["TEXCOORD_0"] = writer.accessor(mesh.uvs[use], ARRAY_BUFFER)
    corners = piece.triangles.ravel()
    if count < 0xFFFF:
        corners = corners.astype(np.uint16)
    if piece.look not in looks:
        looks.append(piece.look)
    primitive: Json = {
        "attributes": attributes,
        "indices": writer.accessor(corners, ELEMENT_ARRAY_BUFFER),
        "material": looks.index(piece.look),
    }
    if morphs:
        primitive["targets"] = [_target(writer, morph, use) for morph in morphs]
    return primitive


def _target(writer: GlbWriter, morph: Morph, use: NDArray[np.int64]) -> Json:
    """One shape's movement of the vertices in use: places and normals each on their own."""
    at = np.minimum(np.searchsorted(use, morph.vertices), len(use) - 1)
    here = use[at] == morph.vertices
    entries: Json = {}
    for name, values, least, bounds in (
        ("POSITION", morph.offsets, SMALLEST_OFFSET, True),
        ("NORMAL", morph.normal_offsets, SMALLEST_TURN, False),
    ):
        kept = np.flatnonzero(here & (np.linalg.norm(values, axis=1) > least))
        kept = kept[np.argsort(at[kept])]
        entries[name] = writer.sparse(at[kept], values[kept] * _TURN, len(use), bounds=bounds)
    return entries


def _influences(
    joints: NDArray[np.uint8], weights: Singles
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Joints and weights in 65535ths whose sum is exactly 1; no joint where there is no weight."""
    steps = np.rint(weights.astype(np.float64) * 65535.0).astype(np.int64)
    largest = steps.argmax(axis=1)
    steps[np.arange(len(steps)), largest] += 65535 - steps.sum(axis=1)
    return np.where(steps > 0, joints, 0).astype(np.uint8), steps.astype(np.uint16)


def _material(look: Look) -> Json:
    shine: Json = {"metallicFactor": 0.0, "roughnessFactor": _ROUGHNESS[look.surface]}
    if look.layer != UNTEXTURED:
        shine["baseColorTexture"] = {"index": look.layer}
    material: Json = {"name": look.name, "pbrMetallicRoughness": shine}
    if look.cut:
        material |= {"doubleSided": True, "alphaMode": "MASK", "alphaCutoff": 0.5}
    return material


def _image(writer: GlbWriter, picture: Image) -> Json:
    data, kind = encoded(picture)
    return {"bufferView": writer.view(data), "mimeType": kind}


def _vrm(avatar: Avatar, expressions: Json) -> Json:
    """The ``VRMC_vrm`` extension: who this is, which node is which bone, and how it looks."""
    yaw, pitch = (
        # Eyes turn as far as they look, to the end of their range.
        {"inputMaxValue": round(float(np.degrees(most)), 3)}
        for most in (EYE_YAW_RANGE, EYE_PITCH_RANGE)
    )
    across, along = (each | {"outputScale": each["inputMaxValue"]} for each in (yaw, pitch))
    return {
        "specVersion": "1.0",
        "meta": {
            "name": avatar.name,
            "version": "1",
            "authors": ["presence"],
            "licenseUrl": "https://vrm.dev/licenses/1.0/",
            "avatarPermission": "everyone",
            "commercialUsage": "corporation",
            "creditNotation": "unnecessary",
            "allowRedistribution": True,
            "modification": "allowModificationRedistribution",
        },
        "humanoid": {"humanBones": {bone: {"node": i} for i, bone in enumerate(BONES)}},
        "lookAt": {
            "type": "bone",
            "offsetFromHeadBone": (avatar.proportions.eyes * HALF_TURN).tolist(),
            "rangeMapHorizontalInner": across,
            "rangeMapHorizontalOuter": across,
            "rangeMapVerticalDown": along,
            "rangeMapVerticalUp": along,
        },
        "expressions": expressions,
    }
