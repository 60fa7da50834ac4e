"""What one core of a relay carries: processes that come by ICE, send, and hear one another.

A latency is the whole one, from the capture stamped in one load process to the arrival in another
on the same machine: what the relay adds is less than that by what two processes' loops take.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.bench import other_process
from presence.bench.nats_server import nats_server
from presence.bench.relay_load import BUCKET_US, VOICE_RATE, LoadReport, LoadTask
from presence.bench.relay_started import start_relay
from presence.bench.result import Bar, BenchResult, at_least, at_most
from presence.clock import SECOND
from presence.errors import UsageError
from presence.relay.admission import Admission, sign_admission

SPEAKERS = 3
OPEN_ONE_IN = 50
SATURATED_CORE = 0.9
"""A load process that takes so much of a core is saturated,"""
SATURATED_LATE_MS = 20.0
"""and so is one that is so late with what it sends."""
DELIVERED = 99.9
CPU_US, CPU_STRETCH_US = 6.0, 3.0
VOICE_MS, POSE_MS = 3.0, 4.0
MEMORY_MIB = 2.0
_LEAD_NS = SECOND // 2


def bench_relay(
    *,
    participants: int,
    rate: int,
    carrier: str,
    seconds: float,
    warm_s: float,
    loads: int,
    nodes: int = 1,
) -> BenchResult:
    """Have so many people hear one another through one relay process, or several.

    Args:
        participants: All in one room.
        rate: Poses a second of each.
        carrier: ``rtp`` or ``data``.
        seconds: That are measured.
        warm_s: Before, in which paths' budgets grow.
        loads: Processes among which the people are divided.
        nodes: Relays that the room spans, each with as many of them.

    Raises:
        UsageError: this system does not say what another process takes, or there is no NATS server
            for several relays; or the people cannot be divided among them.
    """
    if loads % nodes:
        raise UsageError("each relay has load processes of its own: give --loads a multiple")
    key = Ed25519PrivateKey.generate()
    started: list[subprocess.Popen[str]] = []
    relays: list[subprocess.Popen[str]] = []
    with contextlib.ExitStack() as stack:
        stack.callback(_end, started, relays)
        options: list[str] = []
        if nodes > 1:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            address = stack.enter_context(nats_server(folder)).url
            options = ["--cluster", address, "--people", str(-(-participants // nodes))]
        ports = []
        for _ in range(nodes):
            relay, port = start_relay(key, options)
            relays.append(relay)
            ports.append(port)
        empty_mib = _memory_mib(relays)
        opening_s = time.monotonic()
        for number in range(loads):
            port = ports[number * nodes // loads]
            streams = range(1 + number, participants + 1, loads)
            expires_s = int(time.time()) + 600
            task = LoadTask(
                port=port,
                carrier=carrier,
                tokens={
                    stream: sign_admission(key, Admission("bench", stream, expires_s))
                    for stream in streams
                },
                people=participants,
                speakers=min(SPEAKERS, participants),
                rate=rate,
                warm_s=warm_s,
                seconds=seconds,
                open_one_in=OPEN_ONE_IN,
            )
            started.append(
                other_process.start(
                    ["-m", "presence.bench.relay_load", msgspec.json.encode(task).decode()]
                )
            )
            if nodes > 1:
                # One relay is full before anybody comes to the next.
                _wait_until_open(started[-1:])
        if nodes == 1:
            _wait_until_open(started)
        opening_s = time.monotonic() - opening_s
        begins_ns = time.monotonic_ns() + _LEAD_NS
        for process in started:
            stdin: IO[str] = process.stdin  # type: ignore[assignment]
            stdin.write(f"{begins_ns}\n")
            stdin.flush()
        _sleep_until(begins_ns + round(warm_s * SECOND))
        user_s, kernel_s = _cpu_s(relays)
        _sleep_until(begins_ns + round((warm_s + seconds) * SECOND))
        user_end_s, kernel_end_s = _cpu_s(relays)
        kernel_s = kernel_end_s - kernel_s
        cpu_s = user_end_s - user_s + kernel_s
        memory_mib = _memory_mib(relays)
        reports = [
            msgspec.json.decode(other_process.line(process), type=LoadReport) for process in started
        ]
    row = _row(reports, cpu_s, seconds, participants, rate)
    row |= {
        "kernel_%_of_cpu": 100.0 * kernel_s / cpu_s if cpu_s else 0.0,
        "memory_mib_each": (memory_mib - empty_mib) / participants,
        "opening_s": opening_s,
    }
    at = f", {nodes} relays" if nodes > 1 else ""
    row = {"people": f"{participants} at {rate} Hz, {carrier}{at}", **row}
    return BenchResult(
        bench="relay",
        args={
            "participants": participants,
            "rate": rate,
            "carrier": carrier,
            "seconds": seconds,
            "warm_s": warm_s,
            "loads": loads,
            "nodes": nodes,
            "open_one_in": OPEN_ONE_IN,
        },
        rows=[row],
        bars=_bars(row),
    )


def _wait_until_open(started: list[subprocess.Popen[str]]) -> None:
    for process in started:
        if other_process.line(process) != "open":
            raise UsageError("a load process did not come to the relay; see what it printed")


def _cpu_s(relays: list[subprocess.Popen[str]]) -> tuple[float, float]:
    """In user mode and in the kernel, of all."""
    user, kernel = zip(*(other_process.cpu_s(relay.pid) for relay in relays), strict=True)
    return sum(user), sum(kernel)


def _memory_mib(relays: list[subprocess.Popen[str]]) -> float:
    return sum(other_process.memory_mib(relay.pid) for relay in relays)


def _end(*groups: list[subprocess.Popen[str]]) -> None:
    every = [process for group in groups for process in group]
    for process in every:
        process.terminate()
    for process in every:
        other_process.end(process)


def _row(
    reports: list[LoadReport], cpu_s: float, seconds: float, participants: int, rate: int
) -> dict[str, Any]:
    sent: dict[int, list[int]] = {}
    for report in reports:
        sent |= report.sent
    due = came = 0
    for report in reports:
        for stream, heard in report.came.items():
            due += sum(sum(of) for other, of in sent.items() if other != stream)
            came += sum(sum(of) for of in heard.values())
    a_second = (participants * rate + min(SPEAKERS, participants) * VOICE_RATE) * (participants - 1)
    delivered = came / max(1, due)
    pose = [sum(of) for of in zip(*(r.pose_us for r in reports), strict=True)]
    voice = [sum(of) for of in zip(*(r.voice_us for r in reports), strict=True)]
    busiest = max(report.cpu_s / seconds for report in reports)
    late_ms = max(report.late_ms for report in reports)
    return {
        "delivered_%": 100.0 * delivered,
        "envelopes_a_s": a_second * delivered,
        "relay_core": cpu_s / seconds,
        "cpu_us": 1e6 * cpu_s / seconds / (a_second * delivered) if delivered else 0.0,
        "pose_p50_ms": _percentile_ms(pose, 50),
        "pose_p99_ms": _percentile_ms(pose, 99),
        "voice_p50_ms": _percentile_ms(voice, 50),
        "voice_p99_ms": _percentile_ms(voice, 99),
        "twice": sum(report.twice for report in reports),
        "opened": sum(report.opened for report in reports),
        "not_opened": sum(report.refused for report in reports),
        "ended": sum(report.ended for report in reports),
        "load_core_most": busiest,
        "load_late_p99_ms": late_ms,
        "valid": busiest < SATURATED_CORE and late_ms < SATURATED_LATE_MS,
    }


def _bars(row: dict[str, Any]) -> list[Bar]:
    return [
        at_least("valid: no load process is saturated", float(row["valid"]), 1.0),
        at_least("delivered, %", row["delivered_%"], DELIVERED),
        at_most("CPU a delivered envelope, µs", row["cpu_us"], CPU_US),
        at_most("CPU a delivered envelope, µs", row["cpu_us"], CPU_STRETCH_US, stretch=True),
        at_most("voice p99, whole way, ms", row["voice_p99_ms"], VOICE_MS),
        at_most("pose p99, whole way, ms", row["pose_p99_ms"], POSE_MS),
        at_most("memory a participant, MiB", row["memory_mib_each"], MEMORY_MIB),
        at_most("envelopes that did not open", row["not_opened"], 0),
    ]


def _sleep_until(at_ns: int) -> None:
    time.sleep(max(0, at_ns - time.monotonic_ns()) / SECOND)


def _percentile_ms(buckets: list[int], percent: float) -> float:
    """The upper end of the bucket in which the percentile lies."""
    left = sum(buckets) * percent / 100.0
    for number, count in enumerate(buckets, 1):
        left -= count
        if left <= 0:
            return number * BUCKET_US / 1000.0
    return 0.0
