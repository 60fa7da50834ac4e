"""How much of each number is measured, changing without a jump."""

from __future__ import annotations

import math

import numpy as np

from presence.pose.arrays import Floats

_EASES_S = 0.12


class Weights:
    """Numbers or rotations, some of which are known.

    State: the newest known value of each, and how much it counts, which goes to how surely it is
    known in some tenths of a second.
    """

    def __init__(self, rest: Floats) -> None:
        """``rest`` are values for what has never been known, ``(n, ...)``."""
        self.values = np.array(rest, dtype=np.float64)
        self.weights = np.zeros(len(rest))
        self._begun = False
        self._counts = False

    def take(self, values: Floats | None, confidence: Floats | None, dt: float) -> None:
        """Go on by ``dt`` seconds to what is known now; None: nothing is."""
        if not self._counts and (confidence is None or not confidence.any()):
            self._begun = True
            return
        wanted = np.zeros(len(self.weights))
        if values is not None and confidence is not None:
            flat = values.reshape(len(wanted), -1)
            known = (confidence > 0.0) & np.isfinite(flat).all(axis=1)
            if known.any():
                self.values[known] = values[known]
                wanted[known] = np.minimum(confidence[known], 1.0)
        near = 1.0 - math.exp(-dt / _EASES_S) if self._begun else 1.0
        self._begun = True
        self.weights += near * (wanted - self.weights)
        self.weights[self.weights < 1e-3] = 0.0
        self._counts = bool(self.weights.any())

    @property
    def counts(self) -> bool:
        """Whether anything known counts at all."""
        return self._counts
