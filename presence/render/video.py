"""Videos: H.264 in MP4, every frame shown and every sound heard when it really was."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

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


_SOUND_BITS = 128_000


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What was heard while it was seen."""

    samples: NDArray[np.float32]
    """``(n, 2)`` left and right, −1 to 1."""
    rate: int
    """Samples a second."""
    begins_ns: int
    """When the first of them was heard, by the clock of the frames' display times."""


def encode_video(
    frames: Iterable[tuple[NDArray[np.uint8], int]],
    path: Path,
    *,
    sound: Sound | None = None,
    quality: int = QUALITY,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Encode frames with their true display times, at a rate that varies as they do.

    Args:
        frames: pictures, RGB ``(height, width, 3)`` or the planes that a ``FrameStore`` keeps,
            each with its display time in nanoseconds. All have one size, both sides even. A
            frame that is not later than the one before it is left out.
        path: the MP4 file to write.
        sound: what was heard; of it as much is kept as there are frames for.
        quality: x264's constant rate factor: lower is better and larger.
        progress: called with the number of frames encoded so far.

    Returns:
        The number of frames written.

    Raises:
        ValueError: there are no frames.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, begin_ns, last_pts = 0, 0, -1
    container = track = None
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
                track = None if sound is None else _SoundTrack(container, sound, begin_ns)
            pts = round((time_ns - begin_ns) * TICKS / SECOND)
            if pts <= last_pts:
                continue
            frame.pts, frame.time_base = pts, Fraction(1, TICKS)
            container.mux(stream.encode(frame))
            if track is not None:
                track.mux(time_ns)
            last_pts = pts
            count += 1
            if progress is not None:
                progress(count)
        if container is None:
            raise ValueError(f"there are no frames to make {path} of")
        container.mux(stream.encode(None))
        if track is not None:
            track.end()
    finally:
        if container is not None:
            container.close()
    return count


class _SoundTrack:
    """The sound beside the frames. State: how many of its samples were written."""

    def __init__(self, container: Any, sound: Sound, begin_ns: int) -> None:
        """Begin with what was heard at ``begin_ns``; before there was any, with silence."""
        self._container = container
        self._stream = container.add_stream("aac", rate=sound.rate)
        self._stream.codec_context.layout = "stereo"
        self._stream.codec_context.bit_rate = _SOUND_BITS
        skipped = round((begin_ns - sound.begins_ns) * sound.rate / SECOND)
        silence = np.zeros((max(-skipped, 0), 2), dtype=np.float32)
        self._samples = np.concatenate([silence, sound.samples[max(skipped, 0) :]])
        self._rate = sound.rate
        self._begin_ns = begin_ns
        self._written = 0

    def mux(self, until_ns: int) -> None:
        """Write what was heard up to a time."""
        end = round((until_ns - self._begin_ns) * self._rate / SECOND)
        piece = self._samples[self._written : end]
        if not len(piece):
            return
        planes = np.ascontiguousarray(np.clip(piece.T, -1.0, 1.0))
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate = self._rate
        frame.pts, frame.time_base = self._written, Fraction(1, self._rate)
        self._written += len(piece)
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))


def _video_frame(picture: NDArray[np.uint8]) -> av.VideoFrame:
    if picture.ndim == 2:
        return av.VideoFrame.from_ndarray(picture, format="yuv420p")
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
