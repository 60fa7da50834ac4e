"""The headset as a sensor: from the view's process to the media process."""

import json
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
from openxr_runtime import require_monado

from presence.client.headset_sensor import STALE_NS, HeadsetSensor
from presence.client.settings import Settings
from presence.client.view import track_person
from presence.client.view_process import view_process
from presence.clock import SkewedClock
from presence.errors import HeadsetError, PresenceError
from presence.pose.arrays import frozen
from presence.tracking.sensed import Point, Sensed, unpack_sensed

CLOCK = SkewedClock(3_600_000_000_000, 100.0)


def seen(machine_ns, present=True):
    nothing = Sensed.nothing(machine_ns, present=present)
    sure = np.zeros(len(Point))
    sure[Point.HEAD] = 1.0
    return replace(
        nothing, position_confidence=frozen(sure), orientation_confidence=frozen(sure.copy())
    )


class View:
    """What a view process last said."""

    def __init__(self, sensed):
        self.last = sensed

    def sensed(self):
        return self.last


class Display:
    """A headset that says what a test wants, and is lost when that runs out."""

    def __init__(self, *said):
        self.said = list(said)

    def sense(self, machine_ns):
        if not self.said:
            raise HeadsetError("the headset was unplugged; connect it")
        return self.said.pop(0)


class Slot:
    def __init__(self):
        self.written = []

    def write(self, record):
        self.written.append(unpack_sensed(record))


class Never:
    def wait(self, seconds):
        return False


def test_what_is_sensed_is_stamped_by_the_participants_own_clock():
    sensor = HeadsetSensor(View(seen(5_000_000_000)), CLOCK)
    now = CLOCK.from_machine_ns(5_010_000_000)
    sensed = sensor.sense(now)
    assert abs(sensed.capture_ns - CLOCK.from_machine_ns(5_000_000_000)) < 1000
    assert sensed.capture_ns % 1000 == 0
    assert sensor.problem == ""


@pytest.mark.parametrize(
    ("last", "word"),
    [
        (None, "switched on"),
        (seen(0), "not heard of any more"),
        (Sensed.nothing(5_000_000_000, present=False), "put it on"),
        (Sensed.nothing(5_000_000_000), "look round"),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(last, word):
    sensor = HeadsetSensor(View(last), CLOCK)
    sensor.sense(CLOCK.from_machine_ns(5_000_000_000))
    assert word in sensor.problem


def test_what_is_too_old_is_nothing_and_what_comes_again_is_something():
    view = View(seen(5_000_000_000))
    sensor = HeadsetSensor(view, CLOCK)
    late = CLOCK.from_machine_ns(5_000_000_000 + STALE_NS + 1_000_000)
    assert sensor.sense(late) is None
    view.last = seen(5_000_000_000 + STALE_NS)
    assert sensor.sense(late) is not None
    assert sensor.problem == ""


def test_whoever_took_the_headset_off_is_told_of_as_not_there():
    sensed = HeadsetSensor(View(seen(5, present=False)), CLOCK).sense(CLOCK.from_machine_ns(6))
    assert not sensed.present


def test_the_last_word_of_a_headset_that_is_lost_is_that_nobody_is_there():
    slot = Slot()
    track_person(Display(seen(7), None, seen(8)), slot, Never())
    assert [sensed.present for sensed in slot.written] == [True, True, False]
    assert [sensed.capture_ns for sensed in slot.written[:2]] == [7, 8]


@pytest.mark.openxr
def test_a_view_tells_where_its_person_is_until_it_ends():
    require_monado()
    settings = Settings(link="", view="headset", source="headset", eye_pixels=64, still_pixels=64)
    with view_process(settings) as view:
        sensor = HeadsetSensor(view, settings.clock)
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and view.exit_code is None:
            sensed = sensor.sense(settings.clock.from_machine_ns(time.monotonic_ns()))
            if sensed is not None and sensed.present and view.head() is not None:
                break
            time.sleep(0.02)
        assert sensed.present, view.last_words
        head, tracked_ns = view.head()
        assert abs(time.monotonic_ns() - tracked_ns) < 5e9
        assert 1.0 < head.translation[1] < 2.2
        assert sensed.position_confidence[Point.LEFT_HAND] > 0.0
        os.kill(view._child.pid, signal.SIGTERM)
        assert view._child.wait(20) == 0, view.last_words
        assert not view.sensed().present
        # Whoever is listening still hears from where the head was.
        assert view.head() is not None


def test_of_a_runtime_that_does_not_load_one_sentence_is_told(tmp_path, monkeypatch):
    pytest.importorskip("xr")
    manifest = tmp_path / "runtime.json"
    runtime = {"name": "Gone", "library_path": str(tmp_path / "gone.so")}
    manifest.write_text(json.dumps({"file_format_version": "1.0.0", "runtime": runtime}))
    monkeypatch.setenv("XR_RUNTIME_JSON", str(manifest))
    with view_process(Settings(link="", view="headset", source="headset")) as view:
        assert view._child.wait(60) != 0
        with pytest.raises(PresenceError) as raised:
            view.closed()
        # OpenXR's loader has written lines of its own before it.
        assert len(view.last_words.splitlines()) > 1
    sentence = str(raised.value)
    assert sentence.startswith("the view failed: OpenXR could not ask the runtime")
    assert len(sentence.splitlines()) == 1
