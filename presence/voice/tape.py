"""Decoded sound on its way out, which can be made shorter or longer without being heard to be.

Sound is cut where it resembles itself a little later or earlier, most often by one period of the
voice, and the ends are faded over one another: one step of WSOLA (W. Verhelst and M. Roelands, "An
overlap-add technique based on waveform similarity (WSOLA)", ICASSP 1993), whenever there is need
for one.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from presence.voice.block import BLOCK, PIECE, Samples

SHORTEST = 120
"""The least that is cut out or put in, in samples: 2.5 ms, the period of a voice of 400 Hz."""
LONGEST = 720
"""The most: 15 ms, the period of one of 67 Hz."""
_FADE = 240
_LIKENED = 480
"""Samples over which sound is compared with itself: 10 ms."""
_KEPT = LONGEST + BLOCK
"""Samples that were played and are kept, to go back to."""
_QUIET = 0.003
"""The root mean square of what is so quiet that any cut is as good as another: −50 dB."""
_RISE: Samples = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_FADE) + 0.5) / _FADE)).astype(np.float32)
_NOTHING: Samples = np.zeros(0, dtype=np.float32)

Kinds = NDArray[np.uint8]


class Kind(IntEnum):
    """Where a sample comes from."""

    SENT = 0
    """A packet."""
    RECOVERED = 1
    """The copy in the packet after its own."""
    CONCEALED = 2
    """Nowhere: it is made up, because its packet is missing."""
    PAUSE = 3
    """Nowhere: nobody speaks."""


class Tape:
    """See the module. State: what waits, a little of what was taken, what was cut off."""

    def __init__(self) -> None:
        self._sound: Samples = np.zeros(_KEPT, dtype=np.float32)
        self._kinds: Kinds = np.full(_KEPT, Kind.PAUSE, dtype=np.uint8)
        self._head = _KEPT
        self._cut: Samples = _NOTHING

    @property
    def ahead(self) -> int:
        """Samples that wait."""
        return len(self._sound) - self._head

    @property
    def quiet(self) -> bool:
        """Whether what is about to be taken is hardly to be heard, so that any cut will do."""
        about = self._sound[self._head - _FADE : self._head + BLOCK]
        return float(np.sqrt(np.mean(np.square(about)))) < _QUIET

    def append(self, block: Samples, kind: Kind) -> None:
        """Add sound that goes on where the last ended, or where it was cut."""
        if len(self._cut):
            fade = _RISE if len(self._cut) == _FADE else _rise(len(self._cut))
            block = block.copy()
            block[: len(fade)] *= fade
            block[: len(fade)] += self._cut * fade[::-1]
            self._cut = _NOTHING
        self._sound = np.concatenate([self._sound, block])
        self._kinds = np.concatenate([self._kinds, np.full(len(block), kind, dtype=np.uint8)])

    def cut(self) -> None:
        """Let what waits give way to what is added next: it fades out while that fades in."""
        self._cut = self._sound[self._head : self._head + _FADE]
        self._sound = self._sound[: self._head]
        self._kinds = self._kinds[: self._head]

    def take(self) -> tuple[Samples, Kinds]:
        """The next piece ``(480,)``, and where its samples come from; as much must wait."""
        here = slice(self._head, self._head + PIECE)
        piece, kinds = self._sound[here].copy(), self._kinds[here].copy()
        self._sound, self._kinds = self._sound[PIECE:], self._kinds[PIECE:]
        return piece, kinds

    def shorten(self, most: int, likeness: float) -> int:
        """Cut something out of what waits; afterwards a piece must be left.

        Args:
            most: samples that may be cut out.
            likeness: the least correlation of what is faded over one another, 0 to 1.

        Returns:
            How many samples were; 0 where there is nothing alike.
        """
        lag = self._best(min(most, self.ahead - PIECE), likeness, towards=1)
        if lag:
            self._splice(self._head + lag)
        return lag

    def lengthen(self, most: int, likeness: float) -> int:
        """Put something in again that was taken already: as ``shorten`` otherwise."""
        lag = self._best(most, likeness, towards=-1)
        if lag:
            self._splice(self._head - lag)
        return lag

    def _best(self, most: int, likeness: float, *, towards: int) -> int:
        """By how many samples to jump; 0 for none."""
        most = min(most, LONGEST)
        length = min(_LIKENED, len(self._sound) - self._head - max(towards, 0) * most)
        if length < _FADE or most <= 0:
            return 0
        if self.quiet:
            return most
        if most < SHORTEST:
            return 0
        head = self._head
        here = self._sound[head : head + length].astype(np.float64)
        if towards > 0:
            there = self._sound[head + SHORTEST : head + most + length]
        else:
            there = self._sound[head - most : head - SHORTEST + length]
        there = there.astype(np.float64)
        products = np.correlate(there, here, "valid")
        sums = np.concatenate([[0.0], np.cumsum(there * there)])
        energies = sums[length:] - sums[:-length]
        alike = products / np.sqrt(np.maximum(energies * (here @ here), 1e-12))
        best = int(np.argmax(alike))
        if alike[best] < likeness:
            return 0
        return SHORTEST + best if towards > 0 else most - best

    def _splice(self, target: int) -> None:
        """Go on from ``target`` instead of from the head, faded over one another."""
        sound, head = self._sound, self._head
        faded = sound[head : head + _FADE] * _RISE[::-1] + sound[target : target + _FADE] * _RISE
        self._sound = np.concatenate([sound[:head], faded, sound[target + _FADE :]])
        self._kinds = np.concatenate([self._kinds[:head], self._kinds[target:]])


def _rise(length: int) -> Samples:
    rise: Samples = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(
        np.float32
    )
    return rise
