"""Whether what a microphone hears is sent: muting, and push-to-talk.

A closed gate gives nothing at all, not even silence, so that there is nothing to send.
"""

from __future__ import annotations

import numpy as np

from presence.voice.block import BLOCK, Samples

_RAMP = 480
"""Samples in which it opens or closes: 10 ms."""
_RISE: Samples = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_RAMP) + 0.5) / _RAMP)).astype(np.float32)
_HOLD_BLOCKS = 10
"""How long a released key still counts as held, 200 ms: people let go before they have ended."""


class Gate:
    """Blocks in, and out while it is open. State: what was asked of it, and whether it is open."""

    def __init__(self, *, push_to_talk: bool = False) -> None:
        self.push_to_talk = push_to_talk
        """Whether nothing is sent but while a key is held."""
        self.muted = False
        """Whether nothing is sent at all, whatever key is held."""
        self._held = False
        self._hold = 0
        self._open: bool | None = None
        """None before the first block, which has nothing to fade from."""

    @property
    def released(self) -> bool:
        """Whether nothing is sent because the key that it takes is not held."""
        return self.push_to_talk and not (self._held or self._hold)

    def press(self) -> None:
        """The key is held from now on."""
        self._held = True

    def release(self) -> None:
        """The key is let go."""
        if self._held:
            self._held, self._hold = False, _HOLD_BLOCKS

    def take(self, block: Samples) -> Samples | None:
        """What of a block ``(960,)`` is sent; None when nothing is."""
        held = self._held or self._hold > 0
        self._hold = max(0, self._hold - 1)
        was_open = self._open
        self._open = not self.muted and (held or not self.push_to_talk)
        if was_open is None or self._open == was_open:
            return block if self._open else None
        passed = np.zeros(BLOCK, dtype=np.float32) if was_open else block.copy()
        passed[:_RAMP] = block[:_RAMP] * (_RISE[::-1] if was_open else _RISE)
        return passed
