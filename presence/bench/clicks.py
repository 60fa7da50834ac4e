"""Clicks said into one end of a call, and found in what is heard at the others.

A click is 60 ms of a buzz like a vowel's, with a hard edge: short enough to time to a millisecond,
and enough like a voice that what takes noise out of a microphone leaves it in.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from presence.clock import MILLISECOND, SECOND
from presence.pose.arrays import Floats, Ints
from presence.voice.block import RATE, Samples
from presence.voice.sound_file import WavWriter, read_wav

TURN_NS = 600 * MILLISECOND
"""Between one participant's click and the next one's, so that it is known whose it is."""
_CLICK_S = 0.06
_PITCH = 160.0
_HOP = RATE // 1000
_FAINTEST = 0.004
"""Of full scale: what is softer is no click."""


def click() -> Samples:
    """``(n,)`` one click, at ``RATE``."""
    t = np.arange(round(_CLICK_S * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * _PITCH * k * t) / (1 + abs(k - 4)) for k in range(1, 16))
    edge = np.minimum(1.0, np.minimum(t / 0.001, (_CLICK_S - t) / 0.01))
    sound = np.asarray(sound) * edge
    scaled: Samples = (0.4 * sound / np.abs(sound).max()).astype(np.float32)
    return scaled


def click_times(turn: int, participants: int, seconds: float) -> Ints:
    """When a participant clicks, nanoseconds since the file began."""
    period_ns = participants * TURN_NS
    return np.arange(SECOND + turn * TURN_NS, round(seconds * SECOND) - TURN_NS, period_ns)


def write_clicks(path: Path, turn: int, participants: int, seconds: float) -> None:
    """A WAV file of one participant's clicks."""
    sound = np.zeros(round(seconds * RATE), dtype=np.float32)
    for at_ns in click_times(turn, participants, seconds).tolist():
        begin = at_ns * RATE // SECOND
        one = click()
        sound[begin : begin + len(one)] = one
    file = WavWriter(path, RATE, 1)
    file.write(sound)
    file.close()


def heard_delays(path: Path, began_ns: int, said_ns: Ints, within_ns: int = TURN_NS) -> Floats:
    """How long after it was said each click is heard, nanoseconds; NaN: it is not heard.

    Args:
        path: what headphones played, as a WAV file.
        began_ns: when its first sample was heard, by the clock of the next.
        said_ns: ``(n,)`` when clicks were said.
        within_ns: how much later each is looked for; until the next one that is heard there.
    """
    sound, _ = read_wav(path)
    loud = np.abs(sound).max(axis=1)
    levels = loud[: len(loud) // _HOP * _HOP].reshape(-1, _HOP).max(axis=1)
    own = np.abs(click()).reshape(-1, _HOP).max(axis=1)
    delays = np.full(len(said_ns), np.nan)
    for n, at_ns in enumerate(said_ns.tolist()):
        first = max(0, round((at_ns - began_ns) / MILLISECOND))
        window = levels[first : first + within_ns // MILLISECOND]
        if len(window) > len(own) and window.max() > _FAINTEST:
            # Where the rise and fall of loudness is most like the click's.
            late = int(np.argmax(np.correlate(window, own, "valid")))
            delays[n] = began_ns + (first + late) * MILLISECOND - at_ns
    return delays
