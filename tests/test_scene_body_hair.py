"""Hair, beards, glasses and headscarves: whole, within their means, off the face."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from presence.pose import SHAPE_INDEX, default_proportions
from presence.scene.body.draft import Draft, Paint
from presence.scene.body.drawing import draw_traits
from presence.scene.body.face import build_face
from presence.scene.body.generate import build_body
from presence.scene.body.hair import build_beard, build_glasses, build_hair, growth, stubble
from presence.scene.body.hair.ground import make_ground
from presence.scene.body.plan import make_plan
from presence.scene.body.skull import head_shape
from presence.scene.body.torso import trunk_shape
from presence.scene.body.traits import Beard, Glasses, HairStyle
from presence.scene.body.trunk import build_trunk
from presence.scene.body.weights import only

PEOPLE = {"woman": (2, 30.0, 1.66), "man": (4, 60.0, 1.82), "child": (5, 8.0, 1.28)}
BUDGET = 7_000


def plan_of(person, **looks):
    seed, age, height = PEOPLE[person]
    return make_plan(default_proportions(height), replace(draw_traits(seed), age=age, **looks))


@functools.cache
def dressed(person, style, beard=Beard.NONE, glasses=Glasses.NONE):
    """A drafted head and trunk with all that is worn on the head, and where that begins."""
    plan = plan_of(person, hair_style=style, beard=beard, glasses=glasses)
    draft = Draft()
    openings = build_trunk(draft, plan, trunk_shape(plan))
    face = build_face(draft, plan, only("head"), openings.neck)
    start = draft.count
    build_beard(draft, plan, face)
    build_glasses(draft, plan)
    build_hair(draft, plan)
    return plan, draft.whole(), start


def worn(whole, start):
    """The triangles of what is worn."""
    return whole.triangles[whole.source[whole.triangles[:, 0]] >= start]


@pytest.mark.parametrize("style", HairStyle, ids=lambda style: style.value)
@pytest.mark.parametrize("person", ["woman", "child"])
def test_every_style_is_of_closed_pieces_within_its_means(person, style):
    _, whole, start = dressed(person, style)
    t = worn(whole, start)
    if style is HairStyle.BALD:
        assert len(t) == 0
        return
    assert 500 < len(t) <= BUDGET
    edges = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
    count = len(whole.positions)
    code, back = edges @ [count, 1], edges @ [1, count]
    assert len(np.unique(code)) == len(code)
    assert np.array_equal(np.sort(code), np.sort(back))
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    piece = connected_components(graph, directed=False)[1][t[:, 0]]
    a, b, c = (whole.positions[t[:, i]] for i in range(3))
    volumes = np.bincount(piece, np.sum(np.cross(a, b) * c, axis=1))
    assert volumes[np.unique(piece)].min() > 0.0


@pytest.mark.parametrize("style", HairStyle, ids=lambda style: style.value)
def test_every_vertex_hangs_on_something(style):
    _, whole, start = dressed("woman", style)
    mine = whole.source >= start
    assert np.allclose(whole.weights[mine].sum(axis=1), 1.0)


@pytest.mark.parametrize("style", HairStyle, ids=lambda style: style.value)
@pytest.mark.parametrize("person", ["woman", "child"])
def test_hair_leaves_the_face_free(person, style):
    plan, whole, start = dressed(person, style)
    points = plan.to_head(whole.positions[whole.source >= start])
    eye = np.array([plan.eye_across, 0.0])
    apart = np.abs(np.abs(points[:, 0]) - eye[0])
    before = (points[:, 2] > -2.0) & (np.abs(points[:, 1]) < 1.3) & (apart < 2.2)
    mouth = (points[:, 2] > -1.0) & (np.abs(points[:, 1] + 6.5) < 2.0) & (np.abs(points[:, 0]) < 3)
    assert not before.any()
    assert not mouth.any()


def test_bare_skulls_are_covered():
    for style in set(HairStyle) - {HairStyle.BALD, HairStyle.RECEDING}:
        plan, whole, start = dressed("woman", style)
        points = plan.to_head(whole.positions[whole.source >= start])
        outside = head_shape(plan)(points) > 0.0
        rays = points[outside] - np.array([0.0, 1.5, -7.2])
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        for probe in ((0, 1, 0), (0, 0.7, -0.7), (0.7, 0.7, 0), (-0.7, 0.7, 0), (0, 0.2, -1)):
            unit = np.array(probe) / np.linalg.norm(probe)
            assert (rays @ unit).max() > np.cos(np.radians(12)), (style, probe)


@pytest.mark.parametrize("kind", [Glasses.ROUND, Glasses.SQUARE])
def test_glasses_keep_off_the_skin(kind):
    for seed in range(8):
        age = (8.0, 25.0, 50.0, 80.0)[seed % 4]
        traits = replace(
            draw_traits(seed), age=age, glasses=kind, hair_style=HairStyle.BALD, beard=Beard.NONE
        )
        plan = make_plan(default_proportions(1.25 if age < 10 else 1.7), traits)
        draft = Draft()
        build_face(draft, plan, only("head"), build_trunk(draft, plan, trunk_shape(plan)).neck)
        start = draft.count
        build_glasses(draft, plan)
        points = plan.to_head(draft.positions[start:])
        ahead = points[points[:, 2] > 0.0]
        assert head_shape(plan)(ahead).min() > 0.15, seed
        assert head_shape(plan)(points).min() > 0.03, seed


@pytest.mark.parametrize("kind", [Beard.MOUSTACHE, Beard.SHORT, Beard.FULL])
def test_a_beard_goes_with_the_jaw(kind):
    plan = plan_of("man", beard=kind, hair_style=HairStyle.BALD, glasses=Glasses.NONE)
    mesh = build_body("bearded", plan).mesh
    (jaw,) = (m for m in mesh.morphs if m.shape == SHAPE_INDEX["jawOpen"])
    moved = np.zeros_like(mesh.positions)
    moved[jaw.vertices] = jaw.offsets
    points = plan.to_head(mesh.positions.astype(float))
    _, whole, start = dressed("man", HairStyle.BALD, beard=kind)
    beard = plan.to_head(whole.positions[whole.paints == Paint.BEARD])
    assert len(beard)
    assert len(worn(whole, start)) <= 3_200
    # The meshes' own beard vertices, found by where they are.
    key = {tuple(row) for row in np.round(beard, 3)}
    mine = np.array([tuple(row) in key for row in np.round(points, 3)])
    drop = -moved[mine, 1] / plan.head_unit
    low = points[mine, 1] < -9.5
    if kind is Beard.MOUSTACHE:
        assert drop.max() < 1.2
    else:
        assert drop[low & (points[mine, 2] > 0.0)].min() > 1.0
        ear = (points[mine, 2] < -5.5) & (points[mine, 1] > -3.0)
        assert np.abs(drop[ear]).max() < 0.5


def test_masks_say_where_hair_and_beard_grow():
    plan = plan_of("man", hair_style=HairStyle.BUZZ)
    draft = Draft()
    openings = build_trunk(draft, plan, trunk_shape(plan))
    build_face(draft, plan, only("head"), openings.neck)
    ground = make_ground(draft, plan)
    crown, brow, chin, cheek = (
        np.array([p]) for p in ((0.0, 12, -8), (0.0, 3.0, 1.0), (0.0, -9.5, 1.5), (3.5, -2.5, 0.5))
    )
    assert growth(ground, crown)[0] == 1.0
    assert growth(ground, brow)[0] == 0.0
    assert stubble(plan, chin)[0] > 0.9
    assert stubble(plan, cheek)[0] == 0.0
