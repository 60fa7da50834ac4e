"""A voice's whole way without devices or time: processing, Opus, a network, the jitter buffer.

Whatever is to be measured of a voice in a call stands on :func:`carry`: it takes blocks that
somebody speaks and gives those that somebody else hears, with what is known of each. Both have
clocks of their own, and devices that run by neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np

from presence.clock import SkewedClock
from presence.pose.arrays import Floats
from presence.transport.lossy import PERFECT, Conditions, LossyPath
from presence.voice.block import BLOCK, Samples
from presence.voice.heard import Heard
from presence.voice.jitter_buffer import BLOCK_NS, PIECE_NS, JitterBuffer
from presence.voice.opus import OpusSettings, VoiceEncoder
from presence.voice.processing import Processing

_BEGIN_NS = 1_000_000_000
_SENDER = SkewedClock(offset_ns=5_000_000_000, drift_ppm=20.0)
_RECEIVER = SkewedClock(offset_ns=700_000_000_000, drift_ppm=-20.0)


class Buffer(Protocol):
    """What packets go into and blocks come out of."""

    def push(self, packet: bytes, sequence: int, capture_ns: int, arrival_ns: int) -> None:
        """Take in a packet."""

    def take(self, play_ns: int, now_ns: int) -> Heard:
        """The next piece."""


@dataclass(frozen=True, slots=True)
class Machines:
    """The clocks of the two who talk; parts per million by which each runs fast."""

    sender: SkewedClock = _SENDER
    receiver: SkewedClock = _RECEIVER
    microphone_ppm: float = 0.0
    headphones_ppm: float = 0.0
    phase_ns: int = 7_000_000
    """How long after a block is spoken the headphones ask for a piece."""


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What came of a voice."""

    heard: list[Heard]
    spoken_at: list[int | None]
    """Of each piece heard: which sample of all that were spoken its first one was."""
    added_ms: Floats
    """Of each piece heard, but for pauses: the time from its last sample's being spoken to its
    being played, less a block and less what the path takes at least."""
    packet_bytes: list[int]
    """Of each block spoken: how much was sent for it."""

    @property
    def sound(self) -> Samples:
        """All that is heard, in one."""
        return np.concatenate([heard.block for heard in self.heard])


def carry(
    blocks: Samples,
    buffer: Buffer | None = None,
    *,
    conditions: Conditions = PERFECT,
    seed: int = 0,
    settings: OpusSettings = OpusSettings(),  # noqa: B008 (frozen)
    processing: Processing | None = None,
    machines: Machines = Machines(),
) -> Carried:
    """Have blocks spoken here and heard there.

    Args:
        blocks: what is spoken: ``(n, 960)``.
        buffer: what receives it; a jitter buffer as a call has it if none is given.
        conditions: what the path does to packets.
        seed: of what it does by chance.
        settings: the encoder's.
        processing: what the microphone's sound goes through first; nothing if none is given.
        machines: their clocks.
    """
    buffer = buffer or JitterBuffer()
    encoder = VoiceEncoder(settings)
    path = LossyPath(conditions, seed)
    arrivals = _Arrivals(path, buffer, machines.receiver)
    spoken_every = BLOCK_NS / (1.0 + 1e-6 * machines.microphone_ppm)
    played_every = PIECE_NS / (1.0 + 1e-6 * machines.headphones_ppm)
    heard: list[Heard] = []
    captured: list[int | None] = []
    added: list[float] = []
    sizes: list[int] = []
    sent = spoken = 0
    end_ns = _BEGIN_NS + round((len(blocks) + 1) * spoken_every) + conditions.delay_ns + 200_000_000
    while True:
        take_ns = _BEGIN_NS + machines.phase_ns + round(len(heard) * played_every)
        if take_ns > end_ns:
            break
        while spoken < len(blocks):
            begun_ns = _BEGIN_NS + round(spoken * spoken_every)
            done_ns = _BEGIN_NS + round((spoken + 1) * spoken_every)
            if done_ns > take_ns:
                break
            block = blocks[spoken]
            packet = encoder.encode(processing.process(block) if processing else block)
            sizes.append(len(packet or b""))
            spoken += 1
            if packet is not None:
                stamp = machines.sender.from_machine_ns(begun_ns)
                arrivals.until(done_ns)
                path.push(done_ns, msgspec.msgpack.encode((sent, stamp, packet)))
                sent += 1
        arrivals.until(take_ns)
        now_ns = machines.receiver.from_machine_ns(take_ns)
        block_heard = buffer.take(now_ns, now_ns)
        heard.append(block_heard)
        if block_heard.capture_ns is None:
            captured.append(None)
        else:
            begun_ns = machines.sender.to_machine_ns(block_heard.capture_ns)
            captured.append(round((begun_ns - _BEGIN_NS) / spoken_every * BLOCK))
            added.append((take_ns - begun_ns - BLOCK_NS - conditions.delay_ns) / 1e6)
    return Carried(heard, captured, np.array(added), sizes)


class _Arrivals:
    """Gives the buffer what comes, at the time when it does."""

    def __init__(self, path: LossyPath, buffer: Buffer, clock: SkewedClock) -> None:
        self._path = path
        self._buffer = buffer
        self._clock = clock

    def until(self, now_ns: int) -> None:
        """All that comes by now."""
        while (due_ns := self._path.next_due_ns()) is not None and due_ns <= now_ns:
            for bundle in self._path.pop_due(due_ns):
                sequence, stamp, packet = msgspec.msgpack.decode(
                    bundle, type=tuple[int, int, bytes]
                )
                self._buffer.push(packet, sequence, stamp, self._clock.from_machine_ns(due_ns))
