"""What a view draws on."""

import time

import numpy as np
import pytest

from presence.client.displays import draws_in_software, image_rectangle
from presence.client.metronome import Metronome
from presence.client.offscreen_display import OffscreenDisplay
from presence.client.open_display import open_display
from presence.client.settings import Settings
from presence.errors import UsageError
from presence.headset.frames import FieldOfView
from presence.pose import PoseSample, Rigid, default_proportions
from presence.scene.stage import Person, Stage
from presence.scene.triangle import triangle_avatar


@pytest.mark.parametrize("within", [(512, 512), (1056, 1056), (640, 400), (300, 900)])
def test_an_image_rectangle_has_square_pixels_and_fits(within):
    fov = FieldOfView(-0.742, 0.742, 0.779, -0.779)
    width, height = image_rectangle(fov, within)
    left, right, down, up = fov.tangents
    assert width <= within[0]
    assert height <= within[1]
    assert max(width / within[0], height / within[1]) > 0.98
    assert width / height == pytest.approx((right - left) / (up - down), rel=0.01)
    assert width % 2 == height % 2 == 0


def test_software_rasterisers_are_known_by_name():
    assert draws_in_software("llvmpipe (LLVM 19.1.7, 256 bits)")
    assert not draws_in_software("NVIDIA GeForce RTX 4090/PCIe/SSE2")


def test_a_metronome_skips_beats_that_were_missed():
    metronome = Metronome(50.0)
    first = metronome.wait()
    time.sleep(0.09)
    second = metronome.wait()
    assert (second.display_ns - first.display_ns) % metronome.period_ns == 0
    assert second.display_ns - first.display_ns >= 4 * metronome.period_ns
    assert second.display_ns > second.woke_ns


def test_the_offscreen_view_draws_a_person_for_both_eyes():
    display = OffscreenDisplay(128, 256, 0, 60.0)
    try:
        body = default_proportions()
        sample = PoseSample.at_rest(0, body.hips_height)
        facing = Rigid.from_yaw(np.pi, np.array([0.0, 0.0, -0.6]))
        somebody = Stage([Person(triangle_avatar(), sample, body, facing)])
        assert display.wait() is not None
        empty = display.draw(Stage(), keep_left=True)
        seen = display.draw(somebody, keep_left=True)
        assert display.draw(somebody, keep_left=False) is None
        assert empty.shape == (128, 128, 3)
        assert np.any(seen[40:90, 40:90] != empty[40:90, 40:90])
        left, right = display.draw_still(somebody)
        assert left.shape == right.shape == (256, 256, 3)
        assert np.any(left != right)
    finally:
        display.close()


def test_an_unknown_view_is_said_so():
    with pytest.raises(UsageError, match="headset, window, offscreen or none"):
        open_display(Settings(link="", view="telepathy"))


@pytest.mark.parametrize(
    ("source", "whole"), [("headset", True), ("performer", False), ("camera", False)]
)
def test_a_headset_looks_at_the_whole_person_only_where_that_is_sent(monkeypatch, source, whole):
    module = pytest.importorskip("presence.client.headset_display")
    opened = []
    monkeypatch.setattr(module, "HeadsetDisplay", lambda *_, **options: opened.append(options))
    open_display(Settings(link="", view="headset", source=source))
    assert opened == [{"whole": whole}]
