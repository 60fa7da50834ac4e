"""The unit in which sound travels: 20 ms at 48 kHz, single floats between −1 and 1."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from presence.errors import UsageError

RATE = 48_000
"""Samples a second."""
BLOCK = 960
"""Samples of a block: 20 ms."""
PIECE = 480
"""Samples of a piece: 10 ms, in which what is heard is asked for. A device's beat leaves a packet
waiting for up to one of them, so half a block is half the delay."""

Samples = NDArray[np.float32]
"""Sound: mono ``(n,)`` or stereo ``(n, 2)``, left then right, in −1 to 1."""


@functools.cache
def ramp(samples: int) -> Samples:
    """From nothing to one over so many samples; read-only."""
    rising: Samples = ((np.arange(samples) + 1.0) / samples).astype(np.float32)
    rising.flags.writeable = False
    return rising


RAMP = ramp(BLOCK)
"""From nothing to one over a block."""


def checked_block(block: Samples, samples: int = BLOCK) -> Samples:
    """The block itself, as mono single floats that lie side by side.

    Args:
        block: sound.
        samples: how many it must have.

    Raises:
        UsageError: it is none, or something in it is no number, which would stay in a filter.
    """
    checked = np.ascontiguousarray(block, dtype=np.float32)
    if checked.shape != (samples,):
        raise UsageError(
            f"a block of sound here is mono and has {samples} samples, and this has the shape "
            f"{checked.shape}: cut the sound into blocks of {1000 * samples // RATE} ms at 48 kHz"
        )
    if not math.isfinite(np.dot(checked, checked)):
        raise UsageError("a block of sound holds something that is not a number: check its source")
    return checked
