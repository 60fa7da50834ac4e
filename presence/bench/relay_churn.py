"""Whether a relay's memory stays as it is while people come and go."""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.bench.other_process import cpu_s, end, memory_mib
from presence.bench.relay_guest import RelayGuest
from presence.bench.relay_started import start_relay
from presence.bench.result import Bar, BenchResult, at_least, at_most
from presence.clock import MonotonicClock
from presence.errors import TransportError
from presence.relay.admission import Admission, sign_admission
from presence.relay.quick_loop import quick_loop
from presence.wire.bundle import pack_bundles
from presence.wire.envelope import Envelope, Kind, encode_envelope

PEOPLE = 12
"""At a time, in rooms of :data:`ROOM` people."""
ROOM = 4
STAYS_S = 1.0, 5.0
POSE_RATE = 20
LOOK_S = 1.0
GROWN_MIB = 2.0
"""What a participant may take: more than that is not flat."""
_PARTS = 5
_PAUSE_S = 0.2


class _Churn:
    """State: how many came, how many could not, and how much memory the relay had when."""

    def __init__(self, port: int, key: Ed25519PrivateKey, ends_s: float) -> None:
        self.port = port
        self.key = key
        self.ends_s = ends_s
        self.joins = self.failures = self.heard = 0
        self.memory_mib: list[float] = []

    async def somebody(self, number: int) -> None:
        """Come, stay for a while, and go, again and again."""
        seeded = random.Random(number)
        while time.monotonic() < self.ends_s:
            stream = 1 + number % ROOM
            token = Admission(f"churn {number // ROOM}", stream, int(time.time()) + 600)
            guest = RelayGuest(MonotonicClock())
            try:
                carrier = await guest.come(self.port, sign_admission(self.key, token))
            except TransportError:
                self.failures += 1
                await asyncio.sleep(_PAUSE_S)
                continue
            self.joins += 1
            carrier.on_bundle = self._hear
            for sequence in range(round(seeded.uniform(*STAYS_S) * POSE_RATE)):
                pose = Envelope(Kind.POSE, stream, sequence, 0, 0, bytes(90), bytes(60), True,
                                epoch=1 + sequence // 30 % 200)  # fmt: skip
                carrier.send(*pack_bundles([encode_envelope(pose)]))
                await asyncio.sleep(1.0 / POSE_RATE)
            await guest.leave()

    async def look(self, pid: int) -> None:
        """See how much memory the relay has, again and again."""
        while True:
            self.memory_mib.append(memory_mib(pid))
            await asyncio.sleep(LOOK_S)

    def _hear(self, bundle: bytes, arrival_ns: int) -> None:
        self.heard += 1

    async def run(self, pid: int) -> None:
        """Have everybody come and go until it ends."""
        looking = asyncio.create_task(self.look(pid))
        await asyncio.gather(*(self.somebody(number) for number in range(PEOPLE)))
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def bench_relay_churn(minutes: float) -> BenchResult:
    """Have people come and go for so many minutes.

    Raises:
        UsageError: this system does not say what another process takes.
    """
    key = Ed25519PrivateKey.generate()
    relay, port = start_relay(key)
    try:
        churn = _Churn(port, key, time.monotonic() + 60.0 * minutes)
        with asyncio.Runner(loop_factory=quick_loop) as runner:
            runner.run(churn.run(relay.pid))
        used_s = sum(cpu_s(relay.pid))
    finally:
        with contextlib.suppress(ProcessLookupError):
            relay.terminate()
        end(relay)
    parts = [statistics.median(part) for part in _in_parts(churn.memory_mib) if part]
    # What is loaded and kept at first is no growth.
    grown_mib = parts[-1] - parts[1] if len(parts) > 1 else 0.0
    row = {
        "minutes": minutes,
        "joins": churn.joins,
        "failures": churn.failures,
        "bundles_heard": churn.heard,
        "memory_mib_first": churn.memory_mib[0],
        **{f"memory_mib_{number}": mib for number, mib in enumerate(parts, 1)},
        "grown_mib": grown_mib,
        "grown_kib_a_join": 1024.0 * grown_mib / max(1, churn.joins * 3 // 5),
        "cpu_ms_a_join": 1000.0 * used_s / max(1, churn.joins),
    }
    bars: list[Bar] = [
        at_most("memory grown from the second fifth to the last, MiB", grown_mib, GROWN_MIB),
        at_least("people who came, of those who tried, %",
                 100.0 * churn.joins / max(1, churn.joins + churn.failures), 99.0),
    ]  # fmt: skip
    return BenchResult(
        bench="relay churn", args={"minutes": minutes, "people": PEOPLE}, rows=[row], bars=bars
    )


def _in_parts(values: list[float]) -> list[list[float]]:
    each = -(-len(values) // _PARTS)
    return [values[begin : begin + each] for begin in range(0, len(values), each)]
