"""How a voice fares on bad networks, what packing it costs: part of ``presence bench voice``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from presence.bench.espeak import conversation
from presence.bench.fixed_buffer import FixedBuffer
from presence.bench.hearing import aligned, gaps, opinions
from presence.bench.speech import Buffer, Machines, carry
from presence.clock import MILLISECOND
from presence.transport.lossy import PERFECT, Conditions
from presence.voice.block import BLOCK, Samples
from presence.voice.jitter_buffer import JitterBuffer
from presence.voice.opus import OpusSettings, VoiceDecoder, VoiceEncoder

_VOICES = ("en-gb", "en-us+f3", "de")
_COMPLEXITIES = (0, 5, 8, 10)
_LOST_EVERY = 10
_PATHS = (0.0, 0.05, 0.1, 0.2)
_BUFFERS: dict[str, Callable[[], Buffer]] = {"ours": JitterBuffer, "fixed": FixedBuffer}


def speaking_rows(sentences: int, runs: int) -> list[dict[str, Any]]:
    """A row for each path and buffer.

    Args:
        sentences: how many are said in each run, some 5 s each.
        runs: how many for each row, in which voices, clocks and what is lost differ.
    """
    rows = [_row("ours", "perfect", PERFECT, sentences, runs)]
    for loss in _PATHS:
        conditions = Conditions(loss=loss, delay_ns=40 * MILLISECOND, spread_ns=15 * MILLISECOND)
        for name in _BUFFERS:
            path = f"{100 * loss:g} %, 40 ms, σ 15 ms"
            rows.append(_row(name, path, conditions, sentences, runs))
    return rows


def _row(name: str, path: str, conditions: Conditions, sentences: int, runs: int) -> dict[str, Any]:
    added, costs, said = [], [], []
    for run in range(runs):
        blocks = conversation(sentences, voice=_VOICES[run % len(_VOICES)])
        buffer = _Timed(_BUFFERS[name]())
        apart = 100.0 if run % 2 else -100.0
        carried = carry(
            blocks,
            buffer,
            conditions=conditions,
            seed=run,
            # The fixed buffer cannot follow clocks, and is spared that.
            machines=Machines(
                microphone_ppm=apart * (name == "ours"),
                headphones_ppm=-apart * (name == "ours"),
                phase_ns=round((1.7 + 6.1 * run) % 20.0 * MILLISECOND),
            ),
        )
        spoken = blocks.reshape(-1)
        added.append(carried.added_ms)
        costs += buffer.costs_ms
        said.append(
            gaps(carried, unpacked(blocks)) | opinions(spoken, aligned(spoken, carried.sound))
        )
    late_ms = np.concatenate(added)
    return {
        "table": "speech",
        "what": f"{path}, {name}",
        "path": path,
        "buffer": name,
        "added_ms_p50": float(np.median(late_ms)),
        "added_ms_p95": float(np.percentile(late_ms, 95)),
        **{key: float(np.mean([each[key] for each in said])) for key in said[0]},
        "cpu_ms_a_block": float(np.median(costs)),
    }


class _Timed:
    """A buffer whose work is timed."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self.costs_ms: list[float] = []

    def push(self, packet: bytes, sequence: int, capture_ns: int, arrival_ns: int) -> None:
        self._buffer.push(packet, sequence, capture_ns, arrival_ns)

    def take(self, play_ns: int, now_ns: int) -> Any:
        begun = time.thread_time()
        heard = self._buffer.take(play_ns, now_ns)
        self.costs_ms.append(1e3 * (time.thread_time() - begun))
        return heard


def unpacked(blocks: Samples, settings: OpusSettings = OpusSettings()) -> Samples:  # noqa: B008
    """What is heard of blocks that went through Opus and no network: ``(n,)``."""
    encoder, decoder = VoiceEncoder(settings), VoiceDecoder()
    packets = (encoder.encode(block) for block in blocks)
    return np.concatenate(
        [decoder.conceal() if packet is None else decoder.decode(packet) for packet in packets]
    )


def packing_rows(sentences: int) -> list[dict[str, Any]]:
    """A row for each complexity of Opus: cost, size, and what one loss in ten leaves."""
    return [_packed(conversation(sentences), complexity) for complexity in _COMPLEXITIES]


def _packed(blocks: Samples, complexity: int) -> dict[str, Any]:
    encoder = VoiceEncoder(OpusSettings(complexity=complexity))
    begun = time.thread_time()
    packets = [encoder.encode(block) for block in blocks]
    cost_ms = 1e3 * (time.thread_time() - begun) / len(blocks)
    spoken = blocks.reshape(-1)
    sent = sum(len(packet) for packet in packets if packet)
    row: dict[str, Any] = {
        "table": "opus",
        "what": f"complexity {complexity}",
        "complexity": complexity,
        "cpu_ms_to_encode": cost_ms,
        "kbit_s": 8e-3 * sent / (len(spoken) / BLOCK * 0.02),
    }
    for name, lost, recovering in (
        ("whole", False, False),
        ("recovered", True, True),
        ("concealed", True, False),
    ):
        heard = _decoded(packets, lost=lost, recovering=recovering)
        said = opinions(spoken, aligned(spoken, heard))
        row |= {f"{key}_{name}": value for key, value in said.items()}
    return row


def _decoded(packets: list[bytes | None], *, lost: bool, recovering: bool) -> Samples:
    decoder = VoiceDecoder()
    blocks = []
    for number, packet in enumerate(packets):
        following = packets[number + 1] if number + 1 < len(packets) else None
        if packet is not None and not (lost and number % _LOST_EVERY == 0):
            blocks.append(decoder.decode(packet))
        elif packet is not None and recovering and following is not None:
            blocks.append(decoder.recover(following))
        else:
            blocks.append(decoder.conceal())
    return np.concatenate(blocks)
