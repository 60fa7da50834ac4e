"""Sound that begins or breaks off without a click: 5 ms in which it rises, or goes on and fades."""

from __future__ import annotations

import numpy as np

from presence.voice.block import Samples

SEAM = 240
"""Samples over which it does: 5 ms."""
RISE: Samples = (0.5 - 0.5 * np.cos(np.pi * (np.arange(SEAM) + 0.5) / SEAM)).astype(np.float32)
"""From nothing to one, as half a cosine."""
RISE.flags.writeable = False


def ending(sound: Samples) -> Samples:
    """How sound goes on for 5 ms after it broke off, mono ``(240,)`` or stereo ``(240, 2)``.

    Its own end is turned about its last sample, so that level and slope are kept at first.

    Args:
        sound: what was heard last, at least 241 samples.
    """
    turned = 2.0 * sound[-1] - sound[-2 : -2 - SEAM : -1]
    fall = RISE[::-1]
    ended: Samples = turned * (fall if sound.ndim == 1 else fall[:, None])
    return ended


def risen(sound: Samples) -> Samples:
    """A copy that begins with nothing; sound shorter than 5 ms rises over all of its length."""
    begun = sound.copy()
    rise = RISE[:: -(-SEAM // min(max(len(sound), 1), SEAM))]
    begun[: len(rise)] *= rise if sound.ndim == 1 else rise[:, None]
    return begun
