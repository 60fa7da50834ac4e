"""A lens without distortion: which way each pixel looks, and where a point is seen.

A camera's own axes are those of everything here: right-handed, +X to the right of its picture, +Y
up, and it looks along −Z. Pixels are counted from the upper left corner, right and down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.pose.arrays import Floats

USUAL_DIAGONAL = float(np.radians(63.0))
"""Radians from corner to corner of a webcam's picture, where nobody says otherwise: most makers say
55° to 78°, the widest being of 16:9 pictures."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A picture's size, and how much it takes in."""

    width: int
    height: int
    diagonal: float = USUAL_DIAGONAL
    """Radians from corner to corner."""

    @property
    def focal(self) -> float:
        """Pixels from the lens to its picture."""
        corner = 0.5 * float(np.hypot(self.width, self.height))
        return corner / float(np.tan(0.5 * self.diagonal))

    @property
    def middle(self) -> Floats:
        """``(2,)`` the pixel in the middle."""
        return np.array([0.5 * self.width, 0.5 * self.height])

    def rays(self, pixels: Floats) -> Floats:
        """``(..., 3)`` points that are seen at ``pixels (..., 2)``, one metre ahead."""
        aside = (pixels - self.middle) / self.focal
        out = np.empty((*pixels.shape[:-1], 3))
        out[..., 0] = aside[..., 0]
        out[..., 1] = -aside[..., 1]
        out[..., 2] = -1.0
        return out

    def pixels(self, points: Floats) -> Floats:
        """``(..., 2)`` where points ``(..., 3)`` in front of the camera are seen."""
        away = -points[..., 2:]
        flat: Floats = points[..., :2] / away * [self.focal, -self.focal] + self.middle
        return flat
