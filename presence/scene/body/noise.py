"""Smooth noise in space and in the plane, the same for ever."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import map_coordinates

from presence.pose.arrays import Floats

_CELLS = 32


@lru_cache(maxsize=4)
def _lattice(dimensions: int) -> Floats:
    rng = np.random.default_rng([0x4E01, dimensions])
    values: Floats = rng.uniform(-1.0, 1.0, (_CELLS,) * dimensions)
    return values


def noise(points: Floats, wavelength: float | tuple[float, ...], seed: int = 0) -> Floats:
    """``(N,)`` smooth noise, −1 to 1, at ``points (N, 2 or 3)``.

    ``wavelength`` is the size of its cells, of the points' unit; one for each axis where given.
    """
    dimensions = points.shape[1]
    moved = points / np.asarray(wavelength) + np.arange(1, dimensions + 1) * (7.31 * (seed + 1))
    return np.asarray(
        map_coordinates(_lattice(dimensions), moved.T % _CELLS, order=1, mode="grid-wrap")
    )


def fractal(points: Floats, wavelength: float | tuple[float, ...], octaves: int = 3) -> Floats:
    """``(N,)`` the sum of ``octaves`` of noise, each half as large and half as long as the last."""
    size = np.asarray(wavelength)
    total = np.zeros(len(points))
    for octave in range(octaves):
        total += 0.5**octave * noise(points, tuple(np.atleast_1d(size / 2**octave)), octave)
    return total
