"""Voices are louder before the mouth than behind the head.

A person's level falls by some 6 dB from before them to behind them. OpenAL has cones of its own; in
version 1.19.1 each change of one sets its filter anew, with a jump in the sound (measured: a second
difference 2,000 times that of the tone), so this is done to the samples instead.
"""

from __future__ import annotations

import numpy as np

from presence.pose.arrays import Floats

_INNER = 0.5 * np.radians(120.0)
"""Up to this angle from where a mouth points its voice has its full level …"""
_OUTER = 0.5 * np.radians(320.0)
"""… and from this one on, behind the head, it has the least."""
BEHIND = 0.5
"""The least: 6 dB less."""


def cone_gains(mouths: Floats, facings: Floats, ears: Floats) -> Floats:
    """How loud voices are for somebody whom they may not face: ``(n,)``, between ½ and 1.

    Args:
        mouths: where they are, ``(n, 3)`` metres.
        facings: which way they speak, ``(n, 3)``; no direction is towards everybody.
        ears: where the listener is, ``(3,)`` metres.
    """
    towards = ears - mouths
    product = np.linalg.norm(towards, axis=-1) * np.linalg.norm(facings, axis=-1)
    cosine = (towards * facings).sum(axis=-1) / np.maximum(product, 1e-9)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    turned = np.clip((angle - _INNER) / (_OUTER - _INNER), 0.0, 1.0)
    gains: Floats = np.where(product > 1e-9, 1.0 + (BEHIND - 1.0) * turned, 1.0)
    return gains
