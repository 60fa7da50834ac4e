import numpy as np
import pytest
from capsule_person import capsule_person
from gl_context import eye, person

from presence.pose.proportions import default_proportions
from presence.render.picture import read_picture
from presence.render.renderer import View
from presence.render.target import Target
from presence.scene.stage import Stage

AVATAR = capsule_person(default_proportions(1.7), segments=6, rings=4)


def drawn_into(renderer, target):
    renderer.draw(Stage([person(AVATAR)]), [View(eye(), target)])
    return read_picture(target)


@pytest.mark.parametrize("samples", [0, 4])
def test_an_external_texture_gets_the_picture_in_its_rectangle_alone(renderer, samples):
    gl = renderer.ctx
    untouched = np.full((96, 128, 4), 77, dtype=np.uint8)
    swapchain_image = gl.texture((128, 96), 4, untouched.tobytes())
    target = Target.external(gl, swapchain_image.glo, (128, 96), size=(64, 80), samples=samples)
    picture = drawn_into(renderer, target)
    own = Target(gl, (64, 80), samples=samples)
    np.testing.assert_array_equal(picture, drawn_into(renderer, own))
    target.release()
    own.release()
    held = np.frombuffer(swapchain_image.read(), dtype=np.uint8).reshape(96, 128, 4)
    # Textures begin at the bottom left.
    np.testing.assert_array_equal(held[:80, :64, :3][::-1], picture)
    assert picture.std() > 20
    if samples:
        outside = np.concatenate([held[80:].reshape(-1, 4), held[:80, 64:].reshape(-1, 4)])
        assert (outside == 77).all()
    swapchain_image.release()


def test_a_rectangle_larger_than_the_texture_is_refused(gl):
    texture = gl.texture((64, 64), 4)
    with pytest.raises(ValueError, match="65×64 does not fit into a texture of 64×64"):
        Target.external(gl, texture.glo, (64, 64), size=(65, 64))
    texture.release()


def test_releasing_a_target_leaves_an_external_texture_alive(renderer):
    gl = renderer.ctx
    texture = gl.texture((32, 32), 4)
    target = Target.external(gl, texture.glo, (32, 32))
    drawn_into(renderer, target)
    target.release()
    assert any(texture.read())
    texture.release()


def test_drawing_goes_on_after_the_target_in_use_is_released(renderer):
    first = Target(renderer.ctx, (32, 32))
    before = drawn_into(renderer, first)
    first.release()
    second = Target(renderer.ctx, (32, 32))
    np.testing.assert_array_equal(drawn_into(renderer, second), before)
    second.release()
