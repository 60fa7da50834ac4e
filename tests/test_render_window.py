import pytest

from presence.errors import RenderError
from presence.render.window import Window, side_by_side


def test_without_a_screen_the_message_says_what_to_do(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RenderError, match=r"no screen was found .*offscreen view"):
        Window("presence", (64, 64))


def test_two_eyes_share_a_window_without_a_gap():
    assert side_by_side((101, 60)) == ((0, 0, 50, 60), (50, 0, 51, 60))
