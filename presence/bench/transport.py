"""What the data channel costs and delivers, between two processes, on good networks and bad."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from presence.bench.impaired import impaired_arrivals
from presence.bench.result import BenchResult, at_most
from presence.clock import MILLISECOND, SECOND, Clock, MonotonicClock
from presence.transport.link import TICK_NS, Link
from presence.transport.lossy import Conditions
from presence.transport.peer import Peer
from presence.wire.envelope import Envelope, Kind

NEAR, FAR = 1, 2
GOLDEN_EVERY = 12
OVERLOAD = 6
"""How many times as much is sent at last, to fill the channel."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one participant sends the other over one network."""

    name: str
    conditions: Conditions
    """Of each direction."""
    rate: int
    size: int
    """Bytes of an envelope's section."""
    seconds: float


def bench_transport(*, rate: int, size: int, seconds: float) -> BenchResult:
    """Send frames from one process to another over several networks, one after another."""
    delay_ns = 40 * MILLISECOND
    lossy = Conditions(loss=0.05, delay_ns=delay_ns)
    bursts = Conditions(loss=0.05, burst=3.0, delay_ns=delay_ns, jitter_ns=5 * MILLISECOND)
    loads = [
        Load("loopback", Conditions(), rate, size, seconds),
        Load("80 ms", Conditions(delay_ns=delay_ns), rate, size, seconds),
        Load("80 ms, 1 %", Conditions(loss=0.01, delay_ns=delay_ns), rate, size, seconds),
        Load("80 ms, 5 %", lossy, rate, size, seconds),
        Load("80 ms, 5 %, bursts", bursts, rate, size, seconds),
        Load(f"80 ms, 5 %, {OVERLOAD} x", lossy, OVERLOAD * rate, size, seconds),
    ]
    rows = [_measure(load) for load in loads]
    return BenchResult(
        bench="transport",
        args={"rate": rate, "size": size, "seconds": seconds},
        rows=rows,
        bars=[
            at_most("loopback p95, ms", rows[0]["p95_ms"], 10.0),
            at_most("loopback not delivered, %", 100.0 - rows[0]["came_%"], 1.0),
            at_most("loopback opening, s", rows[0]["opens_ms"] / 1e3, 2.0),
        ],
    )


def _measure(load: Load) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_far_process, args=(load, there), daemon=True)
    process.start()
    try:
        return asyncio.run(_near(load, here))
    finally:
        process.join(5)
        process.kill()


def _far_process(load: Load, pipe: Connection) -> None:
    asyncio.run(_far(load, pipe))


async def _far(load: Load, pipe: Connection) -> None:
    """Hear, and tell what was heard."""
    clock = MonotonicClock()
    with impaired_arrivals(load.conditions, clock, seed=1):
        await _hear(clock, pipe)


async def _hear(clock: Clock, pipe: Connection) -> None:
    peer = Peer(clock)
    pipe.send("ready")
    pipe.send(await peer.answer(await _receive(pipe)))
    await peer.opened()
    heard: list[tuple[int, int, int]] = []

    def on_envelope(envelope: Envelope, arrival_ns: int) -> None:
        sent_ns = int.from_bytes(envelope.core[:8], "big")
        heard.append((envelope.sequence, envelope.reference_distance, arrival_ns - sent_ns))

    link = Link(
        FAR, NEAR, peer.carrier, clock, on_envelope, _ignore, control_numbers=itertools.count()
    )
    ticking = asyncio.create_task(_tick(link))
    cpu_s = time.process_time()
    await _receive(pipe)
    cpu_s = time.process_time() - cpu_s
    ticking.cancel()
    pipe.send((heard, cpu_s))
    await peer.close()


async def _near(load: Load, pipe: Connection) -> dict[str, Any]:
    """Send, and reckon what came of it."""
    clock = MonotonicClock()
    with impaired_arrivals(load.conditions, clock, seed=2):
        return await _send(load, clock, pipe)


async def _send(load: Load, clock: Clock, pipe: Connection) -> dict[str, Any]:
    await _receive(pipe)  # The other process has started; opening is measured without that.
    peer = Peer(clock)
    opening_ns = clock.now_ns()
    pipe.send(await peer.offer())
    await peer.accept(await _receive(pipe))
    await peer.opened()
    opening_ns = clock.now_ns() - opening_ns
    link = Link(
        NEAR,
        FAR,
        peer.carrier,
        clock,
        _ignore,
        _ignore,
        control_numbers=itertools.count(),
    )
    ticking = asyncio.create_task(_tick(link))
    cpu_s = time.process_time()
    frames = round(load.seconds * load.rate)
    begin = time.monotonic()
    for sequence in range(frames):
        await asyncio.sleep(max(0.0, begin + sequence / load.rate - time.monotonic()))
        link.send(_frame(sequence, load.size, clock.now_ns()))
        link.flush()
    cpu_s = time.process_time() - cpu_s
    await asyncio.sleep(0.5)
    stats = link.stats()
    pipe.send("report")
    heard, far_cpu_s = await _receive(pipe)
    ticking.cancel()
    await peer.close()
    latencies_ms = sorted(latency_ns / MILLISECOND for _, _, latency_ns in heard)
    usable = _usable(heard)
    return {
        "network": load.name,
        "came_%": 100.0 * len(heard) / frames,
        "usable_%": 100.0 * usable / frames,
        "gated_%": 100.0 * sum(stats.counters.dropped.values()) / frames,
        **{f"p{p}_ms": _percentile(latencies_ms, p) for p in (50, 95, 99)},
        "trip_ms": (stats.round_trip_ns or 0) / MILLISECOND,
        "opens_ms": opening_ns / MILLISECOND,
        "cpu_out_%": 100.0 * cpu_s / load.seconds,
        "cpu_in_%": 100.0 * far_cpu_s / load.seconds,
    }


def _frame(sequence: int, size: int, now_ns: int) -> Envelope:
    distance = sequence % GOLDEN_EVERY
    return Envelope(
        kind=Kind.POSE,
        stream=NEAR,
        sequence=sequence,
        capture_us=0,
        reference_distance=distance,
        core=now_ns.to_bytes(8, "big") + bytes(size - 8),
        droppable=distance > 0,
        priority=1 if distance else 2,
    )


def _usable(heard: list[tuple[int, int, int]]) -> int:
    """How many frames came whose golden came before them."""
    goldens: set[int] = set()
    usable = 0
    for sequence, distance, _ in heard:
        if distance == 0:
            goldens.add(sequence)
        usable += sequence - distance in goldens
    return usable


def _ignore(*_: object) -> None:
    """Neither what the far side says nor that it closes at the end is of interest."""


async def _tick(link: Link) -> None:
    while True:
        link.tick()
        await asyncio.sleep(TICK_NS / SECOND)


async def _receive(pipe: Connection) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, pipe.recv)


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0
