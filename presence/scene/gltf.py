"""Avatars as files: glTF 2.0 with the humanoid bones of VRM 1.0.

One GLB holds one skinned mesh: vertex colours (linear in the file, sRGB in an ``Avatar``), face
shapes as sparse morph targets by their ARKit names, and a ``VRMC_vrm`` humanoid
(https://github.com/vrm-c/vrm-specification/tree/master/specification/VRMC_vrm-1.0). People of VRM
1.0 face +Z: the half-turn about Y happens here and nowhere else. What glTF has no place for (what
a surface is made of, where a body ends) is kept beside it: the attribute ``_SURFACE`` and the
mesh's ``extras``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.errors import SourceError
from presence.pose.arrays import Floats, frozen
from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.proportions import Proportions
from presence.pose.skeleton import BONE_COUNT, BONES, INDEX, PARENTS
from presence.scene.avatar import Avatar, Mesh, Morph
from presence.scene.glb import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, GlbReader, GlbWriter, Json

HALF_TURN: Floats = np.array([-1.0, 1.0, -1.0])
"""Multiplied with a vector: it turned half round about Y."""
_TIPS = {"fingertips": (10, 3), "toes": (2, 3), "soles": (2, 3), "crown": (3,)}
"""What ``Proportions`` holds beside the bones, and its shapes."""


def save_glb(avatar: Avatar, path: Path) -> None:
    """Write an avatar to a GLB file."""
    path.write_bytes(to_glb(avatar))


def load_glb(path: Path) -> Avatar:
    """Read an avatar from a GLB file that ``save_glb`` wrote.

    Raises:
        SourceError: the file is absent, damaged, or was made by something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the name") from error
    try:
        return from_glb(data)
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error


def to_glb(avatar: Avatar) -> bytes:
    """An avatar as the bytes of a GLB file."""
    mesh, writer = avatar.mesh, GlbWriter()
    turn = HALF_TURN.astype(np.float32)
    count = len(mesh.positions)
    attributes = {
        "POSITION": writer.accessor(mesh.positions * turn, ARRAY_BUFFER, bounds=True),
        "NORMAL": writer.accessor(mesh.normals * turn, ARRAY_BUFFER),
        "COLOR_0": writer.accessor(_linear(mesh.colours), ARRAY_BUFFER),
        "JOINTS_0": writer.accessor(mesh.joints, ARRAY_BUFFER),
        "WEIGHTS_0": writer.accessor(mesh.weights, ARRAY_BUFFER),
        "_SURFACE": writer.accessor(mesh.surfaces.astype(np.float32), ARRAY_BUFFER),
    }
    indices = writer.accessor(mesh.triangles.ravel(), ELEMENT_ARRAY_BUFFER)
    targets = [
        {
            "POSITION": writer.sparse(morph.vertices, morph.offsets * turn, count, bounds=True),
            "NORMAL": writer.sparse(morph.vertices, morph.normal_offsets * turn, count),
        }
        for morph in mesh.morphs
    ]
    proportions = avatar.proportions
    rest = proportions.rest_positions() * HALF_TURN
    # Column-major: the translation is the last column.
    inverse_bind = np.tile(np.eye(4, dtype=np.float32), (BONE_COUNT, 1, 1))
    inverse_bind[:, 3, :3] = -rest
    nodes: list[Json] = [
        {"name": name, "translation": (proportions.offsets[i] * HALF_TURN).tolist()}
        for i, name in enumerate(BONES)
    ]
    for i, parent in enumerate(PARENTS):
        if parent >= 0:
            nodes[parent].setdefault("children", []).append(i)
    nodes.append({"name": avatar.name, "mesh": 0, "skin": 0})
    primitive: Json = {"attributes": attributes, "indices": indices, "material": 0}
    extras: Json = {"presence": {t: (getattr(proportions, t) * HALF_TURN).tolist() for t in _TIPS}}
    if targets:
        primitive["targets"] = targets
        extras["targetNames"] = [SHAPES[morph.shape] for morph in mesh.morphs]
    return writer.finish(
        {
            "asset": {"version": "2.0", "generator": "presence"},
            "scene": 0,
            "scenes": [{"nodes": [0, BONE_COUNT]}],
            "nodes": nodes,
            "meshes": [{"name": avatar.name, "primitives": [primitive], "extras": extras}],
            "materials": [
                {
                    "name": "person",
                    "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.75},
                }
            ],
            "skins": [
                {
                    "joints": list(range(BONE_COUNT)),
                    "skeleton": 0,
                    "inverseBindMatrices": writer.accessor(inverse_bind.reshape(-1, 16)),
                }
            ],
            "extensionsUsed": ["VRMC_vrm"],
            "extensions": {"VRMC_vrm": _humanoid(avatar.name)},
        }
    )


def from_glb(data: bytes) -> Avatar:
    """The avatar in the bytes of a GLB file that ``to_glb`` made.

    Raises:
        SourceError: the bytes are damaged, or were made by something else.
    """
    reader = GlbReader(data)
    try:
        return _avatar(reader)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise SourceError(
            f"this GLB file does not hold an avatar that presence wrote ({error!r}); "
            "make one with generate_body and save_glb"
        ) from error


def _avatar(reader: GlbReader) -> Avatar:
    document = reader.document
    mesh = document["meshes"][0]
    primitive, extras = mesh["primitives"][0], mesh["extras"]
    turn = HALF_TURN.astype(np.float32)

    def attribute(name: str) -> NDArray[Any]:
        return reader.array(primitive["attributes"][name])

    morphs = []
    for name, target in zip(
        extras.get("targetNames", []), primitive.get("targets", []), strict=True
    ):
        rows = reader.sparse_rows(target["POSITION"])
        morphs.append(
            Morph(
                shape=SHAPE_INDEX[name],
                vertices=rows.astype(np.int32),
                offsets=reader.array(target["POSITION"])[rows] * turn,
                normal_offsets=reader.array(target["NORMAL"])[rows] * turn,
            )
        )
    tips = {}
    for name, shape in _TIPS.items():
        tip = np.array(extras["presence"][name], dtype=np.float64) * HALF_TURN
        tips[name] = frozen(tip.reshape(shape))
    offsets = np.zeros((BONE_COUNT, 3))
    for node in document["nodes"]:
        if node["name"] in INDEX:
            offsets[INDEX[node["name"]]] = np.array(node["translation"]) * HALF_TURN
    whole = Mesh(
        positions=attribute("POSITION") * turn,
        normals=attribute("NORMAL") * turn,
        colours=_encoded(attribute("COLOR_0")),
        surfaces=attribute("_SURFACE").astype(np.uint8),
        joints=attribute("JOINTS_0"),
        weights=attribute("WEIGHTS_0"),
        triangles=reader.array(primitive["indices"]).astype(np.uint32).reshape(-1, 3),
        morphs=tuple(morphs),
    )
    _check(whole)
    return Avatar(
        name=str(mesh["name"]), mesh=whole, proportions=Proportions(offsets=frozen(offsets), **tips)
    )


def _check(mesh: Mesh) -> None:
    """Raise ``ValueError`` where parts of a mesh do not fit one another."""
    count = len(mesh.positions)
    widths = {"positions": 3, "normals": 3, "colours": 3, "joints": 4, "weights": 4}
    for name, width in widths.items():
        if getattr(mesh, name).shape != (count, width):
            raise ValueError(f"{name} do not go with {count} vertices")
    if mesh.surfaces.shape != (count,):
        raise ValueError(f"surfaces do not go with {count} vertices")
    if mesh.triangles.size and int(mesh.triangles.max()) >= count:
        raise ValueError("a triangle names a vertex that is not there")
    if mesh.joints.size and int(mesh.joints.max()) >= BONE_COUNT:
        raise ValueError("a weight names a bone that is not there")
    if not all(np.isfinite(a).all() for a in (mesh.positions, mesh.normals, mesh.weights)):
        raise ValueError("a number is not finite")


def _humanoid(name: str) -> Json:
    """The ``VRMC_vrm`` extension: who this is, and which node is which bone."""
    return {
        "specVersion": "1.0",
        "meta": {
            "name": name,
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
    }


def _linear(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """SRGB to linear light (IEC 61966-2-1)."""
    c = colours.astype(np.float64)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _encoded(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear light to sRGB (IEC 61966-2-1)."""
    c = colours.astype(np.float64)
    encoded = np.where(c <= 0.0031308, c * 12.92, 1.055 * np.maximum(c, 0.0) ** (1 / 2.4) - 0.055)
    return encoded.astype(np.float32)
