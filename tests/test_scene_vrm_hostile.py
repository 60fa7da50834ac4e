"""VRM files that are damaged, wrong or meant to harm: each is a sentence with its cure."""

import copy
import functools
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vrm_files import OPTIONAL, Builder, boxes_person, moving, stranger

from presence.errors import SourceError
from presence.pose.skeleton import BONE_COUNT
from presence.scene.gltf import from_glb


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["extensions"].pop("VRMC_vrm"), "VRM 1.0"),
        (lambda d: d["extensions"].update(VRM={"exporterVersion": "x"}), "VRM 0"),
        (lambda d: d.update(extensionsRequired=["KHR_draco_mesh_compression"]), "KHR_draco"),
        (
            lambda d: d["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"].pop("leftHand"),
            "leftHand",
        ),
        (lambda d: d["nodes"][0].update(scale=[1.0, 1.0, 1.0]), "metres"),
        (lambda d: d["meshes"][0]["primitives"][0].update(mode=1), "no triangle"),
        (lambda d: d["nodes"][3].setdefault("children", []).append(0), "export it again"),
        (lambda d: d["nodes"].extend([{}] * 10_000), "more than 10000"),
        (lambda d: d["accessors"][0].update(count=1 << 40), "accessor 0"),
        (lambda d: d["bufferViews"][0].update(byteLength=1 << 50), "accessor"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_cure(change, says):
    builder, _, _ = stranger()
    change(builder.document)
    with pytest.raises(SourceError, match=says):
        from_glb(builder.finish())


def test_zeros_without_bytes_are_no_more_than_the_file_is_long():
    builder, _, _ = stranger()
    builder.document["accessors"][0].pop("bufferView")
    builder.document["accessors"][0]["count"] = 1 << 33
    with pytest.raises(SourceError, match="more than this file has bytes"):
        from_glb(builder.finish())


def test_a_file_that_repeats_itself_without_end_is_refused_soon():
    builder, _, _ = stranger()
    # Each of these takes a dozen bytes and would take a mesh's worth of memory.
    for _ in range(5000):
        builder.document["nodes"].append({"mesh": 0})
    with pytest.raises(SourceError, match="vertices"):
        from_glb(builder.finish())


@functools.cache
def rich_file():
    """A small file with something of everything: the ground that mutations grow on."""
    builder = Builder()
    nodes = builder.humanoid(without=OPTIONAL)
    target = moving(builder, [3, 9], [0.01, 0.02, 0.03], 8 * len(nodes), sparse=True)
    boxes_person(builder, nodes, kind="u1", weights="u1", targets=[target])
    builder.document["meshes"][0]["extras"] = {"targetNames": ["jawOpen"]}
    picture = np.full((2, 2, 3), 90, dtype=np.uint8)
    builder.image(picture)
    builder.document["materials"].append(
        {
            "name": "skin",
            "alphaMode": "MASK",
            "pbrMetallicRoughness": {
                "baseColorTexture": {
                    "index": 0,
                    "extensions": {"KHR_texture_transform": {"scale": [2, 2], "rotation": 0.1}},
                },
                "baseColorFactor": [1.0, 0.5, 0.5, 1.0],
            },
        }
    )
    builder.document["meshes"][0]["primitives"][0]["material"] = 0
    a = builder.node(nodes["head"], translation=[0.0, 0.1, -0.1])
    b = builder.node(a, translation=[0.0, -0.1, 0.0])
    builder.document["extensions"]["VRMC_springBone"] = {
        "springs": [{"joints": [{"node": a, "gravityDir": [0, -1, 0]}, {"node": b}]}],
        "colliders": [{"node": 1, "shape": {"capsule": {"tail": [0.0, 0.2, 0.0], "radius": 0.1}}}],
    }
    body = next(i for i, n in enumerate(builder.document["nodes"]) if n.get("mesh") == 0)
    builder.document["extensions"]["VRMC_vrm"]["expressions"] = {
        "preset": {"blink": {"morphTargetBinds": [{"node": body, "index": 0, "weight": 1.0}]}}
    }
    return builder


def places(value, path=()):
    """Every place in a document, as a path of keys."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from places(inner, (*path, key))


ODD = st.one_of(
    st.sampled_from([None, True, -1, 0, 1, 3, 255, 1 << 31, 1 << 62, -0.5, 1e308, [], {}, "", "x"]),
    st.sampled_from([float("nan"), float("inf"), [[]], [None], {"index": -1}, [1e300] * 16]),
)


@settings(max_examples=250)
@given(st.data())
def test_documents_with_anything_anywhere_raise_only_what_is_documented(data):
    builder = rich_file()
    document = json.loads(json.dumps(builder.document))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in places(document) if p]))
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()) and isinstance(holder, dict):
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(data.draw(ODD))
    changed = Builder()
    changed.document, changed.binary = document, builder.binary
    try:
        avatar = from_glb(changed.finish())
    except SourceError as error:
        assert str(error)
    else:
        assert np.isfinite(avatar.mesh.positions).all()
        assert avatar.mesh.triangles.max() < len(avatar.mesh.positions)
        assert avatar.mesh.joints.max() < BONE_COUNT + sum(
            len(s.offsets) - 1 for s in avatar.strands
        )


@settings(max_examples=100)
@given(st.data())
def test_bytes_that_were_changed_raise_only_what_is_documented(data):
    whole = bytearray(rich_file().finish())
    length = struct.unpack_from("<I", whole, 12)[0]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(20 + length, len(whole) - 1) | st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    try:
        from_glb(bytes(whole))
    except SourceError as error:
        assert str(error)
