"""What coding costs: time on one core, and memory that stays."""

from __future__ import annotations

import gc
import time
import tracemalloc
from itertools import cycle, islice
from typing import Any

import numpy as np

from presence.bench.clips import Clip
from presence.bench.coded import Coded
from presence.bench.first_frame import first_frame
from presence.codec import CodecSettings, Decoder, Encoder
from presence.pose.arrays import Floats

STREAMS = 16
_WARM_UP = 200


def speed_figures(
    coded_clips: list[Coded], settings: CodecSettings, memory_frames: int
) -> dict[str, Any]:
    """CPU time of a frame, of sixteen streams' frames, of the first; and the growth of memory."""
    pairs = np.concatenate([_frame_us(coded.clip, settings) for coded in coded_clips])
    encode, decode = pairs.T
    both = encode + decode
    streams = _streams_ms(coded_clips)
    first = first_frame()
    return {
        "frames": len(both),
        "encode_us_p50": float(np.median(encode)),
        "decode_us_p50": float(np.median(decode)),
        "both_us_p50": float(np.median(both)),
        "both_us_p95": float(np.percentile(both, 95)),
        "sixteen_ms_p50": float(np.median(streams)),
        "sixteen_ms_p95": float(np.percentile(streams, 95)),
        **{f"process_{name}": value for name, value in first.items()},
        "growth_bytes_a_frame": memory_growth(coded_clips[0].clip, settings, memory_frames),
    }


def _frame_us(clip: Clip, settings: CodecSettings) -> Floats:
    """``(frames, 2)`` microseconds of CPU to encode and to decode each frame, once warm."""
    encoder, decoder = Encoder(clip.proportions, settings), Decoder(clip.proportions)
    times = []
    for sample in islice(cycle(clip.samples), len(clip.samples) + _WARM_UP):
        began = time.thread_time_ns()
        frame = encoder.encode(sample)
        encoded = time.thread_time_ns()
        decoder.decode(frame)
        times.append((encoded - began, time.thread_time_ns() - encoded))
    us: Floats = np.array(times[_WARM_UP:]) / 1e3
    return us


def _streams_ms(coded_clips: list[Coded]) -> Floats:
    """Milliseconds of CPU to decode a frame of each of sixteen streams, tick by tick."""
    streams = [coded_clips[k % len(coded_clips)] for k in range(STREAMS)]
    decoders = [Decoder(coded.clip.proportions) for coded in streams]
    ticks = min(len(coded.frames) for coded in streams)
    times = []
    for tick in range(ticks):
        began = time.thread_time_ns()
        for coded, decoder in zip(streams, decoders, strict=True):
            decoder.decode(coded.frames[tick])
        times.append((time.thread_time_ns() - began) / 1e6)
    return np.array(times[min(_WARM_UP, ticks // 2) :])


def memory_growth(clip: Clip, settings: CodecSettings, frames: int) -> float:
    """Bytes that Python holds more for each of so many frames, once warm.

    Of two stretches the lesser: what is made once, whenever that is, is no growth.
    """
    encoder, decoder = Encoder(clip.proportions, settings), Decoder(clip.proportions)
    samples = cycle(clip.samples)
    half = frames // 2

    def run() -> int:
        for sample in islice(samples, half):
            decoder.decode(encoder.encode(sample))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        warm, middle, end = run(), run(), run()
        return min(middle - warm, end - middle) / half
    finally:
        tracemalloc.stop()
