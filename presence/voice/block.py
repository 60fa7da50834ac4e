"""The unit in which sound travels: 20 ms at 48 kHz, single floats between −1 and 1."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from presence.errors import UsageError

RATE = 48_000
"""Samples a second."""
BLOCK = 960
"""Samples of a block: 20 ms."""

Samples = NDArray[np.float32]
"""Sound: mono ``(n,)`` or stereo ``(n, 2)``, left then right, in −1 to 1."""

RAMP: Samples = ((np.arange(BLOCK) + 1.0) / BLOCK).astype(np.float32)
"""From nothing to one over a block."""
RAMP.flags.writeable = False


def checked_block(block: Samples) -> Samples:
    """The block itself, as mono single floats that lie side by side.

    Raises:
        UsageError: it is none, or something in it is no number, which would stay in a filter.
    """
    checked = np.ascontiguousarray(block, dtype=np.float32)
    if checked.shape != (BLOCK,):
        raise UsageError(
            f"a block of sound is mono and has {BLOCK} samples, and this has the shape "
            f"{checked.shape}: cut the sound into blocks of 20 ms at 48 kHz"
        )
    if not math.isfinite(np.dot(checked, checked)):
        raise UsageError("a block of sound holds something that is not a number: check its source")
    return checked
