"""What each carrier costs and delivers, between two processes, on good networks and bad."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from presence.bench.impaired import BadNetwork, impaired_arrivals
from presence.bench.result import Bar, BenchResult, at_least, at_most
from presence.clock import MILLISECOND, SECOND, Clock, MonotonicClock
from presence.transport.link import TICK_NS, Link
from presence.transport.lossy import Conditions
from presence.transport.peer import Peer
from presence.wire.control import LossReport
from presence.wire.envelope import Envelope, Kind

NEAR, FAR = 1, 2
GOLDEN_EVERY, ANCHOR_EVERY = 120, 6
"""As the codec makes them."""
GOLDEN_TIMES = 6
"""How many times as large a golden is."""
CONTROL_EVERY = 30
"""Every how manieth frame goes with a control message, as a receiver's reports do."""
OVERLOAD = 6
"""How many times as much is sent at last, to fill the channel."""
WAY_NS = 40 * MILLISECOND
NARROW_BPS = 64_000
_WHOLE = 0.95
_DELIVERED, _BEYOND_MS, _WAITED_MS = 94.0, 80.0, 1e3 / 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """How a network is for a while."""

    seconds: float
    conditions: Conditions
    """Of each direction."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one participant sends the other over one network."""

    name: str
    carrier: str
    phases: tuple[Phase, ...]
    rate: int
    size: int
    """Bytes of an envelope's sections."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return sum(phase.seconds for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame that arrived."""

    sequence: int
    latency_ns: int


def bench_transport(
    *, rate: int, size: int, seconds: float, carriers: Sequence[str] = ("rtp", "data")
) -> BenchResult:
    """Send frames from one process to another over several networks, one after another."""
    jitter_ns = 15 * MILLISECOND
    networks = {
        "loopback": Conditions(),
        "80 ms": Conditions(delay_ns=WAY_NS),
        "80 ms, 5 %, jitter": Conditions(loss=0.05, delay_ns=WAY_NS, spread_ns=jitter_ns),
        "80 ms, 5 % in threes": Conditions(
            loss=0.05, burst=3.0, delay_ns=WAY_NS, jitter_ns=5 * MILLISECOND
        ),
        "80 ms, 20 %, jitter": Conditions(loss=0.2, delay_ns=WAY_NS, spread_ns=jitter_ns),
    }
    rows: list[dict[str, Any]] = []
    for name, conditions in networks.items():
        phases = (Phase(seconds, conditions),)
        rows += [_measure(Load(name, carrier, phases, rate, size)) for carrier in carriers]
    lossy = (Phase(seconds, networks["80 ms, 5 %, jitter"]),)
    rows += [
        _measure(Load(f"the same, {OVERLOAD} x", carrier, lossy, OVERLOAD * rate, size))
        for carrier in carriers
    ]
    rows += [_measure_narrow(carrier, rate, size, seconds) for carrier in carriers]
    return BenchResult(
        bench="transport",
        args={"rate": rate, "size": size, "seconds": seconds, "carriers": list(carriers)},
        rows=rows,
        bars=_bars(rows),
    )


def _bars(rows: list[dict[str, Any]]) -> list[Bar]:
    bars = []
    for row in rows:
        name, carrier = row["network"], row["carrier"]
        if name == "loopback":
            bars += [
                at_most(f"{carrier}, loopback p95, ms", row["p95_ms"], 10.0),
                at_most(f"{carrier}, loopback not delivered, %", 100.0 - row["came_%"], 1.0),
                at_most(f"{carrier}, loopback opening, s", row["opens_ms"] / 1e3, 2.0),
            ]
        if name == "80 ms, 5 %, jitter":
            beyond = row["p99_ms"] - WAY_NS / MILLISECOND
            bars.append(at_most(f"{carrier}, {name}: p99 beyond the path, ms", beyond, _BEYOND_MS))
            if carrier == "rtp":
                bars += [
                    at_least(f"{carrier}, {name}: delivered, %", row["came_%"], _DELIVERED),
                    at_most(
                        f"{carrier}, {name}: oldest that waits, p99.9, ms",
                        row["waits_p99.9_ms"],
                        _WAITED_MS,
                    ),
                ]
    return bars


def _measure_narrow(carrier: str, rate: int, size: int, seconds: float) -> dict[str, Any]:
    """A path that is wide, then narrow with a long queue before it, then wide again."""
    wide = Conditions(delay_ns=WAY_NS)
    narrow = Conditions(delay_ns=WAY_NS, bytes_per_second=NARROW_BPS // 8, queue_ns=10 * SECOND)
    phases = (Phase(seconds / 4, wide), Phase(seconds, narrow), Phase(seconds, wide))
    load = Load(f"80 ms, {NARROW_BPS // 1000} kbit/s", carrier, phases, rate, size)
    return {"table": "a path that is narrow for a while", **_measure(load)}


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
    with impaired_arrivals(load.phases[0].conditions, clock, seed=1) as network:
        await _hear(load, clock, network, pipe)


async def _hear(load: Load, clock: Clock, network: BadNetwork, pipe: Connection) -> None:
    peer = Peer(clock, (load.carrier,))
    pipe.send("ready")
    pipe.send(await peer.answer(await _receive(pipe)))
    await peer.opened()
    heard: list[Heard] = []

    def on_envelope(envelope: Envelope, arrival_ns: int) -> None:
        if envelope.kind == Kind.POSE:
            sent_ns = int.from_bytes(envelope.core[:8], "big")
            heard.append(Heard(envelope.sequence, arrival_ns - sent_ns))

    link = Link(
        FAR, NEAR, peer.carrier, clock, on_envelope, _ignore, control_numbers=itertools.count()
    )
    working = [asyncio.create_task(_tick(link)), asyncio.create_task(_change(load, network))]
    cpu_s = time.process_time()
    await _receive(pipe)
    cpu_s = time.process_time() - cpu_s
    for task in working:
        task.cancel()
    pipe.send((heard, cpu_s))
    await peer.close()


async def _near(load: Load, pipe: Connection) -> dict[str, Any]:
    """Send, and reckon what came of it."""
    clock = MonotonicClock()
    with impaired_arrivals(load.phases[0].conditions, clock, seed=2) as network:
        return await _send(load, clock, network, pipe)


async def _send(load: Load, clock: Clock, network: BadNetwork, pipe: Connection) -> dict[str, Any]:
    await _receive(pipe)  # The other process has started; opening is measured without that.
    peer = Peer(clock, (load.carrier,))
    opening_ns = clock.now_ns()
    pipe.send(await peer.offer())
    await peer.accept(await _receive(pipe))
    await peer.opened()
    opening_ns = clock.now_ns() - opening_ns
    link = Link(NEAR, FAR, peer.carrier, clock, _ignore, _ignore, control_numbers=itertools.count())
    working = [asyncio.create_task(_tick(link)), asyncio.create_task(_change(load, network))]
    cpu_s = time.process_time()
    frames = round(load.seconds * load.rate)
    waits_ms: list[float] = []
    begin = time.monotonic()
    for sequence in range(frames):
        await asyncio.sleep(max(0.0, begin + sequence / load.rate - time.monotonic()))
        # Before the next frame makes it give way: it waits no longer than until now.
        waits_ms.append(link.stats().queued_age_ns / MILLISECOND)
        link.send(_frame(sequence, load.size, clock.now_ns()))
        if sequence % CONTROL_EVERY == 0:
            link.send_control(LossReport(FAR, 0))
        link.flush()
    cpu_s = time.process_time() - cpu_s
    await asyncio.sleep(0.5)
    stats = link.stats()
    pipe.send("report")
    heard, far_cpu_s = await _receive(pipe)
    for task in working:
        task.cancel()
    await peer.close()
    shed = stats.counters.dropped.pop("shed", 0)
    latencies_ms = sorted(frame.latency_ns / MILLISECOND for frame in heard)
    figures = {
        "network": load.name,
        "carrier": load.carrier,
        "came_%": 100.0 * len(heard) / frames,
        "gated_%": 100.0 * sum(stats.counters.dropped.values()) / frames,
        "shed_%": 100.0 * shed / frames,
        **{f"p{p}_ms": _percentile(latencies_ms, p) for p in (50, 95, 99)},
        "waits_p99.9_ms": _percentile(sorted(waits_ms), 99.9),
        "trip_ms": (stats.round_trip_ns or 0) / MILLISECOND,
        "opens_ms": opening_ns / MILLISECOND,
        "cpu_out_us": 1e6 * cpu_s / max(1, stats.counters.sent_bundles),
        "cpu_in_us": 1e6 * far_cpu_s / max(1, len(heard)),
    }
    return figures | (_by_phase(load, heard) if len(load.phases) > 1 else {})


async def _change(load: Load, network: BadNetwork) -> None:
    """Change the network from phase to phase."""
    for before, after in itertools.pairwise(load.phases):
        await asyncio.sleep(before.seconds)
        network.conditions = after.conditions


def _by_phase(load: Load, heard: list[Heard]) -> dict[str, Any]:
    """How many frames of each phase came, how late, and when they came again in full."""
    figures: dict[str, Any] = {}
    begin = 0
    for number, phase in enumerate(load.phases, 1):
        end = begin + round(phase.seconds * load.rate)
        of_phase = [frame for frame in heard if begin <= frame.sequence < end]
        late_ms = sorted(frame.latency_ns / MILLISECOND for frame in of_phase)
        figures[f"phase_{number}_rate"] = len(of_phase) / phase.seconds
        figures[f"phase_{number}_p50_ms"] = _percentile(late_ms, 50)
        figures[f"phase_{number}_most_ms"] = late_ms[-1] if late_ms else 0.0
        begin = end
    last = round(sum(phase.seconds for phase in load.phases[:-1]) * load.rate)
    came = {frame.sequence for frame in heard}
    figures["whole_again_after_s"] = _whole_again(came, last, begin, load.rate)
    return figures


def _whole_again(came: set[int], begin: int, end: int, rate: int) -> float:
    """Seconds after frame ``begin`` the first second begins of which 19 in 20 frames came."""
    for at in range(begin, end - rate + 1):
        if sum(number in came for number in range(at, at + rate)) >= _WHOLE * rate:
            return (at - begin) / rate
    return (end - begin) / rate


def _frame(sequence: int, size: int, now_ns: int) -> Envelope:
    golden, anchor = sequence % GOLDEN_EVERY == 0, sequence % ANCHOR_EVERY == 0
    core = size * 2 // 3
    if golden:
        size, core = GOLDEN_TIMES * size, GOLDEN_TIMES * core
    return Envelope(
        kind=Kind.POSE,
        stream=NEAR,
        sequence=sequence,
        capture_us=0,
        reference_distance=0 if golden else sequence % ANCHOR_EVERY or ANCHOR_EVERY,
        core=now_ns.to_bytes(8, "big") + bytes(core - 8),
        detail=bytes(size - core),
        detail_made=True,
        droppable=not anchor,
        priority=2 if anchor else 1,
    )


def _ignore(*_: object) -> None:
    """Neither what the far side says nor that it closes at the end is of interest."""


async def _tick(link: Link) -> None:
    while True:
        link.tick()
        await asyncio.sleep(TICK_NS / SECOND)


async def _receive(pipe: Connection) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, pipe.recv)


def _percentile(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
