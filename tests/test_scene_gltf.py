"""Avatars as files: valid glTF, and the same avatar when read back."""

import functools
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import SourceError
from presence.pose import BONES, PARENTS, SHAPES, default_proportions
from presence.scene.avatar import Avatar, Mesh, Morph, Surface
from presence.scene.body import generate_body
from presence.scene.gltf import from_glb, load_glb, save_glb, to_glb

COMPONENTS = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@functools.cache
def body():
    return generate_body(2)


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
    primitive = document["meshes"][0]["primitives"][0]
    attributes = {name: arrays[i] for name, i in primitive["attributes"].items()}
    count = len(attributes["POSITION"])
    assert {len(array) for array in attributes.values()} == {count}
    assert "min" in document["accessors"][primitive["attributes"]["POSITION"]]
    assert np.allclose(np.linalg.norm(attributes["NORMAL"], axis=1), 1.0, atol=5e-4)
    assert attributes["COLOR_0"].min() >= 0.0 and attributes["COLOR_0"].max() <= 1.0
    weights, joints = attributes["WEIGHTS_0"], attributes["JOINTS_0"]
    assert np.all(weights.sum(axis=1) == 1.0)
    assert np.all(joints[weights == 0.0] == 0)
    assert joints.max() < len(document["skins"][0]["joints"])
    indices = arrays[primitive["indices"]].ravel()
    assert indices.max() == count - 1 and len(indices) % 3 == 0
    for target in primitive["targets"]:
        assert set(target) == {"POSITION", "NORMAL"}
        assert "min" in document["accessors"][target["POSITION"]]
        assert len(arrays[target["POSITION"]]) == count
    names = document["meshes"][0]["extras"]["targetNames"]
    assert len(names) == len(primitive["targets"]) and set(names) <= set(SHAPES)


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
    points = elements(
        document,
        binary,
        document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]],
    )
    toes = points[points[:, 1] < 0.03]
    assert abs(toes[:, 2].max()) > abs(toes[:, 2].min())


@pytest.mark.parametrize("avatar", [body, small], ids=["body", "triangle"])
def test_an_avatar_comes_back_as_it_went(avatar, tmp_path):
    before = avatar()
    save_glb(before, tmp_path / "someone.glb")
    after = load_glb(tmp_path / "someone.glb")
    assert after.name == before.name
    for name in ("positions", "normals", "surfaces", "joints", "weights", "triangles"):
        one, other = getattr(before.mesh, name), getattr(after.mesh, name)
        assert one.dtype == other.dtype and np.array_equal(one, other), name
    assert np.allclose(before.mesh.colours, after.mesh.colours, atol=1e-6)
    assert len(before.mesh.morphs) == len(after.mesh.morphs)
    for one, other in zip(before.mesh.morphs, after.mesh.morphs, strict=True):
        assert one.shape == other.shape
        assert np.array_equal(one.vertices, other.vertices)
        assert np.array_equal(one.offsets, other.offsets)
        assert np.array_equal(one.normal_offsets, other.normal_offsets)
    for name in ("offsets", "fingertips", "toes", "soles", "crown"):
        assert np.array_equal(getattr(before.proportions, name), getattr(after.proportions, name))
    assert after.mesh.surfaces[0] in set(Surface)


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
