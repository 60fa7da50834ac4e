"""Endless rows of seeded events, and smooth curves through them."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np

from presence.pose.arrays import Floats, frozen


@lru_cache(maxsize=1 << 16)
def draws(seed: int, stream: str, block: int) -> tuple[float, ...]:
    """Eight numbers in [0, 1) that belong to one event: the same on every machine, for ever.

    Args:
        seed: whose event it is.
        stream: what it is for.
        block: its number in the row, which may be negative.
    """
    digest = hashlib.blake2b(f"{seed}/{stream}/{block}".encode(), digest_size=64).digest()
    return tuple(value * 2.0**-64 for value in struct.unpack("<8Q", digest))


def pick(share: float, weights: Iterable[float]) -> int:
    """Which of several things, for a number in [0, 1): each in proportion to its weight."""
    weights = list(weights)
    left = share * sum(weights)
    for i, weight in enumerate(weights):
        left -= weight
        if left < 0.0:
            return i
    return len(weights) - 1


def smooth(x: float) -> float:
    """From 0 at x ≤ 0 to 1 at x ≥ 1 without a jump in speed or acceleration.

    The minimum-jerk course of a reaching hand (T. Flash and N. Hogan, "The coordination of arm
    movements", J. Neuroscience 5(7), 1985).
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return x * x * x * (x * (6.0 * x - 15.0) + 10.0)


def pulse(since: float, rise: float, hold: float, fall: float) -> float:
    """Up to 1 in ``rise`` seconds, there for ``hold``, down again in ``fall``."""
    return smooth(since / rise) * (1.0 - smooth((since - rise - hold) / fall))


class Beats:
    """Times that follow each other unevenly: one in each ``period_s``, moved by chance.

    Holds no state; ``start`` of any beat is computed at once.
    """

    def __init__(self, seed: int, stream: str, period_s: float, jitter: float = 0.6) -> None:
        """``jitter`` below 1 keeps the beats in order; gaps are period · (1 ± jitter)."""
        self.seed, self.stream = seed, stream
        self.period_s, self.jitter = period_s, jitter

    def dice(self, beat: int) -> tuple[float, ...]:
        """Seven numbers in [0, 1) of this beat's own."""
        return draws(self.seed, self.stream, beat)[1:]

    def start(self, beat: int) -> float:
        """Seconds at which the beat begins."""
        moved = self.jitter * (draws(self.seed, self.stream, beat)[0] - 0.5)
        return (beat + moved) * self.period_s

    def at(self, seconds: float) -> int:
        """The beat that is on: the last to have begun."""
        beat = math.floor(seconds / self.period_s) + 1
        while self.start(beat) > seconds:
            beat -= 1
        return beat


class Track:
    """A value that changes at each beat, smoothed: C² in time, whatever the beats do.

    The steps are convolved with a bell, so that beats that follow fast simply blend. Holds a
    cache of values and no other state.
    """

    def __init__(self, beats: Beats, value: Callable[[int], Floats]) -> None:
        """``value`` gives the array of each beat."""
        self.beats = beats
        self.value = lru_cache(maxsize=256)(value)

    def at(self, seconds: float, width_s: float) -> Floats:
        """The value when each step takes ``width_s``, beginning at its beat."""
        beat = self.beats.at(seconds)
        come = smooth((seconds - self.beats.start(beat)) / width_s)
        if come >= 1.0:
            return self.value(beat)
        total = come * self.value(beat)
        while come < 1.0:
            beat -= 1
            before = smooth((seconds - self.beats.start(beat)) / width_s)
            total = total + (before - come) * self.value(beat)
            come = before
        return total


class Noise:
    """Several channels of smooth noise, about −1 to 1, never repeating: a cubic B-spline.

    Holds a cache and no other state.
    """

    def __init__(self, seed: int, stream: str, channels: int, rate_hz: float) -> None:
        """``rate_hz`` is how many new values a channel takes a second."""
        self.rate_hz = rate_hz

        @lru_cache(maxsize=64)
        def row(block: int) -> Floats:
            values = [
                value
                for part in range((channels + 7) // 8)
                for value in draws(seed, f"{stream}.{part}", block)
            ]
            return frozen(4.0 * np.array(values[:channels]) - 2.0)

        self._row = row

    def at(self, seconds: float) -> Floats:
        """``(channels,)`` at a time."""
        x = seconds * self.rate_hz
        block = math.floor(x)
        f = x - block
        g = 1.0 - f
        value: Floats = (
            (g * g * g / 6.0) * self._row(block)
            + ((4.0 + f * f * (3.0 * f - 6.0)) / 6.0) * self._row(block + 1)
            + ((4.0 + g * g * (3.0 * g - 6.0)) / 6.0) * self._row(block + 2)
            + (f * f * f / 6.0) * self._row(block + 3)
        )
        return value
