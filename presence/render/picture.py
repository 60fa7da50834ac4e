"""Pictures: what was drawn, as an array or a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from presence.render.context import read_pixels
from presence.render.target import Target

Picture = NDArray[np.uint8]
"""``(height, width, 3)`` or, with alpha, ``(height, width, 4)``; sRGB, top row first."""


def read_picture(target: Target, *, alpha: bool = False) -> Picture:
    """What is in the target, once all drawing is done; waits without holding Python's lock."""
    width, height = target.size
    target.image.use()
    return np.ascontiguousarray(read_pixels(width, height, 4 if alpha else 3)[::-1])


def save_png(picture: Picture, path: Path) -> None:
    """Write a picture as a PNG file."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, format="PNG")
