"""What is heard of a voice a hundred times a second: its spectrum's envelope, and how loud it is.

Cepstral coefficients (S. Davis and P. Mermelstein, 1980) of bands on the mel scale, less what they
are on average, so that a microphone's own colour does not matter.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats, frozen
from presence.voice.block import BLOCK, RATE, Samples

HOP = BLOCK // 2
"""Samples from one look to the next: 10 ms."""
_WINDOW = 2 * HOP
_SIZE = 1024
_BANDS = 24
_LOW, _HIGH = 100.0, 8000.0
"""Hertz."""
CEPSTRA = 12
FEATURES = CEPSTRA + 2
"""The cepstra; the level beside the loudest of late; and beside the quietest."""

_FLOOR = 1e-9
"""Of power, so that silence has a level."""
_LOUDEST_AT_FIRST, _QUIETEST_AT_FIRST = -25.0, -60.0
_QUIETEST_PEAK = -42.0
"""Decibels. A voice that was brought to level is far above, the noise of a quiet room below."""
_SPEECH = 25.0
"""Decibels under the peak within which somebody is taken to speak."""
_PEAK_FALL, _PEAK_FALL_IN_PAUSES, _NOISE_RISE = 0.01, 0.001, 0.03
"""Decibels in each hop."""
_PEAK_RISE = 0.3
"""The part of the way in each hop: a click is not a voice."""
_DEPTH = 10.0**-5.4
"""Of a band's power beside the peak's: what lies deeper is not looked at."""
_MEMORY, _FIRST_MEMORY = 600.0, 150.0
"""Hops over which the average spectrum is taken."""


def _mel_bands() -> Floats:
    """``(171, 24)`` triangles, evenly spaced on the mel scale (D. O'Shaughnessy's formula)."""

    def mel(hertz: Floats) -> Floats:
        mels: Floats = 2595.0 * np.log10(1.0 + hertz / 700.0)
        return mels

    edges = np.linspace(mel(np.array(_LOW)), mel(np.array(_HIGH)), _BANDS + 2)
    bins = mel(np.fft.rfftfreq(_SIZE, 1.0 / RATE))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.clip(np.minimum(rising, falling), 0.0, None)
    used: Floats = weights[: int(np.flatnonzero(weights.any(axis=1))[-1]) + 1]
    return used


def _cosines() -> Floats:
    """``(24, 12)``: the discrete cosine transform, without its first row, which is loudness."""
    angles = np.pi * (np.arange(_BANDS) + 0.5)[:, None] * np.arange(1, CEPSTRA + 1) / _BANDS
    cosines: Floats = np.sqrt(2.0 / _BANDS) * np.cos(angles)
    return cosines


_HANN = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_MEAN = np.full(_WINDOW, 1.0 / _WINDOW, dtype=np.float32)
_BAND_WEIGHTS = frozen(_mel_bands() / float(np.sum(_HANN.astype(np.float64) ** 2)) / _SIZE * 2.0)
"""Of power to bands, so that the bands' sum is the mean square."""
_TRANSFORM = frozen(_cosines())


class LipFeatures:
    """Looks at a voice. State: the last 10 ms, the loudest of late, the quietest, the average."""

    def __init__(self, average: Floats) -> None:
        """Begin.

        Args:
            average: ``(12,)`` what the cepstra of a voice are before anything is heard of it.
        """
        self._sound = np.zeros(HOP + BLOCK, dtype=np.float32)
        self._frames = np.lib.stride_tricks.sliding_window_view(self._sound, _WINDOW)[::HOP]
        self._peak = _LOUDEST_AT_FIRST
        self._noise = _QUIETEST_AT_FIRST
        self._average = average.copy()
        self._heard = 0

    @property
    def average(self) -> Floats:
        """``(12,)`` what the cepstra have been on average."""
        return self._average.copy()

    def look(self, block: Samples) -> tuple[Floats, Floats]:
        """Two looks at 10 ms each: the middle of the first is where the block begins.

        Returns:
            ``(2, 14)`` features, and ``(2,)`` levels in decibels.
        """
        self._sound[:HOP] = self._sound[-HOP:]
        self._sound[HOP:] = block
        # A constant offset would show in the lowest band.
        offsets = self._frames @ _MEAN
        frames = (self._frames - offsets[:, None]) * _HANN
        spectrum = np.fft.rfft(frames, _SIZE)[:, : len(_BAND_WEIGHTS)]
        bands = (spectrum.real**2 + spectrum.imag**2) @ _BAND_WEIGHTS
        levels = 10.0 * np.log10(bands.sum(axis=1) + _FLOOR)
        found = np.empty((2, FEATURES))
        deep = np.empty((2, 1))
        speaks = [False, False]
        for i, level in enumerate(levels.tolist()):
            speaks[i] = level > self._peak - _SPEECH
            fall = _PEAK_FALL if speaks[i] else _PEAK_FALL_IN_PAUSES
            rise = max(0.0, level - self._peak) * _PEAK_RISE
            self._peak = max(self._peak + rise - fall, _QUIETEST_PEAK)
            self._noise = min(level, self._noise + _NOISE_RISE)
            deep[i] = 10.0 ** (0.1 * self._peak) * _DEPTH
            found[i, -2] = max(level - self._peak, -50.0) / 10.0
            found[i, -1] = min(level - self._noise, 40.0) / 10.0
        cepstra = np.log(bands + deep) @ _TRANSFORM
        for i in range(2):
            if speaks[i]:
                self._heard += 1
                memory = min(_MEMORY, _FIRST_MEMORY + self._heard)
                self._average += (cepstra[i] - self._average) / memory
            found[i, :-2] = cepstra[i] - self._average
        return found, levels
