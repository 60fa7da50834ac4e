"""From mouth to ear, and where each millisecond of it goes: part of ``presence bench voice``.

Clicks are said into a microphone made of memory and looked for in what headphones made of memory
play (:mod:`presence.bench.made_up_call`), while a display asks 90 times a second how their speaker
is to be shown.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from presence.bench.clicks import click, click_times
from presence.bench.made_up_call import BEGIN_NS, Ends, MadeUpCall
from presence.clock import MILLISECOND, SECOND
from presence.transport.lossy import Conditions
from presence.voice.block import BLOCK, PIECE, RATE, Samples
from presence.voice.clocked_device import Crystal
from presence.voice.microphone import BLOCK_NS
from presence.voice.opus import LOOK_AHEAD
from presence.voice.processing import open_processing
from presence.voice.spatial import open_mixer

_TURNS = 2
"""Clicks come as often as one of two people's do who take turns."""
_MS = 1e-6
_AS_FILES = Ends()
_AS_CARDS = Ends(
    microphone=Crystal(ppm=-60.0, latency_ns=10 * MILLISECOND, late_ns=2 * MILLISECOND),
    headphones=Crystal(ppm=80.0, latency_ns=10 * MILLISECOND, late_ns=2 * MILLISECOND, seed=1),
)
_ENDS = {
    "files": _AS_FILES,
    "as sound cards": _AS_CARDS,
    "files, a display 30 ms ahead": Ends(ahead_ns=30 * MILLISECOND),
}
PATHS = {
    "loopback": Conditions(),
    "5 %, 40 ms, σ 15 ms": Conditions(
        loss=0.05, delay_ns=40 * MILLISECOND, spread_ns=15 * MILLISECOND
    ),
}
_SETTLE_NS = 6 * SECOND
"""For so long the network is learned; that is not judged."""


def mouth_rows(seconds: float, runs: int, *, whole: bool = True) -> list[dict[str, Any]]:
    """A row for each network and each pair of devices: mouth to ear, its stages, and lips.

    Args:
        seconds: of a call, after its beginning.
        runs: calls for each row, in which what is lost and late differs.
        whole: whether also by devices as slow as sound cards, and for a display that draws ahead.
    """
    return [
        _row(path, conditions, what, ends, seconds, runs)
        for path, conditions in PATHS.items()
        for what, ends in _ENDS.items()
        if whole or ends is _AS_FILES
    ]


def _row(
    path: str, conditions: Conditions, what: str, ends: Ends, seconds: float, runs: int
) -> dict[str, Any]:
    delays, early, stages = [], [], []
    for run in range(runs):
        with tempfile.TemporaryDirectory(prefix="presence-mouth-") as folder:
            call = MadeUpCall(Path(folder), _clicks(seconds), conditions, ends, run)
            call.run(_SETTLE_NS / SECOND + seconds)
            said = click_times(0, _TURNS, _SETTLE_NS / SECOND + seconds)
            said = said[said > _SETTLE_NS]
            delays.append(call.delays(said, ends) - conditions.delay_ns)
        lips = call.view.lips.arrays()
        early.append(lips["early_ns"][lips["machine_ns"] > BEGIN_NS + _SETTLE_NS])
        stages.append(_stages(call, conditions))
    delay_ms = np.concatenate(delays) * _MS
    heard_ms = delay_ms[np.isfinite(delay_ms)]
    early_ms = np.concatenate(early) * _MS
    took = {name: float(np.mean([each[name] for each in stages])) for name in stages[0]}
    return {
        "table": "mouth to ear",
        "what": f"{path}, {what}",
        "path": path,
        "clicks": len(delay_ms),
        "clicks_unheard_%": 100.0 * (1.0 - len(heard_ms) / len(delay_ms)),
        **{f"mouth_to_ear_ms_p{p}": float(np.percentile(heard_ms, p)) for p in (50, 95)},
        "lips_early_ms_p50": float(np.median(early_ms)),
        "lips_skew_ms_p95": float(np.percentile(np.abs(early_ms), 95)),
        **took,
        "wait_ms": float(np.mean(heard_ms)) - sum(took.values()),
    }


def _stages(call: MadeUpCall, conditions: Conditions) -> dict[str, float]:
    """Milliseconds that each stage takes by its own account, but for what waits for packets."""
    block_ms = BLOCK_NS * _MS
    captured_ms = float(np.median(call.captured_late_ns)) * _MS
    arrived_ms = float(np.median(call.arrived_late_ns)) * _MS
    return {
        "block_ms": block_ms,
        "microphone_ms": captured_ms - block_ms,
        "processing_ms": _processing_delay_ms(),
        "opus_ms": 1e3 * LOOK_AHEAD / RATE,
        "send_ms": arrived_ms - captured_ms - conditions.delay_ns * _MS,
        "headphones_ms": call.headphones.delay_ns * _MS,
        "mix_ms": _mix_delay_ms(),
    }


@functools.cache
def _processing_delay_ms() -> float:
    """By how much a microphone's sound is later once it was processed."""
    blocks = np.random.default_rng(3).standard_normal((150, BLOCK)).astype(np.float32) * 0.05
    # Noise that comes and goes: what goes on would be taken out.
    blocks *= (np.arange(len(blocks)) // 10 % 2)[:, None]
    processing = open_processing()
    processed = np.concatenate([processing.process(block) for block in blocks])
    return _lag(blocks.reshape(-1), processed) / RATE * 1e3


@functools.cache
def _mix_delay_ms() -> float:
    mixer = open_mixer(block=PIECE, room=False)
    try:
        blocks = np.random.default_rng(3).standard_normal((20, PIECE)).astype(np.float32) * 0.05
        mixer.add(1, np.array([0.0, 0.0, -1.0]))
        mixed = []
        for block in blocks:
            mixer.write(1, block)
            mixed.append(mixer.render().sum(axis=1))
    finally:
        mixer.close()
    # Sound needs some time to come from there, too, which is none of the mixer's.
    return _lag(blocks.reshape(-1), np.concatenate(mixed)) / RATE * 1e3


def _lag(before: Samples, after: Samples) -> int:
    size = 1 << (2 * len(before)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size)))
    return int(np.argmax(likeness[:RATE]))


def _clicks(seconds: float) -> Samples:
    whole = _SETTLE_NS / SECOND + seconds
    sound = np.zeros(round((whole + 1.0) * RATE), dtype=np.float32)
    for at_ns in click_times(0, _TURNS, whole).tolist():
        begin = at_ns * RATE // SECOND
        sound[begin : begin + len(click())] = click()
    return sound
