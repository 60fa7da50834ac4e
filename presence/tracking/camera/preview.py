"""A small picture with what was found drawn into it, for whoever asks for one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presence.tracking.camera.found import Found
from presence.tracking.camera.task import PREVIEW_SIZE

Picture = NDArray[np.uint8]

_FACE, _BODY, _HAND = (90, 220, 140), (250, 190, 60), (90, 180, 250)
_SURE = 0.5


def small_picture(picture: Picture, found: Found) -> Picture:
    """``(height, width, 3)`` that fits into ``PREVIEW_SIZE``, landmarks drawn into it.

    Args:
        picture: as it was looked at.
        found: what was found in it.
    """
    height, width = picture.shape[:2]
    step = max(1, -(-width // PREVIEW_SIZE[0]), -(-height // PREVIEW_SIZE[1]))
    small: Picture = picture[::step, ::step].copy()
    if found.face is not None:
        _dots(small, found.face[::4, :2] / step, _FACE, 0)
    if found.pose is not None:
        _dots(small, found.pose.pixels[found.pose.visible > _SURE, :2] / step, _BODY, 1)
    for hand in found.hands:
        _dots(small, hand.pixels[:, :2] / step, _HAND, 1)
    return small


def _dots(picture: Picture, at: NDArray[np.float64], colour: tuple[int, ...], half: int) -> None:
    height, width = picture.shape[:2]
    for x, y in np.round(at).astype(int).tolist():
        if half <= x < width - half and half <= y < height - half:
            picture[y - half : y + half + 1, x - half : x + half + 1] = colour


def pack_picture(picture: Picture) -> bytes:
    """The bytes of a picture, for shared memory."""
    return np.array(picture.shape[:2], dtype=np.int32).tobytes() + picture.tobytes()


def unpack_picture(record: bytes) -> Picture:
    """What ``pack_picture`` packed."""
    height, width = np.frombuffer(record, dtype=np.int32, count=2).tolist()
    return np.frombuffer(record, dtype=np.uint8, offset=8).reshape(height, width, 3)
