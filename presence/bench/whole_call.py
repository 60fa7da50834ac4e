"""``presence bench call --carrier``: a whole call between processes, over a bad network.

Each participant is a process as ``presence join`` starts it, with real signalling, ICE, DTLS and
sealing. What arrives at each passes through a lossy path before anything reads it: loss
independent, delay normally distributed. There is no renderer: 90 times a second each participant's
playout is asked what it shows. How old that is, is reckoned from the senders' logs and the
receivers', joined by sequence number, by the machine's own clock, which no participant reads:
theirs are hours apart and drift. What they do was worked out beforehand, as the performers made by
code take more of a processor than the call. Through the host it is the TCP to it that goes over a
slow wire (:mod:`presence.bench.slow_wire`).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from presence.bench.clicks import TURN_NS, click_times, heard_delays, write_clicks
from presence.bench.result import Bar, BenchResult, at_least, at_most
from presence.bench.slow_wire import SlowWire, slow_wire
from presence.bench.taking_part import CallTask, Weather
from presence.client.logs import About, Log
from presence.client.report import Table, capture_ages
from presence.client.settings import Settings
from presence.clock import MILLISECOND, SECOND, MonotonicClock, SkewedClock
from presence.errors import PresenceError, UsageError
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.pose.arrays import Floats
from presence.scene.shipped import SHIPPED
from presence.transport.lossy import Conditions
from presence.transport.peer import CARRIERS
from presence.transport.websocket_attempt import WEBSOCKET

_START_SECONDS = 90.0
_END_SECONDS = 30.0
_HOUR = 3600 * SECOND
_HEAVY_LOSS = 0.2
_FRAME_NS = SECOND // 60
_CLICKED_SECONDS = 300.0
"""Longer than the longest call and its beginning."""
_IN_FLIGHT_NS = SECOND
"""Frames made so shortly before the end of a part may still be under way, or be repaired."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallExtent:
    """How long each part of the call is, seconds."""

    settle: float
    """In which the network is learned; not judged."""
    as_set: float
    heavy: float
    """With 20 % loss."""
    recover: float
    """After that; not judged."""
    again: float


# Playout goes by the last 8 s, and makes up for what it no longer needs by 2 % of the time.
WHOLE = CallExtent(settle=15.0, as_set=60.0, heavy=30.0, recover=15.0, again=30.0)
QUICK = CallExtent(settle=9.0, as_set=9.0, heavy=4.0, recover=14.0, again=4.0)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the call that is judged, by the machine's clock."""

    name: str
    begin_ns: int
    end_ns: int


def bench_whole_call(
    *,
    participants: int,
    loss: float,
    delay_ms: float,
    jitter_ms: float,
    carrier: str,
    voice: bool = False,
    extent: CallExtent = WHOLE,
) -> BenchResult:
    """Run the benchmark.

    Args:
        participants: in the room.
        loss: share of the datagrams that are lost on each way.
        delay_ms: of each way.
        jitter_ms: standard deviation of that.
        carrier: what carries envelopes.
        voice: whether they speak and hear, by files that stand for devices.
        extent: how long it is measured.

    Raises:
        UsageError: there is no such carrier.
        PresenceError: the call did not come about.
    """
    known = (*CARRIERS, WEBSOCKET)
    if carrier not in known:
        raise UsageError(f"there is no carrier {carrier!r}; choose one of {', '.join(known)}")
    weather = Weather(
        loss=loss,
        delay_ns=round(delay_ms * MILLISECOND),
        spread_ns=round(jitter_ms * MILLISECOND),
    )
    with tempfile.TemporaryDirectory(prefix="presence-call-") as folder:
        parts = asyncio.run(_run(Path(folder), participants, weather, carrier, extent, voice=voice))
        logs = [_Logs.read(Path(folder), name) for name in _names(participants)]
        rows = [_row(part, logs, weather.delay_ns) for part in parts]
        if voice:
            for part, row in zip(parts, rows, strict=True):
                row |= _voice_row(part, logs, Path(folder), weather.delay_ns)
    return BenchResult(
        bench="call",
        args={
            "participants": participants,
            "loss": loss,
            "delay_ms": delay_ms,
            "jitter_ms": jitter_ms,
            "carrier": carrier,
            "voice": voice,
            "extent": {name: getattr(extent, name) for name in CallExtent.__slots__},
        },
        rows=rows,
        bars=[*_bars(carrier, *rows), *(_voice_bars(weather, rows[0]) if voice else [])],
    )


def _names(participants: int) -> list[str]:
    return [f"participant-{k}" for k in range(1, participants + 1)]


def _hears(folder: Path, name: str) -> Path:
    return folder / f"{name}-hears.wav"


async def _run(
    folder: Path,
    participants: int,
    weather: Weather,
    carrier: str,
    extent: CallExtent,
    *,
    voice: bool,
) -> list[_Part]:
    """Have the call; the parts of it that are judged."""
    async with (
        hosting(HostSettings(bind="127.0.0.1", port=0)) as link,
        slow_wire(link.port, MonotonicClock(), seed=999) as wire,
    ):
        by_host = carrier == WEBSOCKET
        if by_host:
            link = replace(link, port=wire.port)
        children: list[asyncio.subprocess.Process] = []
        try:
            begins_ns = time.monotonic_ns()
            for k, name in enumerate(_names(participants)):
                clock = SkewedClock((2 * k - 3) * _HOUR, (-1) ** k * 20.0 * k)
                microphone = headphones = "none"
                if voice:
                    clicks = folder / f"{name}-says.wav"
                    write_clicks(clicks, k, participants, _CLICKED_SECONDS)
                    microphone, headphones = f"file:{clicks}", f"file:{_hears(folder, name)}"
                settings = Settings(
                    link=str(link),
                    name=name,
                    view="none",
                    # Bodies that are there already; nobody draws them.
                    seed=list(SHIPPED.values())[k % len(SHIPPED)],
                    seat=k,
                    cast=participants,
                    carriers=tuple(c for c in CARRIERS if c in (carrier, "data")),
                    path="websocket" if by_host else "direct",
                    device=str(folder / f"{name}.pem"),
                    log_directory=str(folder),
                    clock_offset_ns=clock.offset_ns,
                    clock_drift_ppm=clock.drift_ppm,
                    epoch_ns=clock.from_machine_ns(begins_ns),
                    microphone=microphone,
                    headphones=headphones,
                )
                task = CallTask(settings=settings, others=participants - 1, seed=1000 + k)
                children.append(await _start(task))
            await asyncio.gather(*(_ready(child) for child in children))
            parts = await _weathers(children, wire, weather, extent)
            for child in children:
                assert child.stdin is not None
                child.stdin.close()
            async with asyncio.timeout(_END_SECONDS):
                ends = await asyncio.gather(*(child.wait() for child in children))
        except TimeoutError:
            raise PresenceError(
                "a participant of the benchmark does not end; stop what else runs on this machine"
            ) from None
        finally:
            for child in children:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
    if any(ends):
        raise PresenceError("a participant of the benchmark failed; what it said stands above")
    return parts


async def _start(task: CallTask) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "presence.bench.taking_part",
        msgspec.json.encode(task).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # As those that people start: a scheduler shares a machine out among sessions first.
        start_new_session=True,
    )


async def _ready(child: asyncio.subprocess.Process) -> None:
    assert child.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            line = await child.stdout.readline()
    except TimeoutError:
        raise PresenceError(
            f"not everybody saw everybody within {_START_SECONDS:.0f} s; stop what else runs on "
            "this machine and try again"
        ) from None
    if line.strip() != b"ready":
        raise PresenceError("a participant of the benchmark ended early; what it said stands above")


async def _weathers(
    children: list[asyncio.subprocess.Process],
    wire: SlowWire,
    weather: Weather,
    extent: CallExtent,
) -> list[_Part]:
    async def part(name: str, weather: Weather, settle: float, seconds: float) -> _Part:
        line = msgspec.json.encode(weather) + b"\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write(line)
        # Only what goes through the host goes over the wire: half of the way on either side of it.
        wire.conditions = Conditions(
            loss=1.0 - (1.0 - weather.loss) ** 0.5,
            delay_ns=weather.delay_ns // 2,
            spread_ns=round(weather.spread_ns / 2**0.5),
        )
        await asyncio.sleep(settle)
        begin_ns = time.monotonic_ns()
        await asyncio.sleep(seconds)
        return _Part(name, begin_ns, time.monotonic_ns())

    heavy = msgspec.structs.replace(weather, loss=max(weather.loss, _HEAVY_LOSS))
    return [
        await part("as set", weather, extent.settle, extent.as_set),
        await part(f"{heavy.loss:.0%} loss", heavy, 0.0, extent.heavy),
        await part("as set again", weather, extent.recover, extent.again),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Logs:
    """What one participant left."""

    name: str
    stream: int
    clock: SkewedClock
    epoch_ns: int
    """When clicks begin, by the machine's clock …"""
    sound_from_ns: int
    """… and what was heard."""
    carriers: list[str]
    captured: Table
    received: Table
    shown: Table
    lips: Table
    polls: Table
    queues: Table
    trips: Table
    work: Table

    @classmethod
    def read(cls, folder: Path, name: str) -> _Logs:
        log, polled = Log(folder, name), Log(folder, f"{name}-polled")
        about: About = log.about(About)
        clock = about.settings.clock
        tables = ("shown", "lips", "polls", "queues", "trips", "work")
        return cls(
            name,
            about.stream,
            clock,
            clock.to_machine_ns(about.epoch_ns),
            clock.to_machine_ns(about.sound_from_ns or 0),
            list(about.peers.values()),
            log.table("captured"),
            log.table("received"),
            *(polled.table(table) for table in tables),
        )


def _row(part: _Part, logs: list[_Logs], delay_ns: int) -> Row:
    """What a part of the call was like, over all who saw and all who were seen."""
    latencies: list[Floats] = []
    meant = came = 0
    missing = looked = 0
    ages, trips, work, rates = [], [], [], []
    for own in logs:
        polls = _during(own.polls, "machine_ns", part)
        looked += (len(logs) - 1) * len(polls["seen"])
        missing += int((len(logs) - 1 - polls["seen"]).sum())
        ages.append(_during(own.queues, "machine_ns", part)["age_ns"])
        trips.append(_during(own.trips, "machine_ns", part)["round_trip_ns"])
        cpu = _during(own.work, "machine_ns", part)
        spent, passed = np.ptp(cpu["cpu_ns"]), np.ptp(cpu["machine_ns"])
        work.append(100.0 * float(spent) / max(1.0, float(passed)))
        shown = _during(own.shown, "display_machine_ns", part)
        for other in logs:
            if other is own:
                continue
            captured = _during(other.captured, "capture_machine_ns", part, less_ns=_IN_FLIGHT_NS)
            sent = captured["sequence"]
            heard = own.received["sequence"][own.received["stream"] == other.stream]
            meant += len(sent)
            came += int(np.isin(sent, heard).sum())
            rates.append(len(sent) * SECOND / (part.end_ns - part.begin_ns - _IN_FLIGHT_NS))
            rows = shown["stream"] == other.stream
            of_other = {name: column[rows] for name, column in shown.items()}
            latencies.append(capture_ages(of_other, other.captured) - delay_ns)
    beyond_ms = np.concatenate(latencies) / MILLISECOND
    queue_ms = np.concatenate(ages) / MILLISECOND
    trip_ms = np.concatenate(trips) / MILLISECOND
    return {
        "part": part.name,
        "carrier": ", ".join(sorted({carrier for own in logs for carrier in own.carriers})),
        "captured_a_second": float(np.mean(rates)),
        "delivered_%": 100.0 * came / max(1, meant),
        **{f"beyond_path_ms_p{p}": float(np.percentile(beyond_ms, p)) for p in (50, 95, 99)},
        "missing_%": 100.0 * missing / max(1, looked),
        "queue_ms_p99.9": float(np.percentile(queue_ms, 99.9)),
        "queue_ms_max": float(queue_ms.max()),
        "round_trip_ms_p50": float(np.median(trip_ms)),
        "cpu_%_mean": float(np.mean(work)),
        "cpu_%_max": float(np.max(work)),
    }


def _voice_row(part: _Part, logs: list[_Logs], folder: Path, delay_ns: int) -> Row:
    """How long from mouth to ear in a part, and how lips went with it, over all who heard."""
    delays, early = [], []
    for own in logs:
        early.append(_during(own.lips, "machine_ns", part)["early_ns"])
        for turn, other in enumerate(logs):
            if other is own:
                continue
            times = click_times(turn, len(logs), _CLICKED_SECONDS)
            # Their clock drifts, and its file with it.
            epoch_ns = other.clock.from_machine_ns(other.epoch_ns)
            said = np.array([other.clock.to_machine_ns(epoch_ns + t) for t in times.tolist()])
            said = said[(said >= part.begin_ns) & (said < part.end_ns - _IN_FLIGHT_NS)]
            # Of two, each hears but the other: a full machine may be as late as two turns.
            within_ns = TURN_NS * (2 if len(logs) == 2 else 1)
            file = _hears(folder, own.name)
            delays.append(heard_delays(file, own.sound_from_ns, said, within_ns))
    delay_ms = (np.concatenate(delays) - delay_ns) / MILLISECOND
    heard = delay_ms[np.isfinite(delay_ms)]
    if not len(heard):
        raise PresenceError("no click was heard in the whole call; see presence doctor")
    early_ms = np.concatenate(early) / MILLISECOND
    return {
        "clicks": len(delay_ms),
        "clicks_unheard_%": 100.0 * (1.0 - len(heard) / len(delay_ms)),
        **{f"mouth_to_ear_ms_p{p}": float(np.percentile(heard, p)) for p in (50, 95)},
        "lips_early_ms_p50": float(np.median(early_ms)),
        "lips_skew_ms_p95": float(np.percentile(np.abs(early_ms), 95)),
    }


def _voice_bars(weather: Weather, as_set: Row) -> list[Bar]:
    limit = 120.0 if weather.loss or weather.delay_ns else 70.0
    return [
        at_most("mouth to ear beyond the path, p95, ms", as_set["mouth_to_ear_ms_p95"], limit),
        at_most("lips from sound, p95, ms", as_set["lips_skew_ms_p95"], 25.0),
    ]


def _during(table: Table, column: str, part: _Part, *, less_ns: int = 0) -> Table:
    """The rows of a part, but for the last of it."""
    at = table[column]
    rows = (at >= part.begin_ns) & (at < part.end_ns - less_ns)
    return {name: values[rows] for name, values in table.items()}


def _bars(carrier: str, as_set: Row, heavy: Row, again: Row) -> list[Bar]:
    frame_ms = _FRAME_NS / MILLISECOND
    bars = [
        at_most(
            "capture to displayed beyond the path, p99, ms", as_set["beyond_path_ms_p99"], 80.0
        ),
        at_most("oldest queued frame, p99.9, ms", as_set["queue_ms_p99.9"], frame_ms),
        at_most("the same at heavy loss", heavy["queue_ms_p99.9"], frame_ms),
        at_most("nobody is missing, %", as_set["missing_%"] + again["missing_%"], 0.0),
        at_most("after heavy loss: beyond the path, p99, ms", again["beyond_path_ms_p99"], 80.0),
    ]
    if carrier != "data":
        bars.insert(1, at_least("frames delivered, %", as_set["delivered_%"], 94.0))
        bars.append(at_least("after heavy loss: frames delivered, %", again["delivered_%"], 94.0))
    return bars
