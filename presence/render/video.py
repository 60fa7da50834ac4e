"""Videos: H.264 in MP4, every frame shown when it was really shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from presence.clock import SECOND

TICKS = 90_000
"""Ticks a second of the video's clock, as broadcast video counts."""
QUALITY = 20
"""x264's constant rate factor; 18 is said to be as good as the original."""
_NOMINAL_RATE = 30
_BT709 = 1
"""ITU-R BT.709 in ITU-T H.273's tables of primaries, transfer and matrix."""


def encode_video(
    frames: Iterable[tuple[NDArray[np.uint8], int]],
    path: Path,
    *,
    quality: int = QUALITY,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Encode frames with their true display times, at a rate that varies as they do.

    Args:
        frames: pictures, RGB ``(height, width, 3)`` or the planes that a ``FrameStore`` keeps,
            each with its display time in nanoseconds. All have one size, both sides even. A
            frame that is not later than the one before it is left out.
        path: the MP4 file to write.
        quality: x264's constant rate factor: lower is better and larger.
        progress: called with the number of frames encoded so far.

    Returns:
        The number of frames written.

    Raises:
        ValueError: there are no frames.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, begin_ns, last_pts = 0, 0, -1
    container = None
    try:
        for picture, time_ns in frames:
            frame = _video_frame(picture)
            if container is None:
                begin_ns = time_ns
                container = av.open(str(path), "w", options={"movflags": "+faststart"})
                stream = container.add_stream("libx264", rate=_NOMINAL_RATE)
                stream.width, stream.height = frame.width, frame.height
                stream.pix_fmt = "yuv420p"
                stream.options = {"crf": str(quality), "preset": "fast"}
                context = stream.codec_context
                context.time_base = Fraction(1, TICKS)
                context.color_primaries = context.color_trc = context.colorspace = _BT709
                context.color_range = ColorRange.MPEG
            pts = round((time_ns - begin_ns) * TICKS / SECOND)
            if pts <= last_pts:
                continue
            frame.pts, frame.time_base = pts, Fraction(1, TICKS)
            container.mux(stream.encode(frame))
            last_pts = pts
            count += 1
            if progress is not None:
                progress(count)
        if container is None:
            raise ValueError(f"there are no frames to make {path} of")
        container.mux(stream.encode(None))
    finally:
        if container is not None:
            container.close()
    return count


def _video_frame(picture: NDArray[np.uint8]) -> av.VideoFrame:
    if picture.ndim == 2:
        return av.VideoFrame.from_ndarray(picture, format="yuv420p")
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
