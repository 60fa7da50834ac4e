"""Frames kept during a call, cheaply, so that they can be made into a video after it.

A file holds a header, then one record a frame: the display time in nanoseconds (int64) and the
picture's three planes, YUV 4:2:0 by ITU-R BT.709, which is half the size of RGB and what the
encoder wants. Everything is little-endian. A record that was cut short is as if never written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from presence.errors import RenderError
from presence.render.picture import Picture

Planes = NDArray[np.uint8]
"""``(height × 3 / 2, width)`` the Y plane, then the quarter-size U and V planes."""

_HEADER = struct.Struct("<8sII")
_MAGIC = b"frames\x00\x01"
_TIME = struct.Struct("<q")


class FrameStore:
    """Frames written to a file as they come. State: the open file and how many it holds."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        """Begin a file at ``path`` for pictures of ``size`` (width, height), both even.

        Raises:
            ValueError: a side is odd; the colour planes have half as many pixels.
        """
        width, height = size
        if width % 2 or height % 2:
            raise ValueError(f"frames of {width}×{height} cannot be kept: both sides must be even")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.size = size
        self.count = 0
        self._reformatter = VideoReformatter()
        self._file = path.open("wb")
        self._file.write(_HEADER.pack(_MAGIC, width, height))

    def append(self, picture: Picture, time_ns: int) -> None:
        """Keep a picture ``(height, width, 3)`` that was displayed at ``time_ns``."""
        width, height = self.size
        if picture.shape != (height, width, 3):
            raise ValueError(f"this store keeps {width}×{height}, not an array {picture.shape}")
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(picture, format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        self._file.write(_TIME.pack(time_ns))
        self._file.write(frame.to_ndarray().data)
        self.count += 1

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> FrameStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @staticmethod
    def read(path: Path) -> Iterator[tuple[Planes, int]]:
        """The frames of a finished file, in order, each with its display time in nanoseconds.

        Raises:
            RenderError: the file is missing, or is not one of frames.
        """
        try:
            file = path.open("rb")
        except OSError as error:
            raise RenderError(f"the frames at {path} cannot be read: {error}") from error
        with file:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size or not header.startswith(_MAGIC):
                raise RenderError(f"{path} does not hold frames; record the call again")
            _, width, height = _HEADER.unpack(header)
            size = width * height * 3 // 2
            while len(record := file.read(_TIME.size + size)) == _TIME.size + size:
                planes = np.frombuffer(record, dtype=np.uint8, offset=_TIME.size)
                yield planes.reshape(-1, width), _TIME.unpack_from(record)[0]
