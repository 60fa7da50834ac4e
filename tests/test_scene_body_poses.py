"""Bodies made by code at the ends of people's motion: skin and clothes stay whole and full.

Bodies are built to the neck, without texture: what bends is all there.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from presence.pose import BONES, INDEX, forward_kinematics
from presence.pose.quaternion import (
    quat_from_axis_angle,
    quat_from_matrix,
    quat_mul,
    quat_to_matrix,
)
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.drawing import draw_traits
from presence.scene.body.figure import build_figure
from presence.scene.body.measures import draw_measures
from presence.scene.body.plan import make_plan
from presence.scene.body.traits import Bottom, Shoes, Top
from presence.scene.body.weights import strongest
from presence.tracking.limbs import TWIST_SHARE

X, Y, Z = np.eye(3)
IDENTITY = np.array([0.0, 0.0, 0.0, 1.0])


def turn(*steps):
    """The rotation that turns about each ``(axis, degrees)`` in order, the first outermost."""
    rotation = IDENTITY
    for axis, degrees in steps:
        rotation = quat_mul(rotation, quat_from_axis_angle(axis, np.radians(degrees)))
    return rotation


def both(bone, *steps):
    """The same motion on both sides, given for the right: turns about Y and Z are mirrored."""
    image = [(axis, degrees if axis is X else -degrees) for axis, degrees in steps]
    return {f"right{bone}": turn(*steps), f"left{bone}": turn(*image)}


def curled(share, thumb=1.0):
    """Fingers curled towards a fist, 0 to 1."""
    pose = {}
    for finger in ("Index", "Middle", "Ring", "Little"):
        for segment, degrees in (("Proximal", 80), ("Intermediate", 95), ("Distal", 60)):
            pose |= both(finger + segment, (Z, -share * degrees))
    pose |= both("ThumbMetacarpal", (Y, -14 * thumb), (X, -20 * thumb))
    pose |= both("ThumbProximal", (Y, -35 * thumb))
    return pose | both("ThumbDistal", (Y, -50 * thumb))


def reaching(upper, fore):
    """The right arm's bones, and the left's mirrored, for directions of upper arm and forearm."""
    upper, fore = (np.array(v, dtype=float) / np.linalg.norm(v) for v in (upper, fore))
    back = (upper @ fore) * upper - fore
    back /= np.linalg.norm(back)
    rotation = quat_from_matrix(np.stack([upper, np.cross(back, upper), back], axis=1))
    return {
        "rightUpperArm": rotation,
        "leftUpperArm": rotation * np.array([1.0, -1.0, -1.0, 1.0]),
    } | both("LowerArm", (Y, np.degrees(np.arccos(upper @ fore))))


HANGING = both("UpperArm", (Z, -75)) | both("LowerArm", (Y, 12)) | curled(0.25, 0.2)
POSES = {
    "arms hanging": HANGING,
    "arms up": both("Shoulder", (Z, 22)) | both("UpperArm", (Z, 62)),
    "arms crossed": reaching((0.35, -0.75, -0.56), (-0.93, 0.10, -0.30)),
    "arms forward": both("UpperArm", (Y, 85)),
    "deep squat": both("UpperLeg", (X, 112))
    | both("LowerLeg", (X, -135))
    | both("Foot", (X, 24))
    | both("UpperArm", (Y, 80))
    | {"spine": turn((X, -20))},
    "fist": HANGING | curled(1.0),
    "prayer": both("UpperArm", (Y, 22), (Z, -58), (X, -40))
    | both("LowerArm", (Y, 118), (X, -40))
    | both("Hand", (X, -40), (Z, 55)),
    "look over the shoulder": HANGING
    | {"chest": turn((Y, 10)), "upperChest": turn((Y, 10))}
    | {"neck": turn((Y, 25)), "head": turn((Y, 40))},
    "sitting": HANGING | both("UpperLeg", (X, 88)) | both("LowerLeg", (X, -88)),
    "hands on hips": both("UpperArm", (Y, -8), (Z, -46), (X, -62)) | both("LowerArm", (Y, 80)),
    "striding": HANGING
    | {"rightUpperLeg": turn((X, 27)), "leftUpperLeg": turn((X, -12))}
    | {"rightLowerLeg": turn((X, -8)), "leftLowerLeg": turn((X, -25))},
}


@dataclass(frozen=True)
class Body:
    """A body to the neck, both halves, and its bones."""

    points: np.ndarray
    triangles: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    paints: np.ndarray
    proportions: object
    scale: float

    @property
    def rest(self):
        """``(55, 3)`` the joints at rest."""
        return self.proportions.rest_positions()


PEOPLE = {
    "slim in a T-shirt and jeans": (1, {"top": Top.TSHIRT, "bottom": Bottom.JEANS, "build": -0.8}),
    "heavy in a sweater": (4, {"top": Top.SWEATER, "bottom": Bottom.TROUSERS, "build": 1.0}),
    "child in a hoodie and shorts": (
        2,
        {"top": Top.HOODIE, "bottom": Bottom.SHORTS, "age": 6.0, "height": 1.15},
    ),
    "old in a shirt": (3, {"top": Top.SHIRT, "bottom": Bottom.TROUSERS, "age": 84.0}),
    "in a skirt": (5, {"top": Top.TSHIRT, "bottom": Bottom.SKIRT, "footwear": Shoes.BOOTS}),
    "in a tunic": (6, {"top": Top.TUNIC, "bottom": Bottom.TROUSERS, "softness": 0.9}),
}


@functools.cache
def person(name):
    seed, looks = PEOPLE[name]
    traits = replace(draw_traits(seed), **looks)
    return make(traits, draw_measures(traits))


@functools.cache
def drawn(seed):
    traits = draw_traits(seed)
    return make(traits, draw_measures(traits))


def make(traits, proportions):
    plan = make_plan(proportions, traits)
    draft = Draft()
    build_figure(draft, plan)
    whole = draft.whole()
    joints, shares = strongest(whole.weights)
    return Body(
        whole.positions, whole.triangles, joints, shares, whole.paints, plan.proportions, plan.scale
    )


def skinning(body, pose):
    """``(V, 3, 4)`` what each vertex is moved by."""
    rotations = np.tile(IDENTITY, (len(BONES), 1))
    for bone, rotation in pose.items():
        rotations[INDEX[bone]] = rotation
    root = np.array([0.0, body.proportions.hips_height, 0.0])
    places, orientations = forward_kinematics(rotations, root, body.proportions.offsets)
    turned = quat_to_matrix(orientations)
    moved = places - np.einsum("bij,bj->bi", turned, body.rest)
    each = np.concatenate([turned, moved[..., None]], axis=2)
    return np.einsum("vk,vkij->vij", body.weights, each[body.joints])


def posed(body, pose):
    """``(V, 3)`` the vertices, and ``(V, 3, 3)`` how their surroundings are turned."""
    matrices = skinning(body, pose)
    linear = matrices[..., :3]
    return np.einsum("vij,vj->vi", linear, body.points) + matrices[..., 3], linear


def crosses(points, triangles):
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def flipped(body, pose):
    """``(T,)`` which triangles are turned over by a pose.

    A triangle's normal at rest, turned by the mean of its corners' blended matrices, is how the
    smooth skin there faces; a triangle is turned over if it faces more than a right angle away
    from that. Slivers pressed to less than 6 % of their area at rest lie edge-on in a crease, face
    anywhere and are not counted.
    """
    points, linear = posed(body, pose)
    before, after = crosses(body.points, body.triangles), crosses(points, body.triangles)
    expected = np.einsum("tij,tj->ti", linear[body.triangles].mean(axis=1), before)
    kept = np.linalg.norm(after, axis=1) > 0.06 * np.linalg.norm(before, axis=1)
    return kept & (np.sum(after * expected, axis=1) < 0.0)


def borders_of(triangles):
    """The border edges ``(E, 2)`` of some triangles as the missing faces wind, border by border."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    have = set(map(tuple, edges.tolist()))
    open_edges = np.array([(b, a) for a, b in have if (b, a) not in have])
    count = int(triangles.max()) + 1
    graph = coo_matrix((np.ones(len(open_edges)), open_edges.T), shape=(count, count))
    border = connected_components(graph, directed=False)[1][open_edges[:, 0]]
    return [open_edges[border == i] for i in np.unique(border)]


def region_volume(points, triangles, borders):
    """The signed volume of some triangles, closed by a fan over each of their borders."""
    origin = points[triangles[:, 0]].mean(axis=0)
    a, b, c = (points[triangles[:, i]] - origin for i in range(3))
    total = np.sum(np.cross(a, b) * c)
    for border in borders:
        ends = points[border] - origin
        total += np.sum(np.cross(ends[:, 0], ends[:, 1]) * ends.mean(axis=(0, 1)))
    return total / 6.0


def about(body, bone, axis):
    """Triangles of the right half within 2.6 of the limb's radii of a joint, and their borders."""
    joint = body.rest[INDEX[bone]]
    middle = body.points[body.triangles].mean(axis=1)
    right = middle[:, 0] > 0.02 * body.scale
    if axis == 1:
        right &= np.abs(middle[:, 0] - joint[0]) < 0.16 * body.scale
    along = middle[:, axis] - joint[axis]
    near = right & (np.abs(along) < 0.02 * body.scale)
    radius = np.linalg.norm(np.delete(middle[near] - joint, axis, axis=1), axis=1).mean()
    triangles = body.triangles[right & (np.abs(along) < 2.6 * radius)]
    return triangles, borders_of(triangles)


def kept(body, region, pose):
    """How much of its volume a region keeps in a pose; folded in parts count twice."""
    triangles, borders = region
    rest = region_volume(body.points, triangles, borders)
    return region_volume(posed(body, pose)[0], triangles, borders) / rest


UNDER = (Paint.SKIN, Paint.HOSE)
CLOTH = (Paint.SHIRT, Paint.TRIM, Paint.TROUSERS, Paint.SHOE)


def hits(points, triangles, origins, directions, reach):
    """``(N,)`` whether each ray meets one of the triangles between 0.2 mm and ``reach`` metres.

    After T. Möller and B. Trumbore, "Fast, minimum storage ray/triangle intersection" (1997).
    """
    corners = points[triangles]
    middle = corners.mean(axis=1)
    size = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    along = directions @ middle.T - np.sum(directions * origins, axis=1)[:, None]
    square = (
        np.sum(middle**2, axis=1)
        - 2.0 * origins @ middle.T
        + np.sum(origins**2, axis=1)[:, None]
        - along**2
    )
    ray, face = np.nonzero((square < size**2) & (along > -size) & (along < reach + size))
    a, b, c = (corners[face, k] for k in range(3))
    way, gap = directions[ray], origins[ray] - a
    across = np.cross(way, c - a)
    det = np.sum((b - a) * across, axis=1)
    det = np.where(np.abs(det) < 1e-14, np.inf, det)
    turned = np.cross(gap, b - a)
    u, v = np.sum(gap * across, axis=1) / det, np.sum(way * turned, axis=1) / det
    distance = np.sum((c - a) * turned, axis=1) / det
    met = (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 2e-4) & (distance < reach)
    found = np.zeros(len(origins), dtype=bool)
    found[ray[met]] = True
    return found


def covering(body):
    """Triangles beneath clothes at rest ``(N,)``, and the clothes that may cover them ``(M, 3)``.

    A triangle is beneath them if the rays from its middle and from near each of its corners
    outwards all meet cloth: what looks out of a sleeve or a neckband is not meant.
    """
    paints = body.paints[body.triangles]
    middle = body.points[body.triangles].mean(axis=1)
    under = np.isin(paints, UNDER).all(axis=1) & (middle[:, 0] > 0.0)
    near = body.points[body.triangles, 0].max(axis=1) > -0.06 * body.scale
    cloth = body.triangles[np.isin(paints, CLOTH).all(axis=1) & near]
    chosen = np.flatnonzero(under)
    normals = crosses(body.points, body.triangles[chosen])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    covered = np.ones(len(chosen), dtype=bool)
    for corner in (None, 0, 1, 2):
        origins = middle[chosen]
        if corner is not None:
            origins = 0.1 * origins + 0.9 * body.points[body.triangles[chosen, corner]]
        covered &= hits(body.points, cloth, origins, normals, 0.12 * body.scale)
    return chosen[covered], cloth


def shown(body, pose, beneath, cloth):
    """Which of the triangles ``beneath`` clothes have come through them in a pose.

    No cloth is before them any more, and cloth is behind them, inside the body. Skin that looks
    out of a sleeve or a hem that has opened wider has none behind it.
    """
    points, _ = posed(body, pose)
    middle = points[body.triangles[beneath]].mean(axis=1)
    normals = crosses(points, body.triangles[beneath])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    before = hits(points, cloth, middle, normals, 0.25 * body.scale)
    behind = hits(points, cloth, middle, -normals, 0.08 * body.scale)
    return beneath[~before & behind]


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("name", PEOPLE)
def test_no_triangle_turns_over(name, pose):
    assert not flipped(person(name), POSES[pose]).any()


@pytest.mark.parametrize("name", PEOPLE)
def test_clothes_never_show_what_they_cover(name):
    body = person(name)
    beneath, cloth = covering(body)
    assert len(beneath) > 15
    for pose, turns in POSES.items():
        assert not len(shown(body, turns, beneath, cloth)), pose


@pytest.mark.parametrize("name", PEOPLE)
def test_elbows_keep_their_volume(name):
    body = person(name)
    region = about(body, "rightLowerArm", 0)
    for degrees in range(20, 141, 20):
        assert kept(body, region, {"rightLowerArm": turn((Y, degrees))}) > 0.85, degrees


@pytest.mark.parametrize("name", PEOPLE)
def test_knees_keep_their_volume(name):
    body = person(name)
    region = about(body, "rightLowerLeg", 1)
    for degrees in range(20, 141, 20):
        assert kept(body, region, {"rightLowerLeg": turn((X, -degrees))}) > 0.85, degrees


@pytest.mark.parametrize("name", PEOPLE)
def test_wrists_keep_their_volume(name):
    body = person(name)
    region = about(body, "rightHand", 0)
    for degrees in (-70, -35, 35, 70):
        assert kept(body, region, {"rightHand": turn((Z, degrees))}) > 0.85, degrees
    for degrees in (-80, -40, 40, 80):
        # As every source of poses shares it out: half to the forearm's bone.
        half = turn((X, TWIST_SHARE * degrees)), turn((X, (1.0 - TWIST_SHARE) * degrees))
        twist = {"rightLowerArm": half[0], "rightHand": half[1]}
        assert kept(body, region, twist) > 0.85, degrees


@pytest.mark.parametrize("name", PEOPLE)
def test_shoulders_keep_their_volume(name):
    body = person(name)
    region = about(body, "rightUpperArm", 0)
    for degrees in (20, 40, 60, 80):
        assert kept(body, region, {"rightUpperArm": turn((Z, -degrees))}) > 0.85, degrees
        assert kept(body, region, {"rightUpperArm": turn((Y, degrees))}) > 0.85, degrees
        # The collarbone carries a quarter of what lifts the arm.
        lifted = {
            "rightShoulder": turn((Z, 0.25 * degrees)),
            "rightUpperArm": turn((Z, 0.75 * degrees)),
        }
        assert kept(body, region, lifted) > 0.85, degrees


def test_a_triangle_that_is_turned_over_is_seen():
    body = person("in a tunic")
    beyond = {"rightLowerArm": turn((Y, 179)), "rightUpperLeg": turn((X, 175))}
    assert flipped(body, beyond).any()


def test_what_comes_through_is_seen():
    body = person("slim in a T-shirt and jeans")
    beneath, cloth = covering(body)
    swollen = replace(body, points=body.points.copy())
    inside = np.unique(body.triangles[beneath])
    normals = np.zeros_like(body.points)
    for corner in range(3):
        np.add.at(normals, body.triangles[:, corner], crosses(body.points, body.triangles))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    swollen.points[inside] += 0.035 * normals[inside]
    assert len(shown(swollen, {}, beneath, cloth)) > 10


@pytest.mark.slow
def test_twenty_people_stay_whole():
    for seed in range(20):
        body = drawn(seed)
        beneath, cloth = covering(body)
        for pose, turns in POSES.items():
            assert not flipped(body, turns).any(), (seed, pose)
            if pose in ("deep squat", "sitting", "arms up", "arms crossed", "striding"):
                assert not len(shown(body, turns, beneath, cloth)), (seed, pose)
