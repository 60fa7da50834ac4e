"""The sound of one person on its way into the mix, joined so that no edge of it can click.

Whatever begins, ends, breaks off or changes its loudness would otherwise jump from one sample to
the next. Nothing waits for that: where sound breaks off, its own end, turned about its last sample,
goes on for 5 ms and fades.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from presence.voice.block import BLOCK, Samples, ramp
from presence.voice.seams import RISE, SEAM, ending

WAITING = 4
"""Blocks that may wait; more would only be delay."""


class Feed:
    """Blocks in, as they come; one block out whenever asked. State: what waits, what was last."""

    def __init__(self, block: int = BLOCK) -> None:
        """``block``: how many samples there are in each, at least 5 ms."""
        self._silence: Samples = np.zeros(block, dtype=np.float32)
        self._silence.flags.writeable = False
        self._waiting: deque[tuple[Samples, bool]] = deque()
        self._last: Samples | None = None
        self._gain = 1.0
        self._begun = False
        self._broken = False
        self.target_gain = 1.0
        """What to multiply by: reached within the block that is taken next."""
        self.refused = 0
        """Blocks that came while as many waited as may."""
        self.dry = 0
        """How often sound broke off because nothing waited."""

    def push(self, block: Samples) -> bool:
        """Let a block wait its turn; False when too many wait already, and it is left out."""
        if len(self._waiting) >= WAITING:
            self.refused += 1
            self._broken = True
            return False
        self._waiting.append((block, self._broken))
        self._broken = False
        return True

    def clear(self) -> None:
        """Forget what waits: the sound breaks off."""
        self._waiting.clear()

    @property
    def silent(self) -> bool:
        """Whether nothing is left to be heard."""
        return self._last is None and not self._waiting

    def take(self) -> Samples:
        """The next block: what waits, or the end of what was, or silence."""
        if not self._waiting:
            if self._last is None:
                self._gain, self._begun = self.target_gain, True
                return self._silence
            self.dry += 1
            block = self._silence.copy()
            block[:SEAM] = ending(self._last)
            self._last = None
            return self._scaled(block)
        block, broken = self._waiting.popleft()
        before, self._last = self._last, block
        if before is None or broken:
            block = block.copy()
            block[:SEAM] *= RISE
            if before is not None:
                block[:SEAM] += ending(before)
        return self._scaled(block)

    def _scaled(self, block: Samples) -> Samples:
        # Who is only just heard has no loudness to come from.
        before = self._gain if self._begun else self.target_gain
        self._gain, self._begun = self.target_gain, True
        if before == self.target_gain:
            return block if before == 1.0 else block * np.float32(before)
        rise = ramp(len(block))
        gains: Samples = np.float32(before) + np.float32(self.target_gain - before) * rise
        return block * gains
