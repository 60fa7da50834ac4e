import moderngl
import pytest

from presence.errors import RenderError
from presence.render import context
from presence.render.context import finish, flush, offscreen_context


def test_without_opengl_the_message_names_the_packages(monkeypatch):
    def refuse(**way):
        raise Exception(f"eglInitialize failed by {way.get('backend', 'default')}")

    monkeypatch.setattr(moderngl, "create_context", refuse)
    with pytest.raises(RenderError) as raised:
        offscreen_context()
    for part in ("eglInitialize failed by", "libegl1", "libgl1 ", "libgl1-mesa-dri", "apt-get"):
        assert part in str(raised.value)


def test_when_one_way_fails_another_is_tried(monkeypatch):
    ways = []

    def create(**way):
        ways.append(way.get("backend"))
        if len(ways) == 1:
            raise ImportError("no EGL")
        return "a context"

    monkeypatch.setattr(context.sys, "platform", "linux")
    monkeypatch.setattr(moderngl, "create_context", create)
    assert offscreen_context() == "a context"
    assert ways == ["egl", None]


def test_finishing_and_flushing_reach_the_driver(gl):
    flush()
    finish()


def test_without_the_library_finishing_says_what_to_install(monkeypatch):
    monkeypatch.setattr(context, "find_library", lambda name: None)
    context._library.cache_clear()
    try:
        with pytest.raises(RenderError, match="libgl1"):
            finish()
    finally:
        context._library.cache_clear()
