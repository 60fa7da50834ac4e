"""The texture of a body made by code: every triangle has texels of its own, rightly painted."""

import functools

import numpy as np
import pytest
from bare_bodies import bare_body

from presence.pose import INDEX
from presence.pose.face import SHAPES
from presence.scene.avatar import Surface
from presence.scene.body import generate_body
from presence.scene.body.drawing import draw_traits
from presence.scene.body.texels import covered, spread
from presence.scene.body.unwrap import SIZE

SEEDS = (1, 4)


@functools.cache
def body(seed):
    return generate_body(seed)


def shown(mesh, uvs):
    """``(N, 3)`` the texels at ``uvs (N, 2)``, 0 to 1."""
    column, row = np.clip((uvs * SIZE).astype(int), 0, SIZE - 1).T
    return mesh.textures[0][row, column, :3] / 255.0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_vertex_lies_in_the_one_texture(seed):
    mesh = body(seed).mesh
    (texture,) = mesh.textures
    assert texture.shape == (SIZE, SIZE, 4) and texture.dtype == np.uint8
    assert (texture[..., 3] == 255).all()
    assert mesh.uvs.min() >= 0.0 and mesh.uvs.max() <= 1.0
    assert (mesh.layers == 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_triangles_of_a_side_share_texels(seed):
    mesh = body(seed).mesh
    # What is right of the middle, with the midline; the left side shows the same texels.
    right = (mesh.positions[mesh.triangles][..., 0] >= 0.0).all(axis=1)
    eyes = (mesh.surfaces == Surface.EYE)[mesh.triangles].all(axis=1)
    corners = mesh.uvs[mesh.triangles[right & ~eyes]].astype(np.float64) * SIZE
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    twice = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    size = np.abs(twice)
    counted = np.zeros((SIZE, SIZE), dtype=int)
    for (p, q, r), area in zip(corners[size > 2.0], twice[size > 2.0], strict=True):
        low = np.floor(np.min([p, q, r], axis=0)).astype(int)
        high = np.ceil(np.max([p, q, r], axis=0)).astype(int)
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        s = ((x - p[0]) * (r - p)[1] - (y - p[1]) * (r - p)[0]) / area
        t = ((y - p[1]) * (q - p)[0] - (x - p[0]) * (q - p)[1]) / area
        inside = (s > 1e-6) & (t > 1e-6) & (s + t < 1.0 - 1e-6)
        counted[low[1] : high[1], low[0] : high[0]] += inside
    assert (counted > 0).mean() > 0.35
    assert (counted > 1).sum() <= 0.001 * (counted > 0).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_both_sides_show_the_same_texels(seed):
    mesh = body(seed).mesh
    key = {
        (*np.round(p, 6), *uv): i
        for i, (p, uv) in enumerate(zip(mesh.positions.tolist(), mesh.uvs.tolist(), strict=True))
    }
    hair = mesh.surfaces == Surface.HAIR
    left = np.flatnonzero((mesh.positions[:, 0] < -1e-4) & ~hair)
    found = [
        (*np.round(mesh.positions[i] * [-1, 1, 1], 6).tolist(), *mesh.uvs[i].tolist()) in key
        for i in left
    ]
    assert np.mean(found) > 0.999


@pytest.mark.parametrize("seed", SEEDS)
def test_colours_go_on_across_seams(seed):
    mesh = body(seed).mesh
    # Copies of one vertex, made where the texture is cut.
    place = np.concatenate([mesh.positions, mesh.normals], axis=1)
    _, inverse, counts = np.unique(place, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])[counts > 1]
    first, second = order[starts], order[starts + 1]
    plain = (mesh.surfaces[first] == Surface.SKIN) & (first != second)
    gap = np.abs(shown(mesh, mesh.uvs[first[plain]]) - shown(mesh, mesh.uvs[second[plain]]))
    assert plain.sum() > 100
    assert np.percentile(gap.max(axis=1), 90) < 0.06


@pytest.mark.parametrize("seed", SEEDS)
def test_skin_iris_and_cloth_have_the_colours_of_the_traits(seed):
    avatar, traits = body(seed), draw_traits(seed)
    mesh = avatar.mesh
    colours = shown(mesh, mesh.uvs)
    forehead = mesh.positions[:, 1] > avatar.proportions.eye_height + 0.03
    bare = (mesh.surfaces == Surface.SKIN) & forehead & (mesh.positions[:, 2] < -0.05)
    assert np.abs(np.median(colours[bare], axis=0) - traits.skin).max() < 0.08
    eye = avatar.proportions.rest_positions()[INDEX["rightEye"]]
    ball = np.flatnonzero((mesh.surfaces == Surface.EYE) & (mesh.positions[:, 0] > 0.0))
    out = mesh.positions[ball] - eye
    angle = np.arccos(-out[:, 2] / np.linalg.norm(out, axis=1))
    iris = ball[(angle > 0.2) & (angle < 0.36)]
    pupil = ball[angle < 0.12]
    white = ball[(angle > 0.6) & (angle < 0.75)]
    assert np.abs(colours[iris].mean(axis=0) - traits.iris).max() < 0.16
    assert colours[pupil].max() < 0.1
    assert colours[white].min() > 0.6


def test_two_seeds_are_two_people():
    one, other = body(1), body(4)
    assert abs(one.proportions.height - other.proportions.height) > 0.01
    for surface in (Surface.SKIN, Surface.HAIR, Surface.CLOTH):
        here, there = (
            shown(a.mesh, a.mesh.uvs)[a.mesh.surfaces == surface].mean(axis=0) for a in (one, other)
        )
        assert np.abs(here - there).max() > 0.04, surface
    assert len(one.mesh.positions) != len(other.mesh.positions)


def in_order(avatar):
    """What a mesh is, however its vertices are split and its triangles counted."""
    mesh = avatar.mesh
    keys = np.concatenate(
        [mesh.positions, mesh.normals, mesh.weights, mesh.joints, mesh.surfaces[:, None]], axis=1
    )
    keys, place = np.unique(keys, axis=0, return_inverse=True)
    t = place[mesh.triangles]
    first = t.argmin(axis=1)[:, None]
    t = np.take_along_axis(t, (first + np.arange(3)) % 3, axis=1)
    yield "vertices", keys
    yield "triangles", t[np.lexsort(t.T)]
    for morph in mesh.morphs:
        moved = np.zeros((len(keys), 6))
        moved[place[morph.vertices]] = np.hstack([morph.offsets, morph.normal_offsets])
        yield SHAPES[morph.shape], moved


def test_a_texture_splits_a_body_along_seams_and_changes_nothing_else():
    for (name, painted), (_, bare) in zip(in_order(body(1)), in_order(bare_body(1)), strict=True):
        assert np.array_equal(painted, bare), name


def test_the_same_seed_paints_the_same_texture():
    assert np.array_equal(body(1).mesh.textures[0], generate_body(1).mesh.textures[0])


def test_a_triangle_covers_its_texels_and_bleeds_less_than_one_beyond():
    uvs = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75]])
    texels = covered(uvs, np.array([[0, 1, 2]]), 32)
    row, column = np.divmod(texels.places, 32)
    middle = np.stack([column + 0.5, row + 0.5], axis=1) / 32
    inside = (middle >= 0.25).all(axis=1) & (middle.sum(axis=1) <= 1.0)
    assert inside.sum() == pytest.approx(0.125 * 32 * 32, rel=0.1)
    assert (middle >= 0.25 - 1.0 / 32).all() and (middle.sum(axis=1) <= 1.0 + 1.5 / 32).all()
    shown = texels.of(uvs, np.array([[0, 1, 2]]))
    assert np.abs(shown - middle)[inside].max() < 1e-9
    assert np.allclose(texels.shares.sum(axis=1), 1.0)


def test_bare_texels_take_the_colour_of_the_nearest():
    image = np.zeros((8, 8, 4), dtype=np.uint8)
    image[2, 3] = (10, 20, 30, 255)
    image[6, 6] = (200, 0, 0, 255)
    filled = spread(image, np.array([2 * 8 + 3, 6 * 8 + 6]))
    assert (filled[0, 0] == (10, 20, 30, 255)).all()
    assert (filled[7, 7] == (200, 0, 0, 255)).all()
