"""What holds for all 52 face shapes of anybody: nothing folds, nothing pokes through, all move."""

import functools
import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from twenty_people import GENEROUS

from presence.pose import INDEX
from presence.pose.face import SHAPES
from presence.scene.avatar import Surface
from presence.scene.body.drawing import draw_traits
from presence.scene.body.generate import build_body
from presence.scene.body.measures import draw_measures
from presence.scene.body.plan import make_plan

SEEDS = (1, 2, 9)
FLIP = np.array([-1.0, 1.0, 1.0])
SLIVER = 0.25e-3
"""Metres: triangles with a lower height at rest are too thin to say which way they face."""


def _sided(**coefficients):
    """The same on both sides, for stems that have them."""
    return {
        name: value
        for stem, value in coefficients.items()
        for name in ((stem,) if stem in SHAPES else (f"{stem}Left", f"{stem}Right"))
    }


PAIRS = [
    _sided(mouthSmile=1, jawOpen=1),
    _sided(mouthSmile=1, jawOpen=0.25),
    _sided(eyeBlink=1, eyeSquint=1),
    _sided(eyeBlink=1, eyeLookDown=1),
    _sided(eyeBlink=1, eyeLookUp=1),
    _sided(eyeBlink=1, cheekSquint=1),
    _sided(eyeSquint=1, cheekSquint=1),
    _sided(eyeWide=1, browInnerUp=1),
    _sided(eyeWide=1, eyeLookUp=1),
    _sided(mouthFunnel=1, jawOpen=1),
    _sided(mouthPucker=1, jawOpen=1),
    _sided(mouthPucker=1, cheekPuff=1),
    _sided(mouthFrown=1, browDown=1),
    _sided(mouthFrown=1, mouthShrugLower=1),
    _sided(noseSneer=1, mouthUpperUp=1),
    _sided(noseSneer=1, browDown=1),
    _sided(mouthSmile=1, cheekSquint=1),
    _sided(mouthSmile=1, mouthUpperUp=1),
    _sided(browInnerUp=1, browOuterUp=1),
    _sided(browInnerUp=1, browDown=1),
    _sided(jawOpen=1, mouthClose=1),
    _sided(jawOpen=0.5, mouthClose=0.5),
    _sided(jawOpen=1, tongueOut=1),
    _sided(jawOpen=1, mouthUpperUp=1),
    _sided(jawOpen=1, mouthStretch=1),
    {"mouthLeft": 1, "mouthSmileLeft": 1},
    {"mouthLeft": 1, "jawLeft": 1},
    _sided(mouthStretch=1, mouthLowerDown=1),
    _sided(mouthUpperUp=1, mouthLowerDown=1),
    _sided(mouthPress=1, mouthSmile=0.5),
    _sided(mouthRollUpper=1, mouthRollLower=1),
    _sided(mouthShrugUpper=1, mouthShrugLower=1),
    _sided(mouthDimple=1, mouthSmile=1),
]
"""Shapes that people make together."""


@dataclass(frozen=True, eq=False)
class Head:
    """What moves in somebody's face, and what is next to it."""

    points: np.ndarray
    triangles: np.ndarray
    edges: np.ndarray
    """``(2, E)`` the vertices at the ends of each."""
    surfaces: np.ndarray
    offsets: dict
    eye: np.ndarray
    """The right eye's centre."""
    eye_radius: float

    def shaped(self, coefficients):
        points = self.points.copy()
        for name, coefficient in coefficients.items():
            points += coefficient * self.offsets[name]
        return points


@functools.cache
def head(seed):
    traits = draw_traits(seed)
    return head_of(build_body("", make_plan(draw_measures(traits), traits), textured=False))


def head_of(avatar):
    mesh = avatar.mesh
    triangles = mesh.triangles.astype(np.int64)
    moved = np.zeros(len(mesh.positions), dtype=bool)
    for morph in mesh.morphs:
        moved[morph.vertices] = True
    near = triangles[moved[triangles].any(axis=1)]
    kept = moved | np.isin(mesh.surfaces, (Surface.EYE, Surface.TEETH))
    kept[near] = True
    triangles = triangles[kept[triangles].all(axis=1)]
    place = np.cumsum(kept) - 1
    points = mesh.positions[kept].astype(float)
    offsets = {}
    for morph in mesh.morphs:
        whole = np.zeros((len(mesh.positions), 3))
        whole[morph.vertices] = morph.offsets
        offsets[SHAPES[morph.shape]] = whole[kept]
    eye = avatar.proportions.rest_positions()[INDEX["rightEye"]]
    surfaces = mesh.surfaces[kept]
    ball = points[(surfaces == Surface.EYE) & (points[:, 0] > 0.0)] - eye
    radius = np.linalg.norm(ball, axis=1).max()
    triangles = place[triangles]
    edges = edges_of(triangles)
    return Head(points, triangles, edges, surfaces, offsets, eye, float(radius))


def edges_of(triangles):
    """``(2, E)`` each edge once."""
    a, b, c = triangles.T
    count = triangles.max() + 1
    keys = [np.minimum(p, q) * count + np.maximum(p, q) for p, q in ((a, b), (b, c), (c, a))]
    return np.array(np.divmod(np.unique(np.concatenate(keys)), count))


def faces(points, triangles):
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def rotations(covariances):
    """The rotations nearest to ``Σ after beforeᵀ (N, 3, 3)`` (W. Kabsch, 1976)."""
    u, _, vt = np.linalg.svd(covariances)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    return u @ vt


def flipped(h, after):
    """``(T,)`` triangles that turn against their surroundings by more than a right angle.

    Where a triangle should face is where the rotation takes it that fits best to all edges within
    two steps of it.
    """
    points, triangles = h.points, h.triangles
    before, turned = faces(points, triangles), faces(after, triangles)
    size = np.linalg.norm(before, axis=1)
    sides = np.stack([points[triangles[:, i]] - points[triangles[:, i - 1]] for i in range(3)])
    longest = np.linalg.norm(sides, axis=2).max(axis=0)
    solid = size / np.maximum(longest, 1e-12) > SLIVER
    cosine = np.sum(before * turned, axis=1) / np.maximum(
        size * np.linalg.norm(turned, axis=1), 1e-20
    )
    found = np.zeros(len(triangles), dtype=bool)
    doubtful = np.flatnonzero(solid & (cosine < 0.5))
    if not len(doubtful):
        return found
    i, j = h.edges
    each = np.einsum("ei,ej->eij", after[j] - after[i], points[j] - points[i])
    total = np.zeros((len(points), 3, 3))
    np.add.at(total, i, each)
    np.add.at(total, j, each)
    wider = total.copy()
    np.add.at(wider, i, total[j])
    np.add.at(wider, j, total[i])
    rotation = rotations(wider[triangles[doubtful]].sum(axis=1))
    expected = np.einsum("tij,tj->ti", rotation, before[doubtful])
    found[doubtful] = np.sum(expected * turned[doubtful], axis=1) < 0.0
    return found


def nearest(points, triangles):
    """``(T,)`` the distance of each triangle from the origin."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    best = np.full(len(triangles), np.inf)
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1), 1e-18)[:, None]
    height = np.sum(a * normal, axis=1)
    foot = height[:, None] * normal
    inside = np.ones(len(triangles), dtype=bool)
    for p, q in ((a, b), (b, c), (c, a)):
        side = q - p
        t = np.clip(-np.sum(p * side, 1) / np.maximum(np.sum(side * side, 1), 1e-18), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(p + t[:, None] * side, axis=1))
        inside &= np.sum(np.cross(side, foot - p) * normal, axis=1) >= 0.0
    return np.where(inside, np.minimum(best, np.abs(height)), best)


# What is checked of one head; each returns the faults that it finds.


def still_shapes(h):
    return [
        f"{name} moves {most * 1000:.1f} mm"
        for name, offsets in h.offsets.items()
        if (most := np.linalg.norm(offsets, axis=1).max()) < 0.002
        and not name.startswith("eyeLook")
    ]


def lopsided_shapes(h):
    faults = []
    for name, offsets in h.offsets.items():
        other = name
        if name.endswith("Left"):
            other = name.removesuffix("Left") + "Right"
        elif name.endswith("Right"):
            other = name.removesuffix("Right") + "Left"
        mine = np.linalg.norm(offsets, axis=1) > 1e-7
        theirs = np.linalg.norm(h.offsets[other], axis=1) > 1e-7
        here = np.concatenate([h.points, h.points + offsets], axis=1)[mine]
        there = np.concatenate([h.points, h.points + h.offsets[other]], axis=1)[theirs]
        distance, _ = cKDTree(there * np.tile(FLIP, 2)).query(here)
        if distance.max() > 1e-4:
            faults.append(f"{name} is {distance.max() * 1000:.2f} mm off {other}'s mirror image")
    return faults


def folded_shapes(h):
    # Closing lips without an open jaw is no movement of a face: Apple says so itself.
    # Left shapes are the right ones' images.
    alone = [{name: 1.0} for name in h.offsets if name != "mouthClose" and name[-4:] != "Left"]
    faults = []
    for shapes in [*alone, *PAIRS]:
        found = flipped(h, h.shaped(shapes))
        if found.any():
            middle = h.points[h.triangles[found]].mean(axis=1) - h.eye
            faults.append(f"{shapes}: {found.sum()} flipped, at {np.round(middle[:4] * 1000)}")
    return faults


def open_lips(h):
    opened = h.offsets["jawOpen"]
    closed = h.offsets["mouthClose"]
    lips = np.flatnonzero((h.surfaces == Surface.SKIN) & (np.abs(closed[:, 1]) > 1e-4))
    pairs = np.array(sorted(cKDTree(h.points[lips]).query_pairs(1e-6)))
    above, below = lips[pairs].T
    parted = np.linalg.norm(opened[above] - opened[below], axis=1) > 0.001
    faults = [] if parted.sum() > 15 else [f"only {parted.sum()} places where lips meet"]
    for share in (0.25, 0.5, 0.75, 1.0):
        points = h.shaped({"jawOpen": share, "mouthClose": share})
        gap = np.linalg.norm(points[above[parted]] - points[below[parted]], axis=1).max()
        if gap > 0.3e-3:
            faults.append(f"lips {gap * 1000:.2f} mm apart at {share}")
    return faults


LID_SUMS = [
    ("eyeBlink",),
    *[
        ("eyeBlink", f"eye{other}")
        for other in ("LookUp", "LookDown", "LookIn", "LookOut", "Squint", "Wide")
    ],
    ("eyeBlink", "cheekSquint"),
    ("eyeBlink", "mouthSmile", "cheekSquint", "eyeSquint"),
    ("eyeSquint", "eyeLookUp"),
    ("eyeSquint", "eyeLookDown"),
    ("eyeSquint", "eyeWide"),
    ("eyeWide", "eyeLookUp"),
    ("eyeSquint", "browDown"),
]


def lids_in_eyes(h):
    blink = h.offsets["eyeBlinkRight"]
    moving = np.linalg.norm(blink, axis=1) > 1e-6
    lids = h.triangles[moving[h.triangles].all(axis=1)]
    faults = []
    for names in LID_SUMS:
        others = itertools.product(*[(0.5, 1.0)] * (len(names) - 1))
        for first, rest in itertools.product(np.linspace(0.0, 1.0, 9), others):
            shapes = {f"{n}Right": c for n, c in zip(names, (first, *rest), strict=True)}
            room = nearest(h.shaped(shapes) - h.eye, lids).min() - h.eye_radius
            if room < 0.0:
                faults.append(f"{shapes}: lids {-room * 1000:.2f} mm inside the eyeball")
    return faults


def open_lids(h):
    """Rays at the eyeball must meet a lid first."""
    rays = np.stack(
        np.meshgrid(np.linspace(-1.1, 1.1, 23), np.linspace(-0.75, 0.75, 16)), axis=-1
    ).reshape(-1, 2)
    direction = np.stack(
        [np.sin(rays[:, 0]), np.sin(rays[:, 1]) * np.cos(rays[:, 0]), -np.cos(rays[:, 0])], axis=1
    )
    direction[:, 2] *= np.cos(rays[:, 1])
    blink = np.linalg.norm(h.offsets["eyeBlinkRight"], axis=1) > 1e-6
    # The lids with their corners, without the socket's lining behind them.
    out = np.linalg.norm(h.points - h.eye, axis=1) > 1.036 * h.eye_radius
    lids = h.triangles[blink[h.triangles].any(axis=1) & out[h.triangles].all(axis=1)]

    def covered(shapes, by):
        a, b, c = (h.shaped(shapes)[by[:, i]] - h.eye for i in range(3))
        # Rays from the eye's centre: the signs of three triple products say what they pass.
        signs = [direction @ np.cross(p, q).T for p, q in ((a, b), (b, c), (c, a))]
        within = np.all([s >= 0.0 for s in signs], axis=0)
        within |= np.all([s <= 0.0 for s in signs], axis=0)
        return (within & (direction @ (a + b + c).T > 0.0)).any(axis=1)

    skin = h.triangles[(h.surfaces[h.triangles] != Surface.EYE).all(axis=1)]
    seen = ~covered({}, skin)
    faults = [] if seen.sum() > 60 else ["no opening to close"]
    for others in ((), ("eyeLookDown",), ("eyeSquint",), ("cheekSquint",), ("mouthSmile",)):
        shapes = {f"{n}Right": 1.0 for n in ("eyeBlink", *others)}
        open_still = seen & ~covered(shapes, lids)
        if open_still.any():
            faults.append(f"{shapes}: at {rays[open_still][:4]} one sees the eyeball")
    return faults


def teeth_of(h):
    """The teeth's and gums' vertices, and which vertices are theirs or the tongue's."""
    links = np.concatenate([h.triangles[:, :2], h.triangles[:, 1:]])
    count = len(h.points)
    graph = coo_matrix((np.ones(len(links)), links.T), shape=(count, count))
    piece = connected_components(graph, directed=False)[1]
    inner = h.surfaces == Surface.TEETH
    apart = inner & ~np.isin(piece, piece[h.surfaces == Surface.SKIN])
    # The tongue is the one that moves by itself.
    by_itself = h.offsets["tongueOut"] - 0.12 * h.offsets["jawOpen"]
    return np.flatnonzero(apart & (np.linalg.norm(by_itself, axis=1) < 1e-5)), apart


def bare_teeth(h):
    """Nothing but the mouth's lining may lie behind a tooth: else it has come through the skin."""
    teeth, apart = teeth_of(h)
    inner = h.surfaces == Surface.TEETH
    teeth = teeth[h.points[teeth, 2] < np.median(h.points[teeth, 2])]
    middle = h.points[teeth].mean(axis=0)
    flesh = h.triangles[~apart[h.triangles].any(axis=1)]
    near = np.linalg.norm(h.points[flesh].mean(axis=1) - middle, axis=1) < 0.05
    flesh = flesh[near & (h.surfaces[flesh] != Surface.EYE).all(axis=1)]
    lining = inner[flesh].any(axis=1)
    faults = [] if len(teeth) > 50 and lining.sum() > 100 else ["no teeth"]
    alone = [{name: 1.0} for name in h.offsets if name[-4:] != "Left" and name != "mouthClose"]
    for shapes in [*alone, *PAIRS]:
        if all(name.startswith(("eye", "brow")) for name in shapes):
            continue
        points = h.shaped(shapes)
        origin = points[teeth][:, None]
        # No ray meets what is wholly to one side of all teeth, above or below them.
        corners = points[flesh][..., :2]
        over = np.all(
            (corners.max(axis=1) >= origin[..., :2].min(axis=0))
            & (corners.min(axis=1) <= origin[..., :2].max(axis=0)),
            axis=1,
        )
        a, b, c = (points[flesh[over, i]][None] for i in range(3))

        # Seen along −Z the ray is a point: where is it among the triangles' flat images?
        def side(p, q, o=origin):
            return (q - p)[..., 0] * (o - p)[..., 1] - (q - p)[..., 1] * (o - p)[..., 0]

        w = np.stack([side(b, c), side(c, a), side(a, b)])
        total = w.sum(axis=0)
        hit = np.all(w * np.sign(total) > 0.0, axis=0) & (np.abs(total) > 1e-14)
        depth = (w[0] * a[..., 2] + w[1] * b[..., 2] + w[2] * c[..., 2]) / np.where(hit, total, 1)
        behind = np.where(hit & (depth > origin[..., 2] + 1e-5), depth, np.inf)
        first = behind.argmin(axis=1)
        row = np.arange(len(teeth))
        # Triangles that show their outside to somebody in front run clockwise seen along −Z.
        outside = total[row, first] < 0.0
        bare = np.isfinite(behind[row, first]) & ~lining[over][first] & outside
        if bare.any():
            at = np.round((points[teeth[bare]] - h.eye)[:3] * 1000)
            faults.append(f"{shapes}: {bare.sum()} teeth through the skin, at {at}")
    return faults


CHECKS = [
    still_shapes,
    lopsided_shapes,
    folded_shapes,
    open_lips,
    lids_in_eyes,
    open_lids,
    bare_teeth,
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_finds_no(check, seed):
    assert check(head(seed)) == []


@pytest.mark.slow
@GENEROUS
def test_finds_nothing_in_twenty_people(twenty_people):
    made = {person.seed: person.avatar for person in twenty_people}
    faults = [
        f"{seed}: {fault}"
        for seed in range(20)
        if seed not in SEEDS
        for h in (head_of(made[seed]) if seed in made else head(seed),)
        for check in CHECKS
        for fault in check(h)
    ]
    assert faults == []


def test_all_52_shapes_are_there():
    assert sorted(head(SEEDS[0]).offsets) == sorted(SHAPES)


def test_a_fold_is_found():
    h = head(SEEDS[0])
    after = h.points.copy()
    skin = h.triangles[(h.surfaces[h.triangles] == Surface.SKIN).all(axis=1)]
    first = skin[np.argmin(h.points[skin[:, 0], 2])]
    # One corner is pulled over the opposite side.
    after[first[0]] += 2.5 * (h.points[first[1:]].mean(axis=0) - h.points[first[0]])
    assert flipped(h, after).any()


def test_a_tooth_that_comes_through_the_lips_is_found():
    h = head(SEEDS[0])
    points = h.points.copy()
    points[teeth_of(h)[0], 2] -= 0.012
    assert len(bare_teeth(replace(h, points=points))) > 20


def test_a_turned_head_is_not_folded():
    h = head(SEEDS[0])
    assert not flipped(h, h.points * np.array([-1.0, 1.0, -1.0])).any()
