"""A chirp that tells whether, how late and how loud what is played is heard."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from presence.voice.block import RATE, Samples

_FROM_HZ, _TO_HZ = 300.0, 8000.0
"""Every headset and laptop plays and hears these, and little of a room's noise is among them."""
_SECONDS = 0.4
_LEVEL = 0.25
_FADE = 960
_CLEAR = 8.0
"""How far a match stands out from the rest if it is no chance; noise alone was seen to reach 5."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a chirp was found in what a microphone heard."""

    at: int
    """The sample at which it begins."""
    gain: float
    """How loud it is against what was played: 1 is as loud."""


def make_chirp() -> Samples:
    """A tone that rises evenly in octaves for 0.4 s: ``(n,)``."""
    times = np.arange(round(_SECONDS * RATE)) / RATE
    octaves = math.log(_TO_HZ / _FROM_HZ)
    # The phase of an exponential sweep (A. Farina, "Simultaneous measurement of impulse response
    # and distortion with a swept-sine technique", 2000).
    turns = _FROM_HZ * _SECONDS / octaves * np.expm1(times / _SECONDS * octaves)
    chirp = _LEVEL * np.sin(2.0 * np.pi * turns)
    fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_FADE) + 0.5) / _FADE)
    chirp[:_FADE] *= fade
    chirp[-_FADE:] *= fade[::-1]
    made: Samples = chirp.astype(np.float32)
    return made


def find_chirp(heard: Samples, chirp: Samples) -> Match | None:
    """Where a chirp begins in what was heard ``(n,)``; None if it is not in it."""
    if len(heard) < len(chirp):
        return None
    size = 1 << (len(heard) + len(chirp) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(chirp, size))
    likeness = np.fft.irfft(spectrum, size)[: len(heard) - len(chirp) + 1]
    likeness /= np.square(chirp, dtype=np.float64).sum()
    sizes = np.abs(likeness)
    at = int(np.argmax(sizes))
    # What is near is the chirp's own echoes; a median takes no notice of them.
    usual = float(np.median(sizes)) / 0.6745
    gain = float(sizes[at])
    if gain <= 1e-5 or gain < _CLEAR * usual:
        return None
    return Match(at, gain)
