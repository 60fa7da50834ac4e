"""The monitor: what it says of a microphone, of sensors, and in the mirror."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import threading
import time
import wave
from dataclasses import replace
from io import StringIO
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from openxr_runtime import require_monado
from rich.console import Console

from presence.client import monitor
from presence.client.devices import FixedDevices
from presence.client.hearing_meter import Hearing, Monitor, hearing_table
from presence.client.lines import RATE, lines
from presence.client.monitor import run_monitor
from presence.client.settings import Settings
from presence.client.talking import Talking
from presence.clock import MILLISECOND, ManualClock
from presence.errors import SoundError, SourceError, UsageError
from presence.tracking.sensed import Point, Sensed
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
    assert "speech.wav" in watched(microphone=f"file:{path}")


def watched(seconds=0.5, mirror=False, **settings):
    """What the terminal shows."""
    console = Console(file=StringIO(), width=400)
    run_monitor(Settings(link="", view="none", **settings), seconds, console, mirror=mirror)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("settings", "mirror", "error", "words"),
    [
        ({"microphone": "none"}, False, UsageError, "hears nothing"),
        ({"microphone": "lines"}, False, UsageError, "hears nothing"),
        ({"microphone": "none"}, True, UsageError, "hears nothing"),
        ({"microphone": "default"}, True, UsageError, "--as"),
        ({"source": "vmc", "beside": ("kinect",)}, False, UsageError, "kinect is no sensor"),
        ({"beside": ("live-link",)}, False, UsageError, "--as vmc"),
        ({"microphone": "file:none.wav"}, False, SourceError, "cannot be read"),
        ({"microphone": "no such microphone"}, False, SoundError, "fits none"),
    ],
)
def test_what_cannot_be_watched_is_a_sentence(settings, mirror, error, words):
    with pytest.raises(error, match=words):
        watched(0.1, mirror, **settings)


class Nodding:
    """A sensor that knows a head, thirty times a second, and what its camera sees."""

    name = "camera"
    problem = "it is [very] dark"

    def __init__(self):
        self.closed = False
        self.asked = 0
        self.has_asked = threading.Condition()

    def sense(self, time_ns):
        with self.has_asked:
            self.asked += 1
            self.has_asked.notify_all()
        positions, sure = np.zeros((6, 3)), np.zeros(6)
        positions[Point.HEAD], sure[Point.HEAD] = (0.0, 1.5, 0.0), 0.9
        return replace(
            Sensed.nothing(time_ns // 33_000_000 * 33_000_000),
            positions=positions,
            position_confidence=sure,
            orientation_confidence=sure,
            face_confidence=np.full(52, 0.6),
        )

    def preview(self):
        picture = np.zeros((2, 3, 3), dtype=np.uint8)
        picture[:, 0] = 255
        return picture

    def close(self):
        self.closed = True


class Failing(Nodding):
    """A sensor with a fault of its own."""

    def sense(self, time_ns):
        raise OSError("the camera's memory is gone")


@pytest.fixture
def nodding(monkeypatch):
    sensor = Nodding()
    monkeypatch.setattr(monitor, "open_sensors", lambda *_: [sensor])
    return sensor


def test_who_is_tracked_is_shown_with_rate_and_confidence(nodding):
    text = watched(1.5, source="camera", microphone="none")
    last = text[text.rindex("Tracking") :]
    assert "camera" in last and "it is [very] dark" in last
    head = next(line for line in last.splitlines() if "head" in line)
    assert " 90" in head
    rate = next(line for line in last.splitlines() if "values a second" in line)
    # A busy machine asks it less often than it has something new, and never more.
    assert 2 <= int(rate.split("│")[2]) <= 32
    assert nodding.closed


def test_sound_and_tracking_are_shown_together(nodding, tmp_path):
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(2 * RATE))
    text = watched(0.4, source="camera", microphone=f"file:{path}")
    assert "Tracking" in text and "speech.wav" in text


def test_the_mirror_shows_who_is_tracked_and_what_the_camera_sees_and_closing_it_ends(
    nodding, monkeypatch
):
    seen = []

    class Glass:
        def __init__(self, avatar):
            self.open = True

        def show(self, sample, time_ns, camera):
            seen.append((sample, camera))
            return len(seen) < 5

        def close(self):
            self.open = False

    monkeypatch.setattr(monitor, "MirrorWindow", Glass)
    watched(60.0, mirror=True, source="camera", microphone="none")
    assert len(seen) == 5
    sample, camera = seen[-1]
    assert sample.tracked[0] > 0.5
    # What the camera sees is as in a mirror, too.
    assert camera[0, 2, 0] == 255 and camera[0, 0, 0] == 0


def test_while_the_mirror_is_drawn_slowly_sensors_are_asked_on(nodding, monkeypatch):
    asked_meanwhile = []

    class Slow:
        def __init__(self, avatar):
            pass

        def show(self, sample, time_ns, camera):
            with nodding.has_asked:
                before = nodding.asked
                asked_meanwhile.append(
                    nodding.has_asked.wait_for(lambda: nodding.asked >= before + 4, timeout=20.0)
                )
            return len(asked_meanwhile) < 3

        def close(self):
            pass

    monkeypatch.setattr(monitor, "MirrorWindow", Slow)
    watched(60.0, mirror=True, source="camera", microphone="none")
    assert asked_meanwhile == [True] * 3


def test_what_goes_wrong_with_a_sensor_ends_the_command_and_gives_it_back(monkeypatch):
    sensor = Failing()
    monkeypatch.setattr(monitor, "open_sensors", lambda *_: [sensor])
    with pytest.raises(OSError, match="memory is gone"):
        watched(60.0, source="camera", microphone="none")
    assert sensor.closed


def processes_with(mark):
    """The processes that a command has left behind."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.openxr
def test_in_a_terminal_a_headset_is_shown_live_and_ctrl_c_leaves_nothing_behind():
    require_monado()
    mark = f"MONITORED={uuid4()}"
    own, theirs = pty.openpty()
    termios.tcsetwinsize(own, (40, 100))
    before = termios.tcgetattr(own)
    child = subprocess.Popen(
        [sys.executable, "-m", "presence", "monitor", "--as", "headset", "--microphone", "none"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **dict([mark.split("=")])},
        # A session whose terminal this is: Ctrl-C goes to all that are in its foreground.
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
    )
    os.close(theirs)
    shown = b""

    def see(words, within_s):
        nonlocal shown
        deadline = time.monotonic() + within_s
        while not re.search(words, shown) and time.monotonic() < deadline:
            if select.select([own], [], [], 0.2)[0]:
                try:
                    shown += os.read(own, 65536)
                except OSError:
                    # Nobody has the terminal open any more.
                    break
        assert re.search(words, shown), shown.decode(errors="replace")[-3000:]

    try:
        # The newest of all tables: a rate, and a head that is known for sure.
        see(rb"(?s)values a second[^\n]* \d+ [^\n]*\n.*head[^\n]* 100 ", 120.0)
        assert len(processes_with(mark)) >= 2
        os.write(own, b"\x03")
        # The cursor is shown again.
        see(rb"\x1b\[\?25h", 60.0)
        assert child.wait(60) == 0
        assert b"Traceback" not in shown
        assert termios.tcgetattr(own) == before
        assert processes_with(mark) == []
    finally:
        child.kill()
        child.wait()
        os.close(own)
