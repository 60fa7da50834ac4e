"""Clicks into a call and out of it: that they are timed, and those that got lost are known."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from presence.bench.clicks import TURN_NS, click, click_times, heard_delays, write_clicks
from presence.clock import MILLISECOND, SECOND
from presence.voice.block import RATE

BEGAN_NS = 7 * SECOND


def write(path, sound):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.stack([sound, 0.3 * sound], axis=1) * 32767).astype("<i2").tobytes())


def test_everybody_clicks_in_turn_and_nobody_at_once():
    times = [click_times(turn, 3, 30.0) for turn in range(3)]
    together = np.sort(np.concatenate(times))
    assert (np.diff(together) == TURN_NS).all()
    assert together[0] == SECOND


@pytest.mark.parametrize("late_ms", [3, 87, 240])
@pytest.mark.parametrize("gain", [0.03, 1.0])
def test_the_time_from_said_to_heard_is_found_to_the_millisecond(tmp_path, late_ms, gain):
    said_ns = BEGAN_NS + click_times(0, 2, 8.0)
    sound = np.random.default_rng(0).normal(0.0, 0.0004, 9 * RATE)
    for at_ns in said_ns:
        begin = (at_ns - BEGAN_NS + late_ms * MILLISECOND) * RATE // SECOND
        sound[begin : begin + len(click())] += gain * click()
    write(tmp_path / "heard.wav", sound)
    delays = heard_delays(tmp_path / "heard.wav", BEGAN_NS, said_ns)
    assert delays / MILLISECOND == pytest.approx(late_ms, abs=1.01)


def test_a_click_that_was_never_heard_is_none(tmp_path):
    said_ns = BEGAN_NS + click_times(0, 2, 8.0)
    sound = np.zeros(9 * RATE)
    begin = (said_ns[0] - BEGAN_NS + 50 * MILLISECOND) * RATE // SECOND
    sound[begin : begin + len(click())] += click()
    write(tmp_path / "heard.wav", sound)
    delays = heard_delays(tmp_path / "heard.wav", BEGAN_NS, said_ns)
    assert np.isfinite(delays).tolist() == [True] + [False] * (len(said_ns) - 1)


def test_what_is_written_has_its_clicks_where_they_are_said_to_be(tmp_path):
    write_clicks(tmp_path / "says.wav", 1, 2, 6.0)
    said_ns = click_times(1, 2, 6.0)
    assert heard_delays(tmp_path / "says.wav", 0, said_ns) == pytest.approx(0.0, abs=1e6)
