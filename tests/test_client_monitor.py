"""The microphone's meter: what it says of what is heard."""

from __future__ import annotations

import wave
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from presence.client.devices import FixedDevices
from presence.client.lines import RATE, lines
from presence.client.monitor import Hearing, Monitor, hearing_table, run_monitor
from presence.client.talking import Talking
from presence.clock import MILLISECOND, ManualClock
from presence.errors import SoundError, SourceError, UsageError
from presence.voice.file_device import null_headphones, sound_microphone
from presence.voice.gate import Gate
from presence.voice.processing import NoProcessing


def heard(sound, seconds):
    """What is said of a sound, ten times a second."""
    clock = ManualClock()
    devices = FixedDevices(sound_microphone("a file", sound, RATE, 0), null_headphones(0))
    watched = Monitor(devices, Talking(NoProcessing(), Gate()), clock)
    said = []
    for _ in range(round(10 * seconds)):
        clock.advance(100 * MILLISECOND)
        said.append(watched.listen())
    return said


def shown(hearing):
    console = Console(file=StringIO(), width=100)
    console.print(hearing_table(hearing))
    return console.file.getvalue()


def test_who_speaks_is_told_that_they_are_heard_and_silence_is_nobody():
    said = heard(lines(1, 1, 3, 12.0), 12.0)
    texts = [shown(hearing) for hearing in said]
    assert any("you are heard" in text for text in texts)
    assert "nobody speaks" in texts[2]
    assert max(hearing.level for hearing in said) > 0.3
    assert all("a file" in text for text in texts)
    # Looked at ten times a second, the oldest of what came since is 100 ms older.
    assert 20 < said[-1].late_ms < 45


def test_where_echo_cannot_be_held_it_says_so():
    hearing = heard(np.zeros(RATE, dtype=np.float32), 0.5)[-1]
    assert not hearing.problem
    assert "use [your] headphones" in shown(replace(hearing, problem="use [your] headphones"))


def test_the_meter_goes_with_the_loudness_and_its_mark_falls_slowly():
    tone = np.sin(np.arange(RATE) * 0.2).astype(np.float32) * 0.5
    said = heard(np.concatenate([tone, np.zeros(2 * RATE, dtype=np.float32)]), 3.0)
    assert said[8].level_db == pytest.approx(-9.0, abs=0.5)
    assert said[-1].level_db < -90
    assert said[-1].peak_db == pytest.approx(-9.0 - 20.0 * 2.0, abs=3.0)
    bars = [shown(hearing).count("▮") for hearing in said]
    assert bars[8] > 25
    assert bars[-1] <= 1


@pytest.mark.parametrize(
    ("peak_db", "level", "words"),
    [(-0.2, 0.9, "too loud"), (-48.0, 0.1, "hardly be heard"), (-20.0, 0.6, "you are heard")],
)
def test_what_is_amiss_is_said_with_its_cure(peak_db, level, words):
    hearing = Hearing("m", peak_db, peak_db, level, 21.0, 40.0)
    assert words in shown(hearing)
    assert "+40 ppm" in shown(hearing)


def test_the_command_ends_by_itself_and_shows_the_file(tmp_path):
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((lines(1, 1, 3, 4.0) * 32767).astype("<i2").tobytes())
    console = Console(file=StringIO(), width=400)
    run_monitor(f"file:{path}", 0.5, console)
    assert "speech.wav" in console.file.getvalue()


def test_what_cannot_be_watched_is_a_sentence(tmp_path):
    console = Console(file=StringIO())
    with pytest.raises(UsageError, match="hears nothing"):
        run_monitor("none", 0.1, console)
    with pytest.raises(SourceError, match="cannot be read"):
        run_monitor(f"file:{tmp_path / 'none.wav'}", 0.1, console)
    with pytest.raises(SoundError, match="fits none"):
        run_monitor("no such microphone", 0.1, console)
