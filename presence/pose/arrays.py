"""The array types that the pose maths speaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""An array of doubles; the docstring beside it gives shape, unit and frame."""

Ints = NDArray[np.int64]
"""An array of indices."""


def frozen(array: Floats) -> Floats:
    """The same array, made read-only, so that a value that holds it stays a value."""
    array.flags.writeable = False
    return array
