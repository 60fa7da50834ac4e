"""Pictures: what was drawn, as an array or a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from presence.render.context import finish
from presence.render.target import Target

Picture = NDArray[np.uint8]
"""``(height, width, 3)`` or, with alpha, ``(height, width, 4)``; sRGB, top row first."""


def read_picture(target: Target, *, alpha: bool = False) -> Picture:
    """What is in the target, once all drawing is done; waits without holding Python's lock."""
    finish()
    width, height = target.size
    channels = 4 if alpha else 3
    data = target.image.read((0, 0, width, height), components=channels, alignment=1)
    rows = np.frombuffer(data, dtype=np.uint8).reshape(height, width, channels)
    return np.ascontiguousarray(rows[::-1])


def save_png(picture: Picture, path: Path) -> None:
    """Write a picture as a PNG file."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, format="PNG")
