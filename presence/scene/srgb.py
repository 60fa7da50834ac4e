"""Colours as they are encoded, and as light (IEC 61966-2-1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from presence.scene.avatar import Singles


def linear_from_srgb(srgb: NDArray[Any]) -> Singles:
    """Linear light from sRGB-encoded values, 0 to 1."""
    c = np.maximum(srgb.astype(np.float64), 0.0)
    light = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def srgb_from_linear(light: NDArray[Any]) -> Singles:
    """sRGB-encoded values from linear light, 0 to 1; what is more or less is cut off."""
    c = np.clip(light.astype(np.float64), 0.0, 1.0)
    srgb = np.where(c <= 0.0031308, c * 12.92, 1.055 * c ** (1 / 2.4) - 0.055)
    return srgb.astype(np.float32)
