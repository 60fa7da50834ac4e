"""The bodies made by code: whole, mirrored, fitting, and bending without collapse."""

from dataclasses import replace

import numpy as np
import pytest
from bare_bodies import bare_body as body
from bare_bodies import make_bare_body
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from presence.pose import BONES, INDEX, default_proportions, forward_kinematics
from presence.pose.quaternion import quat_from_axis_angle, quat_to_matrix
from presence.pose.skeleton import DERIVED_BONES
from presence.scene.avatar import Surface

SEEDS = (0, 1, 4, 9)
FLIP = np.array([-1.0, 1.0, 1.0])


def pieces(mesh):
    """Which connected piece each vertex belongs to; piece 0 is the largest, the skin."""
    t = mesh.triangles.astype(int)
    ends = np.concatenate([t[:, [0, 1]], t[:, [1, 2]]]).T
    count = len(mesh.positions)
    graph = coo_matrix((np.ones(ends.shape[1]), ends), shape=(count, count))
    found = connected_components(graph, directed=False)[1]
    order = np.argsort(-np.bincount(found), kind="stable")
    return np.argsort(order)[found]


def volume(points, triangles):
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return float(np.sum(np.cross(a, b) * c) / 6.0)


def posed(avatar, **turns):
    """Vertices after turning bones: ``bone=(axis, degrees)``."""
    mesh, proportions = avatar.mesh, avatar.proportions
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (len(BONES), 1))
    for bone, (axis, degrees) in turns.items():
        rotations[INDEX[bone]] = quat_from_axis_angle(np.array(axis, float), np.radians(degrees))
    root = np.array([0.0, proportions.hips_height, 0.0])
    positions, orientations = forward_kinematics(rotations, root, proportions.offsets)
    turned = quat_to_matrix(orientations)
    moved = positions - np.einsum("bij,bj->bi", turned, proportions.rest_positions())
    # What swings hangs still upon the head.
    joints = np.where(mesh.joints < len(BONES), mesh.joints, INDEX["head"])
    each = np.einsum("vkij,vj->vki", turned[joints], mesh.positions) + moved[joints]
    return np.einsum("vk,vki->vi", mesh.weights, each)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_piece_is_closed_and_the_right_way_out(seed):
    mesh = body(seed).mesh
    t = mesh.triangles.astype(np.int64)
    edges = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
    code = edges[:, 0] * len(mesh.positions) + edges[:, 1]
    back = edges[:, 1] * len(mesh.positions) + edges[:, 0]
    assert len(np.unique(code)) == len(code)
    assert np.array_equal(np.sort(code), np.sort(back))
    piece = pieces(mesh)
    for i in range(piece.max() + 1):
        assert volume(mesh.positions.astype(float), t[piece[t[:, 0]] == i]) > 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_one_skin_reaches_from_the_toes_to_every_fingertip_and_the_crown(seed):
    mesh = body(seed).mesh
    skin = pieces(mesh) == 0
    main = mesh.joints[np.arange(len(skin)), mesh.weights.argmax(axis=1)]
    carried = {BONES[i] for i in np.unique(main[skin])}
    assert carried >= set(BONES) - {"leftEye", "rightEye", "jaw"} - {
        "leftShoulder",
        "rightShoulder",
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_triangles_have_area_and_normals_agree_with_them(seed):
    mesh = body(seed).mesh
    points, t = mesh.positions.astype(float), mesh.triangles.astype(int)
    a, b, c = (points[t[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    area = np.linalg.norm(faces, axis=1)
    assert area.min() > 1e-9
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-5)
    agreement = np.sum(faces / area[:, None] * mesh.normals[t].mean(axis=1), axis=1)
    # The few that disagree lie in the seams of lids, lips and hems, where the skin turns back.
    # Lashes and locks are blades whose two sides share their edges' normals.
    agreement = agreement[mesh.surfaces[t[:, 0]] != Surface.HAIR]
    assert np.mean(agreement < 0.0) < 0.006


@pytest.mark.parametrize("seed", SEEDS)
def test_left_mirrors_right(seed):
    mesh = body(seed).mesh
    whole = np.concatenate([mesh.positions, 0.1 * mesh.normals, 0.1 * mesh.colours], axis=1)
    # Hair falls as it likes, and so do its ties and a headscarf.
    high = mesh.positions[:, 1] > body(seed).proportions.rest_positions()[INDEX["chest"], 1]
    whole = whole[(mesh.surfaces != Surface.HAIR) & ~((mesh.surfaces == Surface.CLOTH) & high)]
    image = whole.astype(float)
    image[:, [0, 3]] *= -1.0
    distance, _ = cKDTree(whole).query(image)
    assert distance.max() < 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_are_shares_of_bones_that_exist(seed):
    mesh = body(seed).mesh
    assert np.all(mesh.weights >= 0.0)
    assert np.all(mesh.weights.sum(axis=1) == 1.0)
    swinging = sum(len(strand.offsets) - 1 for strand in body(seed).strands)
    assert mesh.joints.max() < len(BONES) + swinging
    for row, shares in zip(mesh.joints, mesh.weights, strict=True):
        used = row[shares > 0.0]
        assert len(np.unique(used)) == len(used)


def test_stays_within_what_a_software_rasteriser_can_draw():
    for seed in SEEDS:
        assert 8_000 < len(body(seed).mesh.triangles) <= 25_000


def test_is_the_same_every_time():
    first, second = make_bare_body(3).mesh, make_bare_body(3).mesh
    for name in ("positions", "normals", "colours", "surfaces", "joints", "weights", "triangles"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    for one, other in zip(first.morphs, second.morphs, strict=True):
        assert one.shape == other.shape
        assert np.array_equal(one.offsets, other.offsets)


@pytest.mark.parametrize("height", [1.45, 1.70, 1.95])
def test_fits_the_proportions_that_it_is_given(height):
    avatar = body(1, height)
    mesh, proportions = avatar.mesh, avatar.proportions
    joints = proportions.rest_positions()
    assert np.allclose(proportions.offsets, default_proportions(height).offsets)
    assert abs(mesh.positions[:, 1].min()) < 1e-4
    skin = mesh.positions[(mesh.surfaces == Surface.SKIN)]
    assert abs(skin[:, 1].max() - height) < 0.012 * height
    tips = joints[INDEX["rightMiddleDistal"]] + proportions.fingertips[7]
    assert abs(mesh.positions[:, 0].max() - tips[0]) < 0.002
    eyes = mesh.positions[mesh.surfaces == Surface.EYE].astype(float)
    for bone, side in (("leftEye", eyes[:, 0] < 0), ("rightEye", eyes[:, 0] > 0)):
        distance = np.linalg.norm(eyes[side] - joints[INDEX[bone]], axis=1)
        assert np.ptp(distance) < 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_every_joint_is_inside_the_skin(seed):
    avatar = body(seed)
    mesh = avatar.mesh
    t = mesh.triangles[pieces(mesh)[mesh.triangles[:, 0]] == 0].astype(int)
    for bone, joint in enumerate(avatar.proportions.rest_positions()):
        if bone in DERIVED_BONES:
            continue
        # The winding number: the solid angle of the skin about the joint (van Oosterom, 1983).
        a, b, c = (mesh.positions[t[:, i]].astype(float) - joint for i in range(3))
        la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
        triple = np.sum(a * np.cross(b, c), axis=1)
        below = la * lb * lc + np.sum(a * b, 1) * lc + np.sum(b * c, 1) * la + np.sum(c * a, 1) * lb
        winding = np.sum(2.0 * np.arctan2(triple, below)) / (4.0 * np.pi)
        assert winding > 0.9, BONES[bone]


@pytest.mark.parametrize(
    "turns",
    [
        {"leftUpperArm": ((0, 0, 1), 75), "rightUpperArm": ((0, 0, 1), -75)},
        {"leftLowerArm": ((0, 1, 0), -90), "rightLowerArm": ((0, 1, 0), 90)},
        {"leftLowerLeg": ((1, 0, 0), -90), "rightLowerLeg": ((1, 0, 0), -90)},
        {"leftHand": ((0, 0, 1), 50), "head": ((0, 1, 0), 50)},
    ],
    ids=["arms down", "elbows", "knees", "wrist and head"],
)
def test_keeps_its_volume_when_it_bends(turns):
    avatar = body(1)
    t = avatar.mesh.triangles[pieces(avatar.mesh)[avatar.mesh.triangles[:, 0]] == 0].astype(int)
    rest = volume(avatar.mesh.positions.astype(float), t)
    assert abs(volume(posed(avatar, **turns), t) / rest - 1.0) < 0.02


def test_lowered_arms_leave_shoulders_round():
    avatar = body(1)
    arms_down = {"leftUpperArm": ((0, 0, 1), 75), "rightUpperArm": ((0, 0, 1), -75)}
    points = posed(avatar, **arms_down)
    joint = avatar.proportions.rest_positions()[INDEX["rightUpperArm"]]
    near = points - joint
    # Outwards and upwards of the joint the skin keeps about a hand's breadth of flesh.
    cap = near[(np.abs(near[:, 2]) < 0.02) & (near[:, 0] > -0.01) & (near[:, 1] > -0.03)]
    distance = np.linalg.norm(cap[np.linalg.norm(cap, axis=1) < 0.12, :2], axis=1)
    assert distance.min() > 0.035
    assert distance.max() < 0.085


def test_a_bent_finger_moves_no_other_finger():
    avatar = body(1)
    points = posed(avatar, rightIndexIntermediate=((0, 0, 1), -80))
    moved = np.linalg.norm(points - avatar.mesh.positions, axis=1) > 1e-5
    assert moved.any()
    carried = {
        BONES[i] for i in np.unique(avatar.mesh.joints[moved][avatar.mesh.weights[moved] > 0])
    }
    assert carried <= {
        "rightIndexProximal",
        "rightIndexIntermediate",
        "rightIndexDistal",
        "rightHand",
    }


def test_stays_whole_on_bones_of_unusual_lengths():
    usual = default_proportions()
    rng = np.random.default_rng(5)
    for _ in range(3):
        stretched = usual.offsets * rng.uniform(0.85, 1.15, (len(BONES), 1))
        mesh = make_bare_body(1, replace(usual, offsets=stretched)).mesh
        assert np.isfinite(mesh.positions).all()
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-3)
        t = mesh.triangles.astype(int)
        skin = t[pieces(mesh)[t[:, 0]] == 0]
        assert 0.03 < volume(mesh.positions.astype(float), skin) < 0.2
