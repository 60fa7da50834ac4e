"""What was played, read at the places that a microphone's samples meet.

Either device counts its own samples, and where a block lies in that count is known exactly. Between
the two counts lie a delay, of which the devices tell about so much, and the difference of two
crystals, which is steady. Clocks that are guessed from what devices tell of the time are not: they
are set right for seconds after a call begins, by dozens of samples, and no path that is learned
could follow that.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.reading import read_between
from presence.voice.resampler import kernel

_NS = RATE / 1e9
_KEPT = 64 * BLOCK
"""Samples, 1.3 s: more than devices may delay."""
_GAP = 48.0
"""Samples: farther from where the last block ended than that, the device skipped something."""
_EARLY = 960
"""Samples by which what is read is newer than what should be heard: told delays are rough."""
_MOST_BENT = 0.01


class EchoReference:
    """See the module. State: the last blocks that were played, where they lie, and the delay."""

    def __init__(self) -> None:
        """Begin with nothing played."""
        self._table, self._slopes = kernel(RATE, RATE)
        self._edge = self._table.shape[1] // 2
        self._sound: Samples = np.zeros((_KEPT, 2), dtype=np.float32)
        self._blocks: deque[tuple[float, int]] = deque()
        """Of each kept block, the newest first: where it begins by the loudspeakers' count, and
        how many samples it has."""
        self._lag: float | None = None
        """From the loudspeakers' count to the microphone's, of what is heard at once."""
        self._expected = 0.0
        """Where the microphone's next block should begin, by its count."""

    def tell(self, mix: Samples, counted_ns: int | None) -> None:
        """Take in the next block that is played: ``(n,)`` or ``(n, 2)``."""
        length = len(mix)
        expected = sum(self._blocks[0]) if self._blocks else 0.0
        count = expected if counted_ns is None else counted_ns * _NS
        if self._blocks and not -_GAP < count - expected < _KEPT:
            # The device is another one, or begins anew.
            self._lag = None
            self._blocks.clear()
            self._sound[:] = 0.0
        self._sound[:-length] = self._sound[length:]
        # What is no number would stay in the path for good.
        sound = mix if math.isfinite(float(mix.sum())) else np.zeros_like(mix)
        self._sound[-length:] = sound if mix.ndim == 2 else sound[:, None]
        self._blocks.appendleft((count, length))
        while sum(each for _, each in self._blocks) > _KEPT:
            self._blocks.pop()

    def meet(self, delay_ns: int, counted_ns: int | None) -> float | None:
        """Where a microphone's block begins, by its count; None: nothing is known of it."""
        count = self._expected if counted_ns is None else counted_ns * _NS
        if not -_GAP < count - self._expected < _KEPT:
            self._lag = None
        self._expected = count + BLOCK
        if self._lag is None:
            if not self._blocks:
                return None
            # It was told of up to 20 ms ago.
            newest = self._blocks[0][0] + 0.5 * BLOCK
            early = min(_EARLY, max(delay_ns * _NS - 1.5 * BLOCK - self._edge, 0.0))
            self._lag = count - (newest - delay_ns * _NS) - early
        return count

    def shift(self, samples: float) -> None:
        """What is heard comes so much later than was thought."""
        if self._lag is not None:
            self._lag += samples

    def read(self, begin: float, count: int) -> Samples:
        """What was played ``(count, 2)`` as the microphone's samples from ``begin`` on meet it."""
        out = np.zeros((count, 2), dtype=np.float32)
        if self._lag is None or not self._blocks:
            return out
        first, last = self._place(begin - self._lag), self._place(begin + count - self._lag)
        step = min(max((last - first) / count, 1.0 - _MOST_BENT), 1.0 + _MOST_BENT)
        if first < self._edge:
            return out
        whole = min(count, int((_KEPT - self._edge - 1 - first) / step) + 1)
        if whole > 0:
            read_between(self._sound, first, step, self._table, self._slopes, out[:whole])
        return out

    def _place(self, count: float) -> float:
        """Where in the kept sound the loudspeakers' ``count`` lies."""
        place, after = float(_KEPT), None
        for begin, length in self._blocks:
            place -= length
            if begin <= count:
                beyond = count - begin
                if after is None:
                    return place + beyond
                # Where the device ran dry there was silence behind a block.
                width = after - begin
                scale = length / width if abs(width - length) < _GAP else 1.0
                return place + min(beyond * scale, float(length))
            after = begin
        return -1.0
