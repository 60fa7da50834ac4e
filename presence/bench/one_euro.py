"""The 1€ filter, to compare with: a low-pass whose cutoff rises with speed.

G. Casiez, N. Roussel and D. Vogel, "1€ Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012; turns by the same rule, on the way from where it is.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats
from presence.pose.quaternion import quat_conjugate, quat_from_rotvec, quat_mul, quat_to_rotvec

SPEED_CUTOFF_HZ = 1.0
"""Of the speed itself, as the authors have it."""


class OneEuro:
    """Vectors ``(n, 3)`` or quaternions ``(n, 4)``. State: where each is, and how fast."""

    def __init__(self, least_cutoff_hz: float, beta: float) -> None:
        """Nothing was measured yet.

        Args:
            least_cutoff_hz: at rest.
            beta: hertz for each unit a second.
        """
        self._least = least_cutoff_hz
        self._beta = beta
        self._at: Floats | None = None
        self._speed = np.zeros(3)

    def filter(self, measured: Floats, step_s: float) -> Floats:
        """Where each is, ``step_s`` after the last time."""
        if self._at is None:
            self._at, self._speed = measured, np.zeros((len(measured), 3))
            return measured
        turns = measured.shape[-1] == 4
        if turns:
            apart = quat_to_rotvec(quat_mul(quat_conjugate(self._at), measured))
        else:
            apart = measured - self._at
        share = _share(np.array(SPEED_CUTOFF_HZ), step_s)
        self._speed = self._speed + share * (apart / step_s - self._speed)
        speed = np.linalg.norm(self._speed, axis=-1, keepdims=True)
        shift = _share(self._least + self._beta * speed, step_s) * apart
        self._at = quat_mul(self._at, quat_from_rotvec(shift)) if turns else self._at + shift
        return self._at


def _share(cutoff_hz: Floats, step_s: float) -> Floats:
    share: Floats = 1.0 / (1.0 + 1.0 / (2.0 * np.pi * cutoff_hz * step_s))
    return share
