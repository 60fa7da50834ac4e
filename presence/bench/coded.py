"""Clips through the codec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from presence.bench.clips import Clip
from presence.bench.judged import error_figures
from presence.bench.sizes import frame_bytes, rates_kbps
from presence.codec import CodecSettings, Decoder, Encoder, Frame
from presence.errors import CodecError
from presence.pose.sample import PoseSample


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A clip as it was sent and, with nothing lost, as it is received."""

    clip: Clip
    frames: tuple[Frame, ...]
    shown: tuple[PoseSample, ...]


def settings_for(bound_mm: float) -> CodecSettings:
    """The encoder's settings for a bound on its error."""
    return CodecSettings(bound_m=1e-3 * bound_mm)


def coded(clip: Clip, settings: CodecSettings) -> Coded:
    """The clip through an encoder and a decoder."""
    encoder, decoder = Encoder(clip.proportions, settings), Decoder(clip.proportions)
    frames = tuple(encoder.encode(sample) for sample in clip.samples)
    return Coded(clip, frames, tuple(decoder.decode(frame) for frame in frames))


def kind_of(frame: Frame) -> str:
    """``golden``; ``anchor``, when others refer to it; or ``other``."""
    if frame.golden:
        return "golden"
    return "anchor" if frame.reference else "other"


def decodable_after_joining(coded: Coded) -> float:
    """Per cent of the frames that are decoded by decoders which began at the golden before them."""
    decoded = tried = 0
    decoder = None
    for frame in coded.frames:
        if frame.golden:
            decoder = Decoder(coded.clip.proportions)
        if decoder is None:
            continue
        tried += 1
        try:
            decoder.decode(frame)
        except CodecError:
            continue
        decoded += 1
    return 100.0 * decoded / tried


def size_figures(coded: Coded) -> dict[str, Any]:
    """Bytes a frame, by frame and by part, and kilobits a second."""
    frames = coded.frames
    sizes = np.array([frame_bytes(frame) for frame in frames])
    kinds = np.array([kind_of(frame) for frame in frames])
    row: dict[str, Any] = rates_kbps(([frame] for frame in frames), coded.clip.seconds)
    row |= {
        "bytes": float(sizes.mean()),
        "bytes_p95": float(np.percentile(sizes, 95)),
        "bytes_max": int(sizes.max()),
        "core_bytes": float(np.mean([len(frame.core) for frame in frames])),
        "detail_bytes": float(np.mean([len(frame.detail) for frame in frames])),
    }
    for kind in ("golden", "anchor", "other"):
        if (kinds == kind).any():
            row[f"{kind}_bytes"] = float(sizes[kinds == kind].mean())
    return row


def figures(coded: Coded) -> dict[str, Any]:
    """Sizes and errors of a clip with nothing lost."""
    clip = coded.clip
    return size_figures(coded) | error_figures(coded.shown, clip.samples, clip.proportions)
