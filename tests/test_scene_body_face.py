"""The face shapes do what their names say."""

import functools

import numpy as np
import pytest
from bare_bodies import bare_body as body
from scipy.spatial import cKDTree

from presence.pose import INDEX, SHAPE_INDEX
from presence.pose.face import SENT_SHAPES, SHAPES
from presence.scene.avatar import Surface

SEEDS = (1, 2, 9)


def morph(avatar, name):
    (found,) = (m for m in avatar.mesh.morphs if m.shape == SHAPE_INDEX[name])
    return found


def shaped(avatar, **coefficients):
    """Vertices with these shapes at these coefficients."""
    points = avatar.mesh.positions.astype(float)
    for name, coefficient in coefficients.items():
        part = morph(avatar, name)
        points[part.vertices] += coefficient * part.offsets
    return points


def offsets(avatar, name):
    return shaped(avatar, **{name: 1.0}) - avatar.mesh.positions


@functools.cache
def face_triangles(avatar):
    """Those before the ears and between brow and chin: rays into the face need no others."""
    t = avatar.mesh.triangles.astype(int)
    middles = avatar.mesh.positions[t].mean(axis=1) - eye(avatar, "Right")
    return t[(middles[:, 2] < 0.05) & (np.abs(middles[:, 1] + 0.04) < 0.10)]


def first_hit(avatar, points, origin, direction):
    """The surface that a ray meets first, and whether the ray meets its outside."""
    t = face_triangles(avatar)
    a, ab, ac = points[t[:, 0]], *(points[t[:, i]] - points[t[:, 0]] for i in (1, 2))
    cross = np.cross(direction, ac)
    size = np.sum(ab * cross, axis=1)
    size = np.where(np.abs(size) < 1e-15, np.inf, size)
    u = np.sum((origin - a) * cross, axis=1) / size
    q = np.cross(origin - a, ab)
    v = q @ direction / size
    far = np.sum(ac * q, axis=1) / size
    hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (far > 1e-6)
    if not hit.any():
        return None, True
    nearest = np.flatnonzero(hit)[np.argmin(far[hit])]
    # Two sheets that touch count as one: of a lash, both sides may be met at once.
    touching = hit & (far < far[nearest] + 1e-4)
    outside = bool((np.cross(ab[touching], ac[touching]) @ direction < 0.0).any())
    return Surface(int(avatar.mesh.surfaces[t[nearest, 0]])), outside


def mouth_middle(avatar):
    """Where the lips meet, found as the point that jawOpen tears apart."""
    opened = offsets(avatar, "jawOpen")
    points = avatar.mesh.positions.astype(float)
    front = np.flatnonzero((np.abs(points[:, 0]) < 1e-6) & (avatar.mesh.surfaces == Surface.SKIN))
    pairs = cKDTree(points[front]).query_pairs(1e-5)
    i, j = max(pairs, key=lambda p: np.ptp(opened[front[list(p)], 1]))
    return points[front[i]], abs(opened[front[i], 1] - opened[front[j], 1])


def eye(avatar, side):
    return avatar.proportions.rest_positions()[INDEX[f"{side.lower()}Eye"]]


def eye_radius(avatar):
    points = avatar.mesh.positions[avatar.mesh.surfaces == Surface.EYE].astype(float)
    near = points[points[:, 0] > 0]
    return np.linalg.norm(near - eye(avatar, "Right"), axis=1).max()


def test_every_shape_that_is_sent_is_there():
    made = {SHAPES[m.shape] for m in body(1).mesh.morphs}
    assert made >= {SHAPES[i] for i in SENT_SHAPES}
    assert made >= {"eyeLookDownLeft", "eyeLookUpLeft", "eyeLookDownRight", "eyeLookUpRight"}


@pytest.mark.parametrize("seed", SEEDS)
def test_left_shapes_mirror_right_ones_and_the_rest_mirror_themselves(seed):
    avatar = body(seed)
    for part in avatar.mesh.morphs:
        name = SHAPES[part.shape]
        other = name
        if name.endswith("Left"):
            other = name.removesuffix("Left") + "Right"
        elif name.endswith("Right"):
            other = name.removesuffix("Right") + "Left"
        # Hair may be parted on one side; whatever else there is has its image.
        moved = [np.linalg.norm(offsets(avatar, n), axis=1) > 1e-6 for n in (name, other)]
        here = shaped(avatar, **{name: 1.0})[moved[0]]
        there = shaped(avatar, **{other: 1.0})[moved[1]]
        distance, _ = cKDTree(there).query(here * np.array([-1.0, 1.0, 1.0]))
        assert distance.max() < 1e-6, name


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("side", ["Left", "Right"])
def test_blinking_lids_never_enter_the_eyeball(seed, side):
    avatar = body(seed)
    blink = morph(avatar, f"eyeBlink{side}")
    moving = blink.vertices[np.linalg.norm(blink.offsets, axis=1) > 1e-6]
    t = avatar.mesh.triangles.astype(int)
    lids = t[np.isin(t, moving).all(axis=1)]
    for coefficient in np.linspace(0.0, 1.0, 9):
        points = shaped(avatar, **{f"eyeBlink{side}": coefficient})
        distance = np.linalg.norm(points[moving] - eye(avatar, side), axis=1)
        assert distance.min() > eye_radius(avatar) + 1e-4
        middles = points[lids].mean(axis=1) - eye(avatar, side)
        assert np.linalg.norm(middles, axis=1).min() > eye_radius(avatar) + 1e-4


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_covers_the_eye_that_was_open(seed, side):
    avatar = body(seed)
    closed = shaped(avatar, **{f"eyeBlink{side}": 1.0})
    rest = avatar.mesh.positions.astype(float)
    seen = {"open": 0, "closed": 0}
    for across in np.linspace(-0.011, 0.011, 9):
        for up in np.linspace(-0.010, 0.010, 9):
            origin = eye(avatar, side) + np.array([across, up, -0.2])
            for name, points in (("open", rest), ("closed", closed)):
                surface, _ = first_hit(avatar, points, origin, np.array([0.0, 0.0, 1.0]))
                seen[name] += surface is Surface.EYE
    assert seen["open"] > 25
    assert seen["closed"] == 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shapes", [{}, {"eyeBlinkRight": 0.5}, {"eyeBlinkRight": 1.0}], ids=str)
def test_the_skin_about_the_eyes_shows_only_its_outside(seed, shapes):
    avatar = body(seed)
    points = shaped(avatar, **shapes)
    for yaw in (-0.5, 0.0, 0.6):
        direction = np.array([np.sin(yaw), 0.0, np.cos(yaw)])
        for across in np.linspace(-0.022, 0.022, 12):
            for up in np.linspace(-0.016, 0.016, 12):
                origin = eye(avatar, "Right") + np.array([across, up, -0.01]) - 0.2 * direction
                assert first_hit(avatar, points, origin, direction)[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_blink_leaves_the_other_eye_alone(seed):
    points = body(seed).mesh.positions[morph(body(seed), "eyeBlinkLeft").vertices]
    assert np.all(points[:, 0] < 0.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_open_jaw_shows_the_inside_of_the_mouth(seed):
    avatar = body(seed)
    middle, opening = mouth_middle(avatar)
    assert 0.018 < opening < 0.05
    opened = shaped(avatar, jawOpen=1.0)
    origin = middle + np.array([0.0, -0.5 * opening, -0.2])
    rest = avatar.mesh.positions.astype(float)
    inward = np.array([0.0, 0.0, 1.0])
    assert first_hit(avatar, rest, origin, inward)[0] is Surface.SKIN
    assert first_hit(avatar, opened, origin, inward)[0] is Surface.TEETH
    above = avatar.mesh.positions[:, 1] > middle[1] + 0.04
    assert np.abs(offsets(avatar, "jawOpen")[above]).max() < 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mouth_is_shut_at_rest_and_when_lips_close_over_an_open_jaw(seed):
    avatar = body(seed)
    middle, opening = mouth_middle(avatar)
    for shapes in ({}, {"jawOpen": 1.0, "mouthClose": 1.0}):
        points = shaped(avatar, **shapes)
        for across in np.linspace(-0.015, 0.015, 7):
            for down in np.linspace(0.5 * opening, -1.5 * opening, 15):
                # Off the middle, where a ray would run along edges and slip between triangles.
                origin = middle + np.array([across + 3e-5, down + 2e-5, -0.2])
                surface, _ = first_hit(avatar, points, origin, np.array([0.0, 0.0, 1.0]))
                # Or a moustache.
                assert surface in (Surface.SKIN, Surface.HAIR)


@pytest.mark.parametrize(
    ("name", "axis", "sign", "least"),
    [
        ("mouthSmileRight", 1, 1, 0.004),
        ("mouthFrownRight", 1, -1, 0.004),
        ("mouthStretchRight", 0, 1, 0.004),
        ("browInnerUp", 1, 1, 0.004),
        ("browOuterUpRight", 1, 1, 0.004),
        ("browDownRight", 1, -1, 0.003),
        ("mouthPucker", 2, -1, 0.004),
        ("mouthFunnel", 2, -1, 0.004),
        ("cheekPuff", 0, 1, 0.004),
        ("eyeWideRight", 1, 1, 0.001),
        ("eyeLookDownRight", 1, -1, 0.001),
        ("eyeLookUpRight", 1, 1, 0.001),
        ("eyeSquintRight", 1, 1, 0.001),
        ("mouthLowerDownRight", 1, -1, 0.003),
        ("mouthUpperUpRight", 1, 1, 0.003),
        ("jawForward", 2, -1, 0.003),
        ("jawRight", 0, 1, 0.003),
        ("mouthLeft", 0, -1, 0.004),
        ("noseSneerRight", 1, 1, 0.002),
        ("tongueOut", 2, -1, 0.015),
        ("mouthSmileRight", 0, 1, 0.004),
        ("mouthDimpleRight", 2, 1, 0.003),
        ("mouthRollLower", 1, 1, 0.003),
        ("mouthRollUpper", 1, -1, 0.003),
        ("mouthShrugLower", 1, 1, 0.002),
        ("mouthShrugUpper", 2, -1, 0.002),
        ("mouthPressRight", 1, 1, 0.002),
        ("mouthRight", 0, 1, 0.004),
        ("jawLeft", 0, -1, 0.003),
        ("jawOpen", 1, -1, 0.015),
        ("cheekSquintRight", 1, 1, 0.003),
        ("eyeLookOutRight", 0, 1, 0.0005),
        ("eyeLookInRight", 0, -1, 0.0005),
    ],
)
def test_shapes_move_the_face_where_their_names_say(name, axis, sign, least):
    moved = sign * offsets(body(1), name)[:, axis]
    assert moved.max() > least
    assert moved.max() >= -moved.min() - 1e-9


def test_brows_go_with_the_skin_under_them():
    avatar = body(1)
    moved = offsets(avatar, "browInnerUp")
    points = avatar.mesh.positions.astype(float)
    brow = (avatar.mesh.surfaces == Surface.HAIR) & (np.linalg.norm(moved, axis=1) > 0.002)
    skin = (avatar.mesh.surfaces == Surface.SKIN) & (points[:, 2] < eye(avatar, "Right")[2])
    assert brow.sum() > 10
    distance, nearest = cKDTree(points[skin]).query(points[brow], k=5)
    assert distance[:, 0].max() < 0.008
    # No less and no more than the skin all round them.
    around = moved[skin][nearest]
    assert np.all(moved[brow] > around.min(axis=1) - 3e-4)
    assert np.all(moved[brow] < around.max(axis=1) + 3e-4)


def test_eyes_look_out_along_their_normals():
    avatar = body(1)
    at = np.flatnonzero((avatar.mesh.surfaces == Surface.EYE) & (avatar.mesh.positions[:, 0] > 0))
    out = avatar.mesh.positions[at] - eye(avatar, "Right")
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    assert np.allclose(out, avatar.mesh.normals[at], atol=1e-5)
    # Fine enough in front that a painted iris has a round edge.
    assert np.sum(out[:, 2] < -np.cos(0.5)) > 40
    assert np.all(avatar.mesh.joints[at, 0] == INDEX["rightEye"])
    assert np.all(avatar.mesh.weights[at, 0] == 1.0)
