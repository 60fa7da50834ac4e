"""The end of the mix: many voices at once get quieter together instead of clipping."""

from __future__ import annotations

import math

import numpy as np

from presence.voice.block import RATE, Samples

_CEILING = 0.9
"""What the loudest sample is turned down to."""
_KNEE = 0.8
"""Samples beyond this are bent, so that not even one can reach 1."""
_FALL = 48
"""Samples in which the gain falls: 1 ms."""
_RECOVERY_S = 0.24
"""In which the gain comes back but for 1/e."""


class Limiter:
    """Keeps a mix below 1 without delaying it. State: the gain that it stands at."""

    def __init__(self) -> None:
        self._gain = 1.0

    def limit(self, mix: Samples) -> Samples:
        """The mix ``(n, 2)``, with nothing at or beyond −1 and 1; untouched while it is low."""
        samples = len(mix)
        peak = float(np.abs(mix).max())
        allowed = min(1.0, _CEILING / peak) if peak > 0.0 else 1.0
        before = self._gain
        recovery = 1.0 - math.exp(-samples / (_RECOVERY_S * RATE))
        self._gain = min(allowed, before + recovery * (1.0 - before))
        if self._gain > 0.9999:
            self._gain = 1.0
        if before != 1.0 or self._gain != 1.0:
            gains = np.full(samples, self._gain, dtype=np.float32)
            # Down at once, since it is loud already; up over the whole block.
            steps = _FALL if self._gain < before else samples
            gains[:steps] = np.linspace(before, self._gain, steps, dtype=np.float32)
            mix = mix * gains[:, None]
        size = np.abs(mix)
        if size.max() > _KNEE:
            bent = _KNEE + (1.0 - _KNEE) * np.tanh((size - _KNEE) / (1.0 - _KNEE)) * 0.999
            mix = np.where(size > _KNEE, np.sign(mix) * bent, mix).astype(np.float32)
        return mix
