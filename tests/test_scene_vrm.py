"""Anybody's VRM files: what glTF allows is read, and what is missing is made up for."""

import numpy as np
import pytest
from vrm_files import OPTIONAL, Builder, box, boxes_person, moving, rest_of, stranger

from presence.pose.face import SHAPE_INDEX, SHAPES
from presence.pose.quaternion import quat_from_axis_angle, quat_to_matrix
from presence.pose.rigid import Rigid
from presence.pose.sample import PoseSample
from presence.pose.skeleton import BONE_COUNT, INDEX
from presence.scene.avatar import UNTEXTURED, Surface
from presence.scene.gltf import from_glb, load_glb, to_glb
from presence.scene.posing import pose_stage
from presence.scene.stage import Person, Stage
from presence.scene.vrm_expressions import shape_named
from presence.scene.vrm_materials import surface_named

TURN = quat_to_matrix(quat_from_axis_angle(np.array([0.6, 0.0, 0.8]), 1.1))


@pytest.mark.parametrize("turn", [np.eye(3), TURN], ids=["straight", "turned"])
@pytest.mark.parametrize("kind", ["u1", "u2", "u4"])
@pytest.mark.parametrize("weights", ["f4", "u2", "u1"])
def test_bones_that_are_turned_and_scaled_are_baked_into_the_rest(turn, kind, weights):
    without = OPTIONAL if kind == "u1" else ()
    builder, nodes, points = stranger(turn=turn, kind=kind, weights=weights, without=without)
    avatar = from_glb(builder.finish())
    floor = points[:, 1].min()
    rest = avatar.proportions.rest_positions()
    for name in nodes:
        np.testing.assert_allclose(rest[INDEX[name]], rest_of(name) - [0, floor, 0], atol=1e-5)
    expected = points * [-1.0, 1.0, -1.0] - [0.0, floor, 0.0]
    np.testing.assert_allclose(avatar.mesh.positions, expected, atol=1e-5)
    np.testing.assert_array_equal(avatar.mesh.weights.sum(axis=1), 1.0)
    assert set(avatar.mesh.joints[:, 0]) == {INDEX[name] for name in nodes}
    assert avatar.name == "A stranger"


def test_whoever_lacks_bones_gets_them_where_they_usually_are():
    builder, _, _ = stranger(without=OPTIONAL)
    rest = from_glb(builder.finish()).proportions.rest_positions()
    lowest = rest[INDEX["leftFoot"], 1] - rest_of("leftFoot")[1]
    for name in sorted(OPTIONAL):
        usual = rest_of(name) + np.array([0.0, lowest, 0.0])
        assert np.linalg.norm(rest[INDEX[name]] - usual) < 0.04, name


def test_ends_of_the_body_are_measured_from_the_mesh():
    builder, _, points = stranger()
    measures = from_glb(builder.finish()).proportions
    # Boxes of 3 cm round the last joints: tips lie that much further out.
    assert measures.fingertips[2, 0] == pytest.approx(-0.03, abs=1e-6)
    assert measures.fingertips[7, 0] == pytest.approx(0.03, abs=1e-6)
    assert measures.toes[0, 2] == pytest.approx(-0.03, abs=1e-6)
    foot = measures.rest_positions()[INDEX["leftFoot"], 1]
    assert measures.soles[0, 1] == pytest.approx(-foot)
    head = points[:, 1].max() - points[:, 1].min()
    assert measures.height <= head + 1e-6
    assert measures.eye_height < measures.height


def test_helper_joints_go_with_the_bone_above_them():
    builder, nodes, _ = stranger(without=OPTIONAL)
    twist = builder.node(nodes["leftLowerArm"], name="twist", translation=[0.1, 0.0, 0.0])
    document = builder.document
    document["skins"][0]["joints"][-1] = twist
    avatar = from_glb(builder.finish())
    last = avatar.mesh.joints[-8:, 0]
    assert set(last) == {INDEX["leftLowerArm"]}


def test_a_mesh_without_a_skin_goes_with_the_node_that_it_is_on():
    builder, nodes, _ = stranger()
    corners, triangles = box([0.0, 0.0, 0.0], half=0.02)
    builder.document["meshes"].append(
        {
            "name": "Hat",
            "primitives": [
                {
                    "attributes": {"POSITION": builder.accessor(corners)},
                    "indices": builder.accessor(triangles.ravel(), "u1"),
                }
            ],
        }
    )
    builder.node(nodes["head"], name="hat", mesh=1, translation=[0.0, 0.2, 0.0])
    mesh = from_glb(builder.finish()).mesh
    hat = mesh.surfaces == Surface.CLOTH
    assert hat.sum() == 8 and set(mesh.joints[hat, 0]) == {INDEX["head"]}
    head = rest_of("head") + np.array([0.0, 0.2, 0.0])
    middle = mesh.positions[hat].mean(axis=0)
    np.testing.assert_allclose(middle[[0, 2]], head[[0, 2]], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(mesh.normals[hat], axis=1), 1.0, atol=1e-5)
    outward = mesh.positions[hat] - middle
    assert (np.sum(outward * mesh.normals[hat], axis=1) > 0.0).all(), (
        "normals are made where none are"
    )


@pytest.mark.parametrize(("mode", "corners"), [(5, [0, 1, 2, 3]), (6, [0, 1, 3, 2])])
def test_strips_and_fans_become_triangles(mode, corners):
    builder, nodes, _ = stranger()
    square = np.array([[0.0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0.1, 0.1, 0]])
    builder.document["meshes"].append(
        {
            "name": "hair",
            "primitives": [
                {
                    "attributes": {"POSITION": builder.accessor(square)},
                    "indices": builder.accessor(corners, "u2"),
                    "mode": mode,
                }
            ],
        }
    )
    builder.node(nodes["head"], mesh=1)
    mesh = from_glb(builder.finish()).mesh
    chosen = mesh.triangles[mesh.surfaces[mesh.triangles[:, 0]] == Surface.HAIR]
    assert len(chosen) == 2
    a, b, c = (mesh.positions[chosen[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    # Both lie in one plane and face one way: towards −Z of ours, which is +Z of the file.
    assert (faces[:, 2] < -1e-3).all()


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize(
    "name", ["eyeBlinkLeft", "EyeBlinkLeft", "eyeBlink_L", "Face.M_eyeBlinkLeft"]
)
def test_targets_are_known_by_how_files_spell_the_shapes(sparse, name):
    builder = Builder()
    nodes = builder.humanoid(turn=TURN)
    count = 8 * len(nodes)
    target = moving(builder, [3, 9], [0.01, 0.02, 0.03], count, sparse=sparse)
    boxes_person(builder, nodes, targets=[target])
    builder.document["meshes"][0]["extras"] = {"targetNames": [name]}
    morphs = from_glb(builder.finish()).mesh.morphs
    if name.startswith("Face.M_"):
        assert not morphs
        return
    (morph,) = morphs
    assert SHAPES[morph.shape] == "eyeBlinkLeft"
    assert morph.vertices.tolist() == [3, 9]
    # The mesh stands in the world's axes, and its bones undo their turn.
    np.testing.assert_allclose(morph.offsets, [[-0.01, 0.02, -0.03]] * 2, atol=1e-6)


def test_every_shape_is_known_and_nothing_else_is_taken_for_one():
    for i, name in enumerate(SHAPES):
        assert shape_named(name) == shape_named(name.upper()) == i
        for side in ("Left", "Right"):
            if name.endswith(side):
                assert shape_named(name[: -len(side)] + "_" + side[0]) == i
    assert [shape_named(name) for name in ("Fcl_EYE_Close", "smile", "", "eyeBlink")] == [None] * 4


def test_without_names_the_expressions_say_what_targets_are():
    builder = Builder()
    nodes = builder.humanoid()
    count = 8 * len(nodes)
    names = list(nodes)
    eyes = [8 * names.index(side + "Eye") + k for side in ("left", "right") for k in range(8)]
    jaw = [8 * names.index("jaw") + k for k in range(8)]
    targets = [
        moving(builder, eyes, [0.0, -0.01, 0.0], count, sparse=True),
        moving(builder, jaw, [0.0, -0.02, 0.0], count, sparse=True),
    ]
    boxes_person(builder, nodes, targets=targets)
    body = len(builder.document["nodes"]) - 1

    def bound(target, weight):
        return {"morphTargetBinds": [{"node": body, "index": target, "weight": weight}]}

    builder.document["extensions"]["VRMC_vrm"]["expressions"] = {
        "preset": {"blink": bound(0, 1.0), "aa": bound(1, 0.5), "neutral": {}},
        "custom": {"TongueOut": bound(1, 1.0), "Winning": bound(0, 1.0)},
    }
    avatar = from_glb(builder.finish())
    by_name = {SHAPES[morph.shape]: morph for morph in avatar.mesh.morphs}
    assert set(by_name) == {"eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "tongueOut"}
    np.testing.assert_allclose(by_name["jawOpen"].offsets, [[0.0, -0.01, 0.0]] * 8, atol=1e-7)
    for side, sign in (("Left", -1.0), ("Right", 1.0)):
        morph = by_name[f"eyeBlink{side}"]
        across = avatar.mesh.positions[morph.vertices, 0] * sign
        strong = morph.offsets[:, 1] < -0.009
        assert strong.sum() >= 4 and (across[strong] > 0.0).all(), "each eye blinks by itself"


def test_what_a_shape_opens_no_bone_opens_again():
    builder = Builder()
    nodes = builder.humanoid()
    count, names = 8 * len(nodes), list(nodes)
    rows = [8 * names.index(name) for name in ("jaw", "leftEye")]
    targets = [
        moving(builder, rows[:1], [0.0, -0.02, 0.0], count, sparse=True),
        moving(builder, rows[1:], [0.0, 0.01, 0.0], count, sparse=True),
    ]
    boxes_person(builder, nodes, targets=targets)
    builder.document["meshes"][0]["extras"] = {"targetNames": ["jawOpen", "eyeLookUpLeft"]}
    mesh = from_glb(builder.finish()).mesh
    assert not (mesh.joints == INDEX["jaw"]).any()
    assert (mesh.joints == INDEX["leftEye"]).any()
    gaze = [m for m in mesh.morphs if m.shape == SHAPE_INDEX["eyeLookUpLeft"]]
    assert all(not morph.offsets.any() for morph in gaze), "the eye's bone turns the eye"


def test_textures_factors_and_cutouts_come_from_the_materials():
    builder, nodes, _ = stranger()
    red = np.zeros((4, 4, 3), dtype=np.uint8)
    red[..., 0] = 200
    half = np.zeros((4, 4, 4), dtype=np.uint8)
    half[..., 3] = 100
    builder.image(red, "JPEG")
    builder.image(half)
    corners, triangles = box([0.0, 0.1, 0.0])
    uv = np.tile([[0.25, 0.5]], (8, 1))
    shared = {"POSITION": builder.accessor(corners), "TEXCOORD_0": builder.accessor(uv)}
    indices = builder.accessor(triangles.ravel(), "u1")

    def made(name, **material):
        builder.document["materials"].append({"name": name} | material)
        return {
            "attributes": shared,
            "indices": indices,
            "material": len(builder.document["materials"]) - 1,
        }

    def textured(index, **more):
        return {"baseColorTexture": {"index": index} | more}

    moved = {"KHR_texture_transform": {"offset": [0.5, 0.0], "scale": [2.0, 1.0]}}
    builder.document["meshes"].append(
        {
            "name": "Head",
            "primitives": [
                made("N00_Face_SKIN", pbrMetallicRoughness=textured(0, extensions=moved)),
                made(
                    "N00_HairBack_HAIR",
                    pbrMetallicRoughness=textured(1),
                    alphaMode="MASK",
                    alphaCutoff=0.25,
                ),
                made("EyeIris", pbrMetallicRoughness={"baseColorFactor": [0.214, 1.0, 0.0, 1.0]}),
                made(
                    "Lens",
                    alphaMode="BLEND",
                    pbrMetallicRoughness={"baseColorFactor": [1, 1, 1, 0.2]},
                ),
                made("Tops_01_CLOTH", doubleSided=True, pbrMetallicRoughness=textured(1)),
            ],
        }
    )
    builder.node(nodes["head"], mesh=1)
    mesh = from_glb(builder.finish()).mesh
    of = {s: np.flatnonzero(mesh.surfaces == s)[-8:] for s in Surface}
    assert len(mesh.positions) == 8 * (len(nodes) + 4), "what is clear is left out"
    skin, hair, cloth = (of[s] for s in (Surface.SKIN, Surface.HAIR, Surface.CLOTH))
    np.testing.assert_allclose(mesh.uvs[skin], [[1.0, 0.5]] * 8, atol=1e-6)
    pictures = {
        name: mesh.textures[mesh.layers[rows[0]]]
        for name, rows in (("skin", skin), ("hair", hair), ("cloth", cloth))
    }
    np.testing.assert_allclose(pictures["skin"][1, 1], [200, 0, 0, 255], atol=4)
    assert pictures["hair"][0, 0, 3] == 200, (
        "a quarter is where it begins to be seen: ours is a half"
    )
    assert pictures["cloth"][0, 0, 3] == 255, "what is opaque has no alpha"
    assert mesh.layers[of[Surface.EYE][0]] == UNTEXTURED
    np.testing.assert_allclose(mesh.colours[of[Surface.EYE]], [[0.5, 1.0, 0.0]] * 8, atol=2e-3)
    seen_twice = mesh.surfaces[mesh.triangles[mesh.cutouts][:, 0]]
    assert set(seen_twice) == {Surface.HAIR, Surface.CLOTH}


@pytest.mark.parametrize(
    ("names", "surface"),
    [
        (("N00_000_00_FaceBrow_00_FACE",), Surface.HAIR),
        (("FaceEyelash",), Surface.HAIR),
        (("N00_000_00_EyeWhite_00_EYE",), Surface.EYE),
        (("FaceMouth",), Surface.TEETH),
        (("Body_00_SKIN",), Surface.SKIN),
        (("N00_002_01_Tops_01_CLOTH",), Surface.CLOTH),
        (("Material.003", "Hair"), Surface.HAIR),
        (("Material.003", "Cube"), Surface.CLOTH),
        (("", "tongue"), Surface.TEETH),
    ],
)
def test_names_say_what_something_is_made_of(names, surface):
    assert surface_named(*names) == surface


def test_spring_bones_become_strands_and_their_joints_follow_the_bones():
    builder, nodes, _ = stranger()
    chain = [builder.node(nodes["head"], translation=[0.0, 0.1, -0.1])]
    for _ in range(3):
        chain.append(builder.node(chain[-1], translation=[0.0, -0.05, 0.0]))
    document = builder.document
    document["skins"][0]["joints"][-2:] = chain[1], chain[3]
    joint = {"stiffness": 2.0, "dragForce": 0.7, "gravityPower": 0.5, "hitRadius": 0.03}
    document["extensions"]["VRMC_springBone"] = {
        "specVersion": "1.0",
        "springs": [
            {"name": "pony", "joints": [{"node": node} | joint for node in chain]},
            {"joints": [{"node": chain[2]}, {"node": chain[3]}]},
            {"joints": [{"node": nodes["neck"]}, {"node": nodes["head"]}]},
        ],
        "colliders": [
            {
                "node": nodes["head"],
                "shape": {"sphere": {"offset": [0.0, 0.1, 0.01], "radius": 0.08}},
            },
            {
                "node": nodes["chest"],
                "shape": {"capsule": {"tail": [0.0, 0.2, 0.0], "radius": 0.1}},
            },
        ],
    }
    avatar = from_glb(builder.finish())
    (strand,) = avatar.strands
    assert (strand.name, strand.parent) == ("pony", INDEX["head"])
    assert (strand.stiffness, strand.drag, strand.gravity, strand.radius) == (2.0, 0.7, 0.5, 0.03)
    np.testing.assert_allclose(strand.offsets, [[0, 0.1, 0.1]] + [[0, -0.05, 0]] * 3, atol=1e-6)
    assert set(avatar.mesh.joints[-16:-8, 0]) == {BONE_COUNT + 1}
    assert set(avatar.mesh.joints[-8:, 0]) == {BONE_COUNT + 2}, "the end goes with the one before"
    ball, capsule = avatar.colliders
    assert (ball.bone, ball.radius) == (INDEX["head"], pytest.approx(0.08))
    np.testing.assert_allclose(ball.start, [0.0, 0.1, -0.01], atol=1e-6)
    np.testing.assert_allclose(capsule.end - capsule.start, [0.0, 0.2, 0.0], atol=1e-6)
    sample = PoseSample.at_rest(0, avatar.proportions.hips_height)
    here = Person(avatar, sample, avatar.proportions, Rigid.identity())
    assert pose_stage(Stage([here])).palettes.shape[1] == BONE_COUNT + 3
    again = from_glb(to_glb(avatar))
    np.testing.assert_allclose(again.mesh.positions, avatar.mesh.positions, atol=1e-6)
    assert again.strands[0].name == "pony"


@pytest.mark.data
@pytest.mark.parametrize("name", ["person_a", "person_b"])
def test_people_from_elsewhere_are_read_whole(outside_data, name):
    avatar = load_glb(outside_data / "avatars" / f"{name}.vrm")
    assert {SHAPES[morph.shape] for morph in avatar.mesh.morphs} == set(SHAPES)
    assert 30_000 < len(avatar.mesh.triangles) < 40_000
    assert set(np.unique(avatar.mesh.surfaces)) == set(Surface)
    assert 1.4 < avatar.proportions.height < 1.9
    (texture,) = avatar.mesh.textures
    assert texture.shape[2] == 4
    eyes = avatar.mesh.joints[avatar.mesh.surfaces == Surface.EYE, 0]
    assert set(eyes) == {INDEX["leftEye"], INDEX["rightEye"]}
    tips = np.abs(avatar.proportions.fingertips[:, 0])
    assert (tips > 0.008).all() and (tips < 0.05).all()
