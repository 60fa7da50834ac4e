"""``presence bench seal``: what sealing costs one of sixteen people in a room.

What one participant does in a second is done over and over: seal every envelope of its own once,
and open those of fifteen others, in turn, as they would come. Poses are performers', encoded as in
a call; a voice's packets are random bytes of the length that 24 kbit/s make.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from presence.bench.result import BenchResult, at_most
from presence.client.sending import Sender
from presence.clock import SECOND, SkewedClock
from presence.tracking.performer import Performer
from presence.wire.envelope import Envelope, Kind
from presence.wire.sealing import Opener, Sealer
from presence.wire.sframe import BASE_KEY_LENGTH

PEOPLE = 16
POSES_A_SECOND = 60
PACKETS_A_SECOND = 50
PACKET_BYTES = 60
_PERFORMERS = 3
"""Whose poses are sent by all: performing takes far longer than sealing."""


@dataclass(frozen=True, slots=True)
class _Load:
    """What is sent in a run: by each performer, or by anybody."""

    name: str
    a_second: int
    envelopes: list[list[Envelope]]


def bench_seal(*, seconds: int = 10, repeats: int = 5) -> BenchResult:
    """Measure.

    Args:
        seconds: how much of a call a run seals and opens.
        repeats: how many runs there are; each figure is their median.
    """
    poses = _Load("pose", POSES_A_SECOND, [_poses(k + 1, seconds) for k in range(_PERFORMERS)])
    voices = _Load("voice", PACKETS_A_SECOND, [_voice(seconds)])
    rows = [_row(load, seconds, repeats) for load in (poses, voices)]
    pose, voice = (row["core_percent"] for row in rows)
    both: dict[str, Any] = {
        name: sum(row[name] for row in rows) for name in ("envelopes_a_second", "core_percent")
    }
    rows.append({"what": "pose and voice", **both})
    return BenchResult(
        bench="seal",
        args={"seconds": seconds, "repeats": repeats, "people": PEOPLE},
        rows=rows,
        bars=[
            at_most("per cent of a core, pose", pose, 3.0),
            at_most("per cent of a core, pose and voice", pose + voice, 5.0),
        ],
    )


def _poses(seed: int, seconds: int) -> list[Envelope]:
    sender = Sender(seed, Performer(seed, seat=seed), SkewedClock())
    times = (SECOND + k * SECOND // POSES_A_SECOND for k in range(seconds * POSES_A_SECOND))
    return [envelope for at in times if (envelope := sender.capture(at)) is not None]


def _voice(seconds: int) -> list[Envelope]:
    return [
        Envelope.single(
            Kind.VOICE,
            1,
            sequence=k,
            capture_ns=k * SECOND // PACKETS_A_SECOND,
            payload=os.urandom(PACKET_BYTES),
        )
        for k in range(seconds * PACKETS_A_SECOND)
    ]


def _row(load: _Load, seconds: int, repeats: int) -> dict[str, Any]:
    runs = np.array([_run(load) for _ in range(repeats)])
    seal_s, open_s = (float(median) for median in np.median(runs, axis=0))
    count = len(load.envelopes[0])
    return {
        "what": load.name,
        "envelopes_a_second": PEOPLE * load.a_second,
        "bytes_mean": float(
            np.mean([e.sealed_size for envelopes in load.envelopes for e in envelopes])
        ),
        "seal_us": 1e6 * seal_s / count,
        "open_us": 1e6 * open_s / (count * (PEOPLE - 1)),
        "core_percent": 100.0 * (seal_s + open_s) / seconds,
    }


def _run(load: _Load) -> tuple[float, float]:
    """Seconds of CPU for sealing all of one's own, and for opening all of the others'."""
    keys = {stream: os.urandom(BASE_KEY_LENGTH) for stream in range(1, PEOPLE + 1)}
    openers = [Opener(stream) for stream in range(2, PEOPLE + 1)]
    sent: list[list[Envelope]] = []
    for opener in openers:
        opener.add(1, keys[opener.stream])
        sealer = Sealer(opener.stream, 1, keys[opener.stream])
        performed = load.envelopes[opener.stream % len(load.envelopes)]
        sent.append([sealer.seal(replace(one, stream=opener.stream)) for one in performed])
    own = [replace(one, stream=1) for one in load.envelopes[0]]
    sealer = Sealer(1, 1, keys[1])
    begun = time.thread_time()
    for envelope in own:
        sealer.seal(envelope)
    sealed = time.thread_time()
    for together in zip(*sent, strict=True):
        for opener, envelope in zip(openers, together, strict=True):
            if opener.open(envelope, 0) is None:
                raise AssertionError("a genuine envelope was dropped")
    return sealed - begun, time.thread_time() - sealed
