"""The turntable: how it turns, and what the person at the window does to it."""

import numpy as np
import pytest

from presence.client import turntable
from presence.client.turntable import TURN_S, Turntable
from presence.pose.proportions import default_proportions
from presence.render.eye import clip_from_own_place
from presence.render.window import Doings


def seen(table, measures, point):
    """Where a point of the person's place is in the picture, −1 to 1."""
    eye = table.eye(measures, (720, 900))
    clip = clip_from_own_place(eye) @ np.append(table.place.apply(np.asarray(point)), 1.0)
    return clip[:2] / clip[3]


def test_it_turns_by_itself_until_it_is_stopped():
    table = Turntable()
    for _ in range(10):
        table = table.after(TURN_S / 10.0, Doings())
    assert table.yaw == pytest.approx(2.0 * np.pi)
    stopped = table.after(0.0, Doings(struck=("space",)))
    assert stopped.after(5.0, Doings()).yaw == stopped.yaw


def test_arrows_and_pointer_turn_it_and_stop_its_own_turning():
    assert Turntable().after(1.0, Doings(struck=("right",))).yaw == pytest.approx(np.radians(15))
    assert Turntable().after(1.0, Doings(dragged=(-0.5, 0.2))) == Turntable(-2.0, 0.0, False)


@pytest.mark.parametrize("height", [1.2, 1.9])
def test_one_sees_the_whole_person_or_the_face(height):
    measures = default_proportions(height)
    for y in (0.0, measures.height):
        assert np.abs(seen(Turntable(), measures, (0.0, y, 0.0))).max() < 0.97
    near = Turntable()
    for _ in range(20):
        near = near.after(0.0, Doings(wheel=1.0))
    assert near.nearness == 1.0
    assert abs(seen(near, measures, (0.0, measures.eye_height, 0.0))[1]) < 0.4
    assert seen(near, measures, (0.0, 0.7 * measures.height, 0.0))[1] < -1.0


def test_a_window_is_open_until_it_is_closed(monkeypatch, x_display):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", x_display)
    from capsule_person import capsule_person

    frames = []

    class Closing(turntable.Window):
        def show(self):
            frames.append(self.target.size)
            return super().show() and len(frames) < 3

    monkeypatch.setattr(turntable, "Window", Closing)
    monkeypatch.setattr(turntable, "SIZE", (64, 80))
    turntable.turn(capsule_person(segments=6, rings=4))
    assert frames == [(64, 80)] * 3
