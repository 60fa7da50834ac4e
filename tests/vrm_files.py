"""VRM files as other people's tools write them: built by hand, every freedom of glTF taken."""

from __future__ import annotations

import io
import json
import struct

import numpy as np

from presence.pose.proportions import default_proportions
from presence.pose.skeleton import BONES, INDEX, PARENTS

_CODES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
MEASURES = default_proportions(1.6)
_REQUIRED = (
    "hips",
    "spine",
    "head",
    "UpperLeg",
    "LowerLeg",
    "Foot",
    "UpperArm",
    "LowerArm",
    "Hand",
)
OPTIONAL = {name for name in BONES if not name.endswith(_REQUIRED)}


class Builder:
    """A GLB file in the making. State: the document and its bytes."""

    def __init__(self):
        self.document = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [],
            "meshes": [],
            "materials": [],
            "accessors": [],
            "bufferViews": [],
            "extensionsUsed": ["VRMC_vrm"],
            "extensions": {"VRMC_vrm": {"specVersion": "1.0", "meta": {"name": "A stranger"}}},
        }
        self.binary = bytearray()

    def view(self, data: bytes, **more) -> int:
        self.binary.extend(bytes(-len(self.binary) % 4))
        entry = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        self.document["bufferViews"].append(entry | more)
        self.binary.extend(data)
        return len(self.document["bufferViews"]) - 1

    def accessor(self, values, kind="f4", **more) -> int:
        array = np.asarray(values).astype(f"<{kind}")
        width = 1 if array.ndim == 1 else array.shape[1]
        entry = {"componentType": _CODES[kind], "count": len(array), "type": _TYPES[width]}
        if "bufferView" not in more and more.pop("here", True):
            entry["bufferView"] = self.view(array.tobytes())
        self.document["accessors"].append(entry | more)
        return len(self.document["accessors"]) - 1

    def interleaved(self, *columns) -> list[int]:
        """Accessors of float arrays that share one view, row by row."""
        row = np.concatenate([np.asarray(c, dtype="<f4") for c in columns], axis=1)
        view = self.view(row.tobytes(), byteStride=4 * row.shape[1])
        made, at = [], 0
        for column in columns:
            made.append(self.accessor(column, bufferView=view, byteOffset=4 * at))
            at += np.asarray(column).shape[1]
        return made

    def image(self, picture, kind="PNG") -> int:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(picture).save(file, format=kind)
        images = self.document.setdefault("images", [])
        images.append(
            {"bufferView": self.view(file.getvalue()), "mimeType": f"image/{kind.lower()}"}
        )
        self.document.setdefault("textures", []).append({"source": len(images) - 1})
        return len(images) - 1

    def node(self, parent=None, **what) -> int:
        nodes = self.document["nodes"]
        nodes.append(what)
        if parent is not None:
            nodes[parent].setdefault("children", []).append(len(nodes) - 1)
        return len(nodes) - 1

    def humanoid(self, *, without=(), turn=None) -> dict[str, int]:
        """The nodes of a person who faces +Z, each turned by ``turn (3, 3)`` against the world."""
        turn = np.eye(3) if turn is None else turn
        rest = MEASURES.rest_positions() * [-1.0, 1.0, -1.0]
        self.node(name="root", scale=[0.01, 0.01, 0.01])
        made, human = {}, {}
        for i, name in enumerate(BONES):
            if name in without:
                continue
            above = PARENTS[i]
            while above >= 0 and BONES[above] not in made:
                above = PARENTS[above]
            if above >= 0:
                offset = turn.T @ (rest[i] - rest[above])
                what, parent = {"translation": offset.tolist()}, made[BONES[above]]
            else:
                matrix = np.eye(4)
                matrix[:3, :3] = 100.0 * turn
                matrix[:3, 3] = 100.0 * rest[i]
                what, parent = {"matrix": matrix.T.ravel().tolist()}, 0
            made[name] = self.node(parent, name=f"J_{name}", **what)
            human[name] = {"node": made[name]}
        self.document["extensions"]["VRMC_vrm"]["humanoid"] = {"humanBones": human}
        return made

    def finish(self) -> bytes:
        document = dict(self.document)
        document["buffers"] = [{"byteLength": len(self.binary) + -len(self.binary) % 4}]
        text = json.dumps(document).encode()
        text += b" " * (-len(text) % 4)
        binary = bytes(self.binary) + bytes(-len(self.binary) % 4)
        return (
            struct.pack("<III", 0x46546C67, 2, 28 + len(text) + len(binary))
            + struct.pack("<II", len(text), 0x4E4F534A)
            + text
            + struct.pack("<II", len(binary), 0x004E4942)
            + binary
        )


def box(middle, half=0.03):
    """``(8, 3)`` corners of a box, and its ``(12, 3)`` triangles."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))]
    return np.asarray(middle) + half * corners, np.array(triangles)


def boxes_person(builder: Builder, nodes: dict[str, int], *, kind="u2", weights="f4", targets=()):
    """One skinned mesh: a box round every joint that there is, all of it a body's skin."""
    joints = list(nodes.values())
    worlds = world_matrices(builder.document["nodes"])
    points, corners, which = [], [], []
    for i, node in enumerate(joints):
        around, triangles = box(worlds[node][:3, 3])
        corners.append(triangles + len(points) * 8)
        points.append(around)
        which += [i] * 8
    points = np.concatenate(points)
    influence = np.zeros((len(points), 4))
    influence[:, 0] = 1.0
    scale = {"f4": 1.0, "u1": 255, "u2": 65535}[weights]
    inverse = np.array([np.linalg.inv(worlds[node]).T.ravel() for node in joints])
    position, normal = builder.interleaved(points, np.tile([0.0, 0.0, 1.0], (len(points), 1)))
    attributes = {
        "POSITION": position,
        "NORMAL": normal,
        "JOINTS_0": builder.accessor(np.column_stack([which, *[[0] * len(which)] * 3]), "u1"),
        "WEIGHTS_0": builder.accessor(influence * scale, weights, normalized=weights != "f4"),
    }
    primitive = {
        "attributes": attributes,
        "indices": builder.accessor(np.concatenate(corners).ravel(), kind),
    }
    if targets:
        primitive["targets"] = list(targets)
    builder.document["meshes"].append({"name": "Body", "primitives": [primitive]})
    builder.document["skins"] = [
        {"joints": joints, "inverseBindMatrices": builder.accessor(inverse)}
    ]
    builder.node(None, name="body", mesh=0, skin=0)
    return points


def world_matrices(nodes):
    """``(N, 4, 4)`` from each node to the world."""
    worlds = [None] * len(nodes)
    parent_of = {child: i for i, node in enumerate(nodes) for child in node.get("children", [])}

    def world(i):
        if worlds[i] is None:
            node, own = nodes[i], np.eye(4)
            if "matrix" in node:
                own = np.array(node["matrix"]).reshape(4, 4).T
            else:
                own[:3, :3] *= np.array(node.get("scale", [1.0, 1.0, 1.0]))
                own[:3, 3] = node.get("translation", [0.0, 0.0, 0.0])
            worlds[i] = world(parent_of[i]) @ own if i in parent_of else own
        return worlds[i]

    return [world(i) for i in range(len(nodes))]


def rest_of(name):
    """``(3,)`` metres, where a bone of the person is, in our axes."""
    return MEASURES.rest_positions()[INDEX[name]]


def stranger(**how):
    """A file of somebody made of boxes, and what was written as positions, in the file's axes."""
    builder = Builder()
    nodes = builder.humanoid(**{k: how.pop(k) for k in ("without", "turn") if k in how})
    points = boxes_person(builder, nodes, **how)
    return builder, nodes, points


def moving(builder, rows, offset, count, *, sparse):
    if not sparse:
        dense = np.zeros((count, 3))
        dense[rows] = offset
        return {"POSITION": builder.accessor(dense)}
    entry = {
        "count": len(rows),
        "indices": {
            "bufferView": builder.view(np.array(rows, "<u2").tobytes()),
            "componentType": 5123,
        },
        "values": {
            "bufferView": builder.view(np.tile(np.array(offset, "<f4"), (len(rows), 1)).tobytes())
        },
    }
    return {"POSITION": builder.accessor(np.zeros((count, 3)), here=False, sparse=entry)}
