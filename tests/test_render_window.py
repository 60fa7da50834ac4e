import glfw
import pytest
from capsule_person import capsule_person
from gl_context import eye, person

from presence.errors import RenderError
from presence.render.picture import read_picture
from presence.render.renderer import Renderer, View
from presence.render.window import Doings, Window
from presence.scene.stage import Stage


@pytest.fixture
def no_screen(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_screen_the_message_says_what_to_do(no_screen):
    with pytest.raises(RenderError, match=r"no screen was found .*--view offscreen"):
        Window("presence", (64, 64))


def test_a_window_shows_both_eyes_until_escape_is_pressed(no_screen, monkeypatch, x_display):
    monkeypatch.setenv("DISPLAY", x_display)
    window = Window("presence", (120, 60), wait_for_screen=False)
    assert window.refresh_rate > 0
    renderer = Renderer(window.ctx)
    stage = Stage([person(capsule_person(segments=6, rings=4))])
    target = window.target
    assert target.size == (120, 60)
    views = [
        View(eye((at, 1.6, 0.0)), target, rect)
        for at, rect in ((-0.03, (0, 0, 60, 60)), (0.03, (60, 0, 60, 60)))
    ]
    renderer.draw(stage, views)
    picture = read_picture(target)
    assert picture.shape == (60, 120, 3)
    assert (picture[:, :60] != picture[:, 60:]).any()
    assert picture.std() > 20
    assert window.show()
    assert window.ctx.error == "GL_NO_ERROR"
    window._on_key(glfw.get_current_context(), glfw.KEY_ESCAPE, 0, glfw.PRESS, 0)
    assert not window.show()
    renderer.release()
    window.close()


def test_a_window_tells_once_what_the_person_did(no_screen, monkeypatch, x_display):
    monkeypatch.setenv("DISPLAY", x_display)
    window = Window("presence", (120, 60), wait_for_screen=False)
    handle = glfw.get_current_context()
    held = {"state": glfw.RELEASE}
    monkeypatch.setattr(glfw, "get_mouse_button", lambda *_: held["state"])
    window.doings()
    for x, state in ((10, glfw.RELEASE), (20, glfw.RELEASE), (50, glfw.PRESS)):
        held["state"] = state
        window._on_pointer(handle, x, 5.0)
    window._on_pointer(handle, 50, 20.0)
    window._on_wheel(handle, 0.0, 2.0)
    for action in (glfw.PRESS, glfw.REPEAT, glfw.RELEASE):
        window._on_key(handle, glfw.KEY_LEFT, 0, action, 0)
    done = window.doings()
    assert done.dragged == pytest.approx((0.5, -0.25))
    assert (done.wheel, done.struck) == (2.0, ("left", "left"))
    assert window.doings() == Doings()
    window.close()
