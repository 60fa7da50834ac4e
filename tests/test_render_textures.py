from dataclasses import replace

import numpy as np
import pytest
from gl_context import eye, facing_viewer, person, picture_of

from presence.pose.proportions import default_proportions
from presence.pose.rigid import Rigid
from presence.pose.skeleton import INDEX
from presence.render.renderer import Background, Renderer
from presence.render.textures import TEXTURE_SIZE, layers_of
from presence.scene.avatar import UNTEXTURED, Avatar, Mesh, Surface

HEAD = INDEX["head"]


@pytest.fixture
def people_only(gl):
    renderer = Renderer(gl, background=Background.TRANSPARENT)
    yield renderer
    renderer.release()


def board(
    *, colour=(1.0, 1.0, 1.0), images=(), layer=0, surface=Surface.CLOTH, cut=False, half=0.1
):
    """A square board before the face, as wide as what is seen of it."""
    measures = default_proportions(1.7)
    corners = np.array([[half, half], [-half, half], [-half, -half], [half, -half]])
    middle = measures.rest_positions()[HEAD] + measures.eyes
    positions = np.column_stack([corners, np.zeros(4)]) + middle
    mesh = Mesh(
        positions=positions.astype(np.float32),
        normals=np.tile(np.array([0, 0, -1], dtype=np.float32), (4, 1)),
        colours=np.tile(np.array(colour, dtype=np.float32), (4, 1)),
        surfaces=np.full(4, surface, dtype=np.uint8),
        joints=np.tile(np.array([HEAD, 0, 0, 0], dtype=np.uint8), (4, 1)),
        weights=np.tile(np.array([1, 0, 0, 0], dtype=np.float32), (4, 1)),
        triangles=np.array([[0, 2, 1], [0, 3, 2]], dtype=np.uint32),
    )
    if images:
        # Seen by who faces the board, x = +half is to the left.
        mesh = replace(
            mesh,
            uvs=np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32),
            layers=np.full(4, layer, dtype=np.uint8),
            textures=tuple(images),
            cutouts=np.full(2, cut),
        )
    return Avatar("board", mesh, measures)


def plain(rgb, size=8, alpha=255):
    image = np.empty((size, size, 4), dtype=np.uint8)
    image[..., :3] = rgb
    image[..., 3] = alpha
    return image


def seen(renderer, *avatars, places=None):
    places = places or [facing_viewer(0.6)] * len(avatars)
    people = [person(avatar, place) for avatar, place in zip(avatars, places, strict=True)]
    height = avatars[0].proportions.eye_height
    return picture_of(
        renderer, people, eye((0.0, height, 0.0), half=0.1), size=(64, 64), alpha=True
    )


@pytest.mark.parametrize("surface", [Surface.SKIN, Surface.HAIR, Surface.CLOTH, Surface.TEETH])
def test_a_texture_shows_as_a_vertex_colour_of_its_values_does(people_only, surface):
    colour = np.array([201, 77, 20])
    painted = seen(people_only, board(colour=colour / 255, surface=surface))
    textured = seen(people_only, board(images=[plain(colour)], surface=surface))
    assert (painted[..., 3] == 255).all()
    np.testing.assert_allclose(textured.astype(int), painted, atol=1)


def test_texture_and_vertex_colour_multiply_as_light(people_only):
    """Half the light of half the light is a quarter: 0.5 is encoded as 188, 0.25 as 137."""
    both = seen(people_only, board(colour=[188 / 255] * 3, images=[plain(188)]))
    quarter = seen(people_only, board(colour=[137 / 255] * 3))
    np.testing.assert_allclose(both.astype(int), quarter, atol=2)


def test_between_texels_light_is_averaged_and_not_its_encoding(people_only):
    """A fine black and white weave far off is as bright as half the light."""
    weave = plain(0, TEXTURE_SIZE)
    weave[(np.indices((TEXTURE_SIZE, TEXTURE_SIZE)).sum(axis=0) % 2).astype(bool), :3] = 255
    far = seen(people_only, board(images=[weave]))
    half = seen(people_only, board(colour=[188 / 255] * 3))
    np.testing.assert_allclose(far.astype(int), half, atol=2)


def test_an_image_lies_top_row_first_with_u_from_its_left(people_only):
    image = plain(0)
    image[:4, :4, 0] = 255
    image[4:, 4:, 2] = 255
    picture = seen(people_only, board(images=[image])).astype(int)
    assert picture[16, 16, 0] > 150 > 30 > picture[16, 16, 2]
    assert picture[48, 48, 2] > 150 > 30 > picture[48, 48, 0]
    assert picture[16, 48, :3].max() < 60 and picture[48, 16, :3].max() < 60


def test_a_vertex_without_a_layer_shows_its_own_colour(people_only):
    bare = seen(people_only, board(colour=(0.2, 0.7, 0.3)))
    spared = seen(people_only, board(colour=(0.2, 0.7, 0.3), images=[plain(0)], layer=UNTEXTURED))
    np.testing.assert_array_equal(spared, bare)


def test_everyone_keeps_their_own_layers_as_people_come_and_go(people_only):
    red = board(images=[plain((0, 0, 0)), plain((220, 20, 20))], layer=1, half=0.03)
    blue = board(images=[plain((20, 20, 220))], half=0.03)
    bare = board(colour=(0.1, 0.8, 0.1), half=0.03)
    left, middle, right = (facing_viewer(0.6, aside) for aside in (-0.04, 0.0, 0.04))

    def colours(*who):
        avatars, places = zip(*who, strict=True)
        picture = seen(people_only, *avatars, places=places).astype(int)
        return [picture[32, column, :3].argmax() for column in (12, 32, 52)]

    assert colours((red, left), (bare, middle), (blue, right)) == [0, 1, 2]
    assert colours((blue, left), (red, middle), (red, right)) == [2, 0, 0]
    assert colours((bare, left), (bare, middle), (blue, right)) == [1, 1, 2]


def test_who_leaves_costs_the_others_no_new_upload(people_only):
    red, blue = (board(images=[plain(rgb)]) for rgb in ((220, 20, 20), (20, 20, 220)))
    places = [facing_viewer(0.6), facing_viewer(0.7)]
    seen(people_only, red, blue, places=places)
    textures = people_only._crowd._textures
    array = textures._array
    alone = seen(people_only, blue)
    assert textures._array is array
    assert alone[32, 32, 2] > 150 > alone[32, 32, 0]
    seen(people_only, board(images=[plain((20, 220, 20))]))
    assert textures._array is not array and textures._array.layers == 1, "who has gone is let go"


def test_a_cutout_is_seen_from_both_sides_and_only_where_it_is_opaque(people_only):
    image = plain((200, 200, 200))
    image[:, :4, 3] = 0
    cut = board(images=[image], cut=True)
    behind = board(colour=(0.9, 0.1, 0.1))
    front = seen(people_only, cut)
    assert (front[:, :28, 3] == 0).all() and (front[:, 36:, 3] == 255).all()
    both = seen(people_only, cut, behind, places=[facing_viewer(0.6), facing_viewer(0.7)])
    assert (both[..., 3] == 255)[8:-8, 8:-8].all()
    assert both[32, 16, 1] < 80 < both[32, 48, 1]
    away = Rigid.from_yaw(0.0, np.array([0.0, 0.0, -0.5]))
    back = seen(people_only, cut, places=[away])
    assert (back[:, :28, 3] == 255).all() and (back[:, 36:, 3] == 0).all()
    assert back[32, 12, :3].min() > 60, "lit from the side that is seen"
    solid = seen(people_only, board(images=[image]), places=[away])
    assert not solid.any(), "what is no cutout has one side"


def test_an_eye_shows_its_texture(people_only):
    brown = seen(people_only, board(images=[plain((120, 60, 20))], surface=Surface.EYE))
    blue = seen(people_only, board(images=[plain((30, 60, 140))], surface=Surface.EYE))
    assert np.argmax(brown[50, 32, :3]) == 0 and np.argmax(blue[50, 32, :3]) == 2


def test_images_become_squares_of_one_size_in_linear_light():
    layers = layers_of([plain((255, 0, 188), 16), plain(137, TEXTURE_SIZE, alpha=128)])
    assert layers.shape == (2, TEXTURE_SIZE, TEXTURE_SIZE, 4) and layers.dtype == np.uint16
    np.testing.assert_allclose(layers[0, 5, 7], [65535, 0, 65535 * 0.5, 65535], atol=350)
    np.testing.assert_allclose(layers[1, 5, 7] / 65535, [0.25, 0.25, 0.25, 128 / 255], atol=0.004)
