"""Avatars as files: valid glTF, and the same avatar when read back."""

import functools
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import SourceError
from presence.pose import BONES, PARENTS, SHAPES, default_proportions
from presence.pose.skeleton import INDEX
from presence.scene.avatar import (
    UNTEXTURED,
    Avatar,
    Collider,
    Mesh,
    Morph,
    Strand,
    Surface,
)
from presence.scene.body import generate_body
from presence.scene.gltf import from_glb, load_glb, save_glb, to_glb
from presence.scene.vrm_expressions import PRESETS, sided
from presence.scene.vrm_writer import SMALLEST_OFFSET, SMALLEST_TURN

COMPONENTS = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@functools.cache
def body():
    return generate_body(10)


@functools.cache
def body_bytes():
    return to_glb(body())


def small():
    """One triangle with one morph."""
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]], dtype=np.float32)
    mesh = Mesh(
        positions=points,
        normals=np.tile(np.array([[0.0, 0.0, 1.0]], dtype=np.float32), (3, 1)),
        colours=np.array([[0.0, 0.5, 1.0]] * 3, dtype=np.float32),
        surfaces=np.array([0, 1, 4], dtype=np.uint8),
        joints=np.zeros((3, 4), dtype=np.uint8),
        weights=np.tile(np.array([[1.0, 0, 0, 0]], dtype=np.float32), (3, 1)),
        triangles=np.array([[0, 1, 2]], dtype=np.uint32),
        morphs=(Morph(17, np.array([2], dtype=np.int32), points[1:2].copy(), points[2:3].copy()),),
    )
    return Avatar("small", mesh, default_proportions())


def opened(data):
    magic, version, total = struct.unpack_from("<III", data)
    assert (magic, version, total) == (0x46546C67, 2, len(data))
    length, kind = struct.unpack_from("<II", data, 12)
    assert kind == 0x4E4F534A and length % 4 == 0
    document = json.loads(data[20 : 20 + length])
    rest, kind = struct.unpack_from("<II", data, 20 + length)
    assert kind == 0x004E4942 and rest % 4 == 0
    binary = data[28 + length :]
    assert len(binary) == rest == document["buffers"][0]["byteLength"]
    return document, binary


def elements(document, binary, accessor):
    """An accessor's array, read as the specification says, with every bound checked."""
    kind, width = COMPONENTS[accessor["componentType"]], WIDTHS[accessor["type"]]

    def view(index, kind, count):
        entry = document["bufferViews"][index]
        start, length = entry["byteOffset"], entry["byteLength"]
        assert start % np.dtype(kind).itemsize == 0 and start % 4 == 0
        assert length >= count * np.dtype(kind).itemsize and start + length <= len(binary)
        return np.frombuffer(binary, kind, count, start)

    count = accessor["count"]
    assert count > 0
    if "bufferView" in accessor:
        array = view(accessor["bufferView"], kind, count * width).reshape(count, width)
    else:
        array = np.zeros((count, width), kind)
    if "sparse" in accessor:
        sparse = accessor["sparse"]
        rows = view(
            sparse["indices"]["bufferView"],
            COMPONENTS[sparse["indices"]["componentType"]],
            sparse["count"],
        ).astype(int)
        assert np.all(np.diff(rows) > 0) and rows[-1] < count
        array = array.copy()
        array[rows] = view(sparse["values"]["bufferView"], kind, sparse["count"] * width).reshape(
            -1, width
        )
    if "min" in accessor:
        assert np.array_equal(array.min(axis=0), np.array(accessor["min"], kind))
        assert np.array_equal(array.max(axis=0), np.array(accessor["max"], kind))
    return array


def test_a_body_is_valid_gltf():
    document, binary = opened(body_bytes())
    arrays = [elements(document, binary, accessor) for accessor in document["accessors"]]
    bones = len(document["skins"][0]["joints"])
    triangles = 0
    for mesh in document["meshes"]:
        names = mesh.get("extras", {}).get("targetNames", [])
        assert set(names) <= set(SHAPES)
        for primitive in mesh["primitives"]:
            attributes = {name: arrays[i] for name, i in primitive["attributes"].items()}
            count = len(attributes["POSITION"])
            assert {len(array) for array in attributes.values()} == {count}
            assert "min" in document["accessors"][primitive["attributes"]["POSITION"]]
            assert np.allclose(np.linalg.norm(attributes["NORMAL"], axis=1), 1.0, atol=5e-4)
            if "COLOR_0" in attributes:
                assert 0.0 <= attributes["COLOR_0"].min() <= attributes["COLOR_0"].max() <= 1.0
            weights, joints = attributes["WEIGHTS_0"], attributes["JOINTS_0"]
            assert np.all(weights.astype(int).sum(axis=1) == 65535)
            assert np.all(joints[weights == 0] == 0)
            assert joints.max() < bones
            indices = arrays[primitive["indices"]].ravel()
            assert indices.max() == count - 1 and len(indices) % 3 == 0
            triangles += len(indices) // 3
            assert len(primitive.get("targets", [])) == len(names)
            for target in primitive.get("targets", []):
                assert set(target) == {"POSITION", "NORMAL"}
                assert "min" in document["accessors"][target["POSITION"]]
                assert len(arrays[target["POSITION"]]) == count
    assert triangles == len(body().mesh.triangles)
    assert {mesh["name"] for mesh in document["meshes"]} == {"Face", "Body", "Hair"}


def test_bones_are_nodes_that_vrm_names_and_the_skin_undoes():
    document, binary = opened(body_bytes())
    nodes = document["nodes"]
    human = document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]
    assert set(human) == set(BONES)
    world = np.zeros((len(BONES), 3))
    for i, name in enumerate(BONES):
        assert nodes[human[name]["node"]]["name"] == name
        parent = PARENTS[i]
        world[i] = np.array(nodes[i]["translation"]) + (world[parent] if parent >= 0 else 0.0)
        assert parent < 0 or i in nodes[parent]["children"]
    accessor = document["accessors"][document["skins"][0]["inverseBindMatrices"]]
    inverse = elements(document, binary, accessor).reshape(-1, 4, 4)
    assert np.allclose(inverse[:, 3, :3], -world, atol=1e-6)
    assert np.allclose(inverse[:, :3, :3], np.eye(3))


def test_people_in_files_face_plus_z_with_their_left_at_plus_x():
    document, binary = opened(body_bytes())
    nodes = {node["name"]: node for node in document["nodes"]}
    assert nodes["leftUpperArm"]["translation"][0] > 0.0
    assert nodes["leftEye"]["translation"][2] > 0.0
    places = [
        primitive["attributes"]["POSITION"]
        for mesh in document["meshes"]
        for primitive in mesh["primitives"]
    ]
    points = np.concatenate([elements(document, binary, document["accessors"][i]) for i in places])
    toes = points[points[:, 1] < 0.03]
    assert abs(toes[:, 2].max()) > abs(toes[:, 2].min())


def dressed():
    """The body with two textures, cut-outs, strands and colliders."""
    mesh = body().mesh
    head, chest = INDEX["head"], INDEX["upperChest"]
    joints = mesh.joints.copy()
    of_hair = np.flatnonzero(mesh.surfaces == Surface.HAIR)[-300:]
    joints[of_hair, 0] = len(BONES) + np.arange(300) % 4
    rng = np.random.default_rng(1)
    opaque = np.full((64, 64, 4), 255, dtype=np.uint8)
    clear = rng.integers(0, 256, (32, 16, 4), dtype=np.uint8)
    layers = np.zeros(len(mesh.positions), dtype=np.uint8)
    layers[mesh.surfaces == Surface.EYE] = UNTEXTURED
    layers[mesh.surfaces == Surface.HAIR] = 1
    mesh = replace(
        mesh,
        joints=joints,
        uvs=mesh.positions[:, :2] % 1.0,
        layers=layers,
        textures=(opaque, clear),
        cutouts=mesh.surfaces[mesh.triangles[:, 0]] == Surface.HAIR,
    )
    tail = np.array([[0.01, 0.1, 0.13], [0.0, -0.1, 0.0312], [0.0, -0.1, 0.0], [0.0, -0.07, 0.01]])
    return replace(
        body(),
        mesh=mesh,
        strands=(
            Strand("tail", head, tail, stiffness=0.8, drag=0.31, gravity=0.2, radius=0.02),
            Strand("fringe", head, tail[:2] + 0.03),
        ),
        colliders=(
            Collider(chest, np.array([0.0, 0.1, 0.02]), np.array([0.0, 0.1, 0.02]), 0.11),
            Collider(head, np.array([0.0, 0.07, 0.0]), np.array([0.0, 0.12, 0.01]), 0.09),
        ),
    )


def test_an_avatar_with_everything_comes_back_with_it():
    before = dressed()
    after = from_glb(to_glb(before))
    same_mesh(before.mesh, after.mesh)
    seen = before.mesh.layers != UNTEXTURED
    assert np.array_equal(before.mesh.layers, after.mesh.layers)
    assert seen.any() and not seen.all()
    assert np.array_equal(before.mesh.uvs, after.mesh.uvs)
    for one, other in zip(before.mesh.textures, after.mesh.textures, strict=True):
        assert np.array_equal(one, other)
    cut = {frozenset(each) for each in before.mesh.triangles[before.mesh.cutouts].tolist()}
    assert {frozenset(each) for each in after.mesh.triangles[after.mesh.cutouts].tolist()} == cut
    assert len(cut) > 100
    for one, other in zip(before.strands, after.strands, strict=True):
        for name in ("name", "parent", "stiffness", "drag", "gravity", "radius"):
            assert getattr(one, name) == getattr(other, name)
        assert np.array_equal(one.offsets, other.offsets)
    for one, other in zip(before.colliders, after.colliders, strict=True):
        assert (one.bone, one.radius) == (other.bone, other.radius)
        assert np.allclose(one.start, other.start, atol=1e-15)
        assert np.allclose(one.end, other.end, atol=1e-15)
    assert to_glb(after) == to_glb(before), "a second trip changes nothing at all"


def same_mesh(before, after):
    for name in ("positions", "normals", "surfaces", "joints"):
        one, other = getattr(before, name), getattr(after, name)
        assert one.dtype == other.dtype and np.array_equal(one, other), name
    assert np.allclose(before.colours, after.colours, atol=1e-6)
    # Weights are kept in 65535ths, and add up to one again.
    assert np.abs(before.weights - after.weights).max() < 2.0 / 65535
    assert np.allclose(after.weights.sum(axis=1), 1.0, atol=1e-6)
    assert sorted(before.triangles.tolist()) == sorted(after.triangles.tolist())
    assert len(before.morphs) == len(after.morphs)
    for one, other in zip(before.morphs, after.morphs, strict=True):
        assert one.shape == other.shape
        for name, least in (("offsets", SMALLEST_OFFSET), ("normal_offsets", SMALLEST_TURN)):
            went, came = dense(one, name, before), dense(other, name, after)
            kept = np.linalg.norm(went, axis=1) > least
            assert np.array_equal(went * kept[:, None], came), "what nobody sees is dropped"


def dense(morph, name, mesh):
    moved = np.zeros_like(mesh.positions)
    moved[morph.vertices] = getattr(morph, name)
    return moved


@pytest.mark.parametrize("avatar", [body, small], ids=["body", "triangle"])
def test_an_avatar_comes_back_as_it_went(avatar, tmp_path):
    before = avatar()
    save_glb(before, tmp_path / "someone.glb")
    after = load_glb(tmp_path / "someone.glb")
    assert after.name == before.name
    same_mesh(before.mesh, after.mesh)
    for name in ("offsets", "fingertips", "toes", "soles", "crown"):
        assert np.array_equal(getattr(before.proportions, name), getattr(after.proportions, name))
    for one, other in zip(before.mesh.textures, after.mesh.textures, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 2.0, "JPEG loses a little"
    again = replace(after, mesh=replace(after.mesh, textures=before.mesh.textures))
    assert to_glb(again) == to_glb(before), "a second trip changes nothing else"


def test_a_file_says_how_faces_look_and_eyes_turn_and_hair_swings():
    document, _ = opened(to_glb(dressed(), thumbnail=np.zeros((8, 8, 4), dtype=np.uint8)))
    vrm = document["extensions"]["VRMC_vrm"]
    shapes = document["meshes"][0]["extras"]["targetNames"]
    face = next(i for i, node in enumerate(document["nodes"]) if node["name"] == "Face")
    presets = vrm["expressions"]["preset"]
    assert set(presets) == set(PRESETS)

    def bound(expression):
        binds = expression.get("morphTargetBinds", [])
        assert {bind["node"] for bind in binds} <= {face}
        return {shapes[bind["index"]]: bind["weight"] for bind in binds}

    assert bound(presets["blink"]) == {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
    for name, weights in PRESETS.items():
        both = {one: weight for group, weight in weights.items() for one in sided(group)}
        assert bound(presets[name]) == {one: both[one] for one in both if one in shapes}
    custom = vrm["expressions"]["custom"]
    assert set(custom) == set(shapes)
    assert all(bound(expression) == {name: 1.0} for name, expression in custom.items())
    gaze = vrm["lookAt"]
    assert gaze["type"] == "bone" and gaze["offsetFromHeadBone"][2] > 0.02
    assert gaze["rangeMapVerticalUp"]["outputScale"] == pytest.approx(30.0)
    assert document["images"][vrm["meta"]["thumbnailImage"]]["mimeType"] == "image/png"
    springs = document["extensions"]["VRMC_springBone"]
    assert [len(spring["joints"]) for spring in springs["springs"]] == [4, 2]
    assert document["extensionsUsed"] == ["VRMC_vrm", "VRMC_springBone"]
    materials = {material["name"]: material for material in document["materials"]}
    assert materials["hair-2-cutout"]["alphaMode"] == "MASK"
    assert materials["hair-2-cutout"]["doubleSided"]
    assert "baseColorTexture" not in materials["eye"]["pbrMetallicRoughness"]


def test_an_opaque_texture_is_kept_as_jpeg_and_looks_the_same():
    y, x = np.mgrid[0:256, 0:256]
    picture = np.full((256, 256, 4), 255, dtype=np.uint8)
    picture[..., 0], picture[..., 1] = x, y
    mesh = replace(
        small().mesh,
        uvs=np.array([[0.0, 0], [1, 0], [0, 1]], dtype=np.float32),
        layers=np.zeros(3, dtype=np.uint8),
        textures=(picture,),
    )
    data = to_glb(replace(small(), mesh=mesh))
    document, _ = opened(data)
    assert document["images"][0]["mimeType"] == "image/jpeg"
    (again,) = from_glb(data).mesh.textures
    assert np.abs(again.astype(int) - picture).mean() < 1.5


def test_what_is_no_avatar_is_refused_with_the_name_of_the_file(tmp_path):
    with pytest.raises(SourceError, match=r"nobody\.glb"):
        load_glb(tmp_path / "nobody.glb")
    (tmp_path / "text.glb").write_bytes(b"this is not a person, it is a sentence")
    with pytest.raises(SourceError, match=r"text\.glb"):
        load_glb(tmp_path / "text.glb")


@given(st.integers(min_value=0), st.data())
def test_damaged_files_raise_only_what_is_documented(place, data):
    whole = bytearray(to_glb(small()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = whole[: place % (len(whole) + 1)]
    for damaged in (whole, cut):
        try:
            from_glb(bytes(damaged))
        except SourceError as error:
            assert str(error)
