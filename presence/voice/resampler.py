"""Sound at one rate read at any places between its samples: rates converted, drift taken out.

A sinc under a Kaiser window, 24 samples of the slower rate to each side, tabulated at 256 places
between two samples with straight lines between those. It delays by 24 samples, 0.5 ms at 48 kHz,
and it is known to a fraction of a sample what each output is the sound of. soxr's variable rate,
which is kept by others, delays by 5 ms, and its fixed rates hand sound out in pieces of up to 38 ms
(measured, version 1.1.0): too much of the 70 ms in which a voice is to be heard.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from presence.voice.block import Samples
from presence.voice.reading import PLACES, read_between
from presence.voice.seams import RISE, SEAM, ending, risen

_HALF = 24
_BETA = 9.0
"""Of Kaiser's window: what lies beyond half the rate is 90 dB down 3 kHz later."""


class Resampler:
    """Input in pieces, output at evenly spaced places. State: recent input, the next place.

    Places are counted in input samples since the first.
    """

    def __init__(self, in_rate: int, out_rate: int, channels: int | None = None) -> None:
        """``channels``: None is mono, ``(n,)``; else sound is ``(n, channels)``."""
        make_ready()
        self._table, self._slopes = kernel(in_rate, out_rate)
        self.half = self._table.shape[1] // 2
        """Input samples that are needed beyond a place."""
        self._shape = () if channels is None else (channels,)
        # Before the first sample there was silence.
        self._input: Samples = np.zeros((2 * self.half, *self._shape), dtype=np.float32)
        self._base = -2 * self.half
        self._rising = False
        self._most_silence = in_rate
        self.position = 0.0
        """The place of the next output."""

    @property
    def end(self) -> int:
        """How many input samples there were."""
        return self._base + len(self._input)

    def push(self, sound: Samples) -> None:
        """Take in what comes next."""
        if self._rising and len(sound):
            sound, self._rising = risen(sound), False
        first = math.floor(self.position) - self.half - SEAM - 1
        keep = max(0, min(first, self.end) - self._base)
        self._input = np.concatenate([self._input[keep:], sound])
        self._base += keep

    def bridge(self, missing: int) -> None:
        """Take in that samples are missing here: what was fades, and what comes rises."""
        end = self.end + missing
        gap = np.zeros((min(missing, self._most_silence), *self._shape), dtype=np.float32)
        if len(self._input) > SEAM:
            tail = ending(self._input)[: len(gap)]
            gap[: len(tail)] = tail
        self._rising = False
        self.push(gap)
        self._rising = True
        if self.end < end:
            # So long a silence need not be kept: it is all before what is kept.
            self._input = np.zeros_like(gap)
            self._base = end - len(gap)

    def available(self, step: float) -> int:
        """How many outputs can be had, ``step`` input samples apart."""
        last = self.end - self.half - 1 - self.position
        return max(0, math.floor(last / step) + 1)

    def pull(self, count: int, step: float) -> Samples:
        """The next outputs; at most as many as are available."""
        out = self._at(self.position, count, step)
        self.position += count * step
        return out

    def pull_from(self, position: float, count: int, step: float) -> Samples:
        """The same from another place, faded over to within 5 ms."""
        before = self.position
        self.position = max(position, float(self._base + self.half))
        fade = min(SEAM, count, self.available(step))
        old_end = before + fade * step
        out = self.pull(count, step)
        if before >= self._base + self.half and old_end < self.end - self.half:
            rise = RISE[:fade] if not self._shape else RISE[:fade, None]
            out[:fade] = out[:fade] * rise + self._at(before, fade, step) * (1.0 - rise)
            return out
        return risen(out)

    def _at(self, position: float, count: int, step: float) -> Samples:
        channels = self._shape[0] if self._shape else 1
        sound = np.empty((count, channels), dtype=np.float32)
        read_between(
            self._input.reshape(len(self._input), channels),
            position - self._base,
            step,
            self._table,
            self._slopes,
            sound,
        )
        return sound if self._shape else sound[:, 0]


@functools.cache
def make_ready() -> None:
    """Do once what the first block would otherwise wait for: a second or two, or none."""
    table, slopes = kernel(1, 1)
    read_between(
        np.zeros((4 * _HALF, 1), dtype=np.float32),
        float(2 * _HALF),
        1.0,
        table,
        slopes,
        np.empty((1, 1), dtype=np.float32),
    )


@functools.cache
def kernel(in_rate: int, out_rate: int) -> tuple[Samples, Samples]:
    """What each of ``(2 half)`` samples counts, by place between two; and how that changes."""
    narrow = min(1.0, out_rate / in_rate)
    half = math.ceil(_HALF / narrow)
    offsets = np.arange(1 - half, half + 1) - np.arange(PLACES + 1)[:, None] / PLACES
    inside = np.clip(1.0 - (offsets / half) ** 2, 0.0, None)
    window = np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA)
    taps = np.sinc(narrow * offsets) * window
    # Whatever the place, silence stays silence and a steady level stays that.
    taps = taps / taps.sum(axis=1, keepdims=True)
    return taps[:-1].astype(np.float32), np.diff(taps, axis=0).astype(np.float32)
