"""A load process of ``presence bench relay``: people who send to a relay and hear all others.

They seal what they send. Of what they hear they take every header's sequence number and capture
time, and open a random one in so many.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import heapq
import random
import struct
import sys
import time

import msgspec

from presence.bench.relay_guest import RelayGuest
from presence.clock import MILLISECOND, SECOND, MonotonicClock
from presence.errors import PresenceError
from presence.relay.quick_loop import quick_loop
from presence.transport.carrier import Carrier
from presence.wire.bundle import LENGTH_BYTES, pack_bundles
from presence.wire.envelope import CAPTURE_PERIOD, Envelope, Kind, decode_envelope, encode_envelope
from presence.wire.relaying import WHOLE, RelayPing, Wants, encode_relaying
from presence.wire.sealing import Opener, Sealer

GOLDEN_EVERY, ANCHOR_EVERY = 120, 6
CORE_BYTES, DETAIL_BYTES = 76, 44
"""Of a pose before it is sealed, 120 bytes together."""
VOICE_BYTES = 60
VOICE_RATE = 50
ASK_RATE = 2
"""Messages to the relay a second: pings, and what is wanted."""
BUCKET_US = 50
BUCKETS = 4000
"""Of the latencies; what is later than 0.2 s counts as that."""
HOPELESS_NS = SECOND
"""Whoever is so late with something leaves it out, so that the run ends in its time."""
_HEAD = struct.Struct(">HBBHBBHI")


class LoadTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a load process is told."""

    port: int
    carrier: str
    tokens: dict[int, str]
    """Of its people, by stream."""
    people: int
    """In the room; their streams count from 1."""
    speakers: int
    """The first so many speak."""
    rate: int
    warm_s: float
    seconds: float
    open_one_in: int


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a load process found."""

    cpu_s: float
    """Processor time within the measured seconds."""
    late_ms: float
    """By how much the latest in a hundred envelopes left after its time."""
    sent: dict[int, list[int]]
    """Of each of its people how many poses and packets of voice left in the measured time."""
    came: dict[int, dict[int, list[int]]]
    """Of each of its people and each whom they heard, how many of those came."""
    twice: int
    pose_us: list[int]
    """Latencies from capture to arrival, by :data:`BUCKET_US`."""
    voice_us: list[int]
    opened: int
    refused: int
    """Envelopes that did not open."""
    ended: int
    """Connections that ended."""
    budgets_bps: list[float]


class Guest:
    """One of the people. State: what they sent and what came."""

    def __init__(self, stream: int, task: LoadTask) -> None:
        """They have not come yet."""
        self.stream = stream
        self.task = task
        self.clock = MonotonicClock()
        self.connection = RelayGuest(self.clock, task.carrier)
        self.sealer = Sealer(stream, 1, base_key(stream))
        self.openers = {other: Opener(other) for other in range(1, task.people + 1)}
        for other, opener in self.openers.items():
            opener.add(1, base_key(other))
        self.carrier: Carrier | None = None
        poses = round(task.rate * (task.warm_s + task.seconds)) + 1
        voices = round(VOICE_RATE * (task.warm_s + task.seconds)) + 1
        self.seen: dict[int, dict[int, bytearray]] = {
            other: {Kind.POSE: bytearray(poses), Kind.VOICE: bytearray(voices)}
            for other in range(1, task.people + 1)
        }
        self.latencies: dict[int, list[int]] = {Kind.POSE: [0] * BUCKETS, Kind.VOICE: [0] * BUCKETS}
        self.random = random.Random(stream)
        self.opened = self.refused = self.twice = self.ended = 0
        self.measuring = False

    async def come(self) -> None:
        """Come to the relay."""
        self.carrier = await self.connection.come(self.task.port, self.task.tokens[self.stream])
        self.carrier.on_bundle = self.hear
        self.carrier.on_closed = self.closed

    def closed(self) -> None:
        """The connection ended."""
        self.ended += 1

    def send_pose(self, sequence: int) -> bool:
        """Send a pose; False: it could not leave."""
        golden = sequence % GOLDEN_EVERY == 0
        anchor = sequence % ANCHOR_EVERY == 0
        return self._send(
            Envelope(
                Kind.POSE,
                self.stream,
                sequence,
                self._now_us(),
                0 if golden else sequence % ANCHOR_EVERY or ANCHOR_EVERY,
                bytes(CORE_BYTES),
                bytes(DETAIL_BYTES),
                True,
                not anchor,
                2 if anchor else 1,
            )
        )

    def send_voice(self, sequence: int) -> bool:
        """Send a packet of voice; False: it could not leave."""
        return self._send(
            Envelope.single(
                Kind.VOICE,
                self.stream,
                sequence=sequence,
                capture_ns=self.clock.now_ns(),
                payload=bytes(VOICE_BYTES),
            )
        )

    def ask(self, number: int) -> None:
        """Say something to the relay itself."""
        wants = Wants(((0, WHOLE), (1 + self.stream % self.task.people, WHOLE)))
        payload = encode_relaying([wants, RelayPing(number)])
        envelope = Envelope.single(
            Kind.RELAY, self.stream, sequence=number, capture_ns=0, payload=payload
        )
        self._leave(encode_envelope(envelope))

    def say(self) -> None:
        """Say that one is still there, before it begins."""
        payload = encode_relaying([RelayPing(0)])
        self._leave(
            encode_envelope(
                Envelope.single(Kind.RELAY, self.stream, sequence=0, capture_ns=0, payload=payload)
            )
        )

    def hear(self, bundle: bytes, arrival_ns: int) -> None:
        """Note whose envelopes came, and when."""
        begin, end = 0, len(bundle)
        while begin < end:
            length, first, _, stream, _, high, low, capture_us = _HEAD.unpack_from(bundle, begin)
            kind = first & 0x3F
            if kind in (1, 2):
                self._note(kind, stream, high << 16 | low, capture_us, arrival_ns)
                if self.measuring and self.random.random() * self.task.open_one_in < 1.0:
                    start = begin + LENGTH_BYTES
                    self._open(bundle[start : start + length], arrival_ns)
            begin += LENGTH_BYTES + length

    def _note(
        self, kind: int, stream: int, sequence: int, capture_us: int, arrival_ns: int
    ) -> None:
        seen = self.seen[stream][kind]
        if sequence >= len(seen):
            return
        self.twice += seen[sequence]
        seen[sequence] = 1
        if self.measuring:
            late_us = (arrival_ns // 1000 - capture_us) % CAPTURE_PERIOD
            self.latencies[kind][min(late_us // BUCKET_US, BUCKETS - 1)] += 1

    def _open(self, data: bytes, arrival_ns: int) -> None:
        envelope = decode_envelope(data)
        try:
            opened = self.openers[envelope.stream].open(envelope, arrival_ns)
        except PresenceError:
            opened = None
        self.opened += opened is not None
        self.refused += opened is None

    def _now_us(self) -> int:
        return self.clock.now_ns() // 1000 % CAPTURE_PERIOD

    def _send(self, envelope: Envelope) -> bool:
        return self._leave(encode_envelope(self.sealer.seal(envelope)))

    def _leave(self, data: bytes) -> bool:
        (bundle,) = pack_bundles([data])
        return self.carrier is not None and self.carrier.send(bundle)


def base_key(stream: int) -> bytes:
    """The key of one of the people."""
    return hashlib.sha256(b"presence bench relay %d" % stream).digest()[:16]


async def load(task: LoadTask) -> None:
    """Come, say so, send and hear when told to, and report."""
    guests = [Guest(stream, task) for stream in task.tokens]
    for number, guest in enumerate(guests):
        await guest.come()
        for other in guests[:number]:
            other.say()
    print("open", flush=True)
    loop = asyncio.get_running_loop()
    told = loop.run_in_executor(None, sys.stdin.readline)
    while not (await asyncio.wait([told], timeout=1.0 / ASK_RATE))[0]:
        # Who says nothing while the others come is gone before it begins.
        for guest in guests:
            guest.say()
    begins_ns = int(await told)
    gc.collect()
    gc.freeze()
    print(msgspec.json.encode(await _run(task, guests, begins_ns)).decode(), flush=True)
    for guest in guests:
        await guest.connection.leave()


async def _run(task: LoadTask, guests: list[Guest], begins_ns: int) -> LoadReport:
    warm_ns = begins_ns + round(task.warm_s * SECOND)
    ends_ns = warm_ns + round(task.seconds * SECOND)
    # Each goes by a beat of its own, as people do.
    due: list[tuple[int, int, Kind, int]] = []
    for at, guest in enumerate(guests):
        phase = random.Random(guest.stream).random()
        due.append((begins_ns + round(phase * SECOND / task.rate), at, Kind.POSE, 0))
        due.append((begins_ns + round(phase * SECOND / ASK_RATE), at, Kind.RELAY, 0))
        if guest.stream <= task.speakers:
            due.append((begins_ns + round(phase * SECOND / VOICE_RATE), at, Kind.VOICE, 0))
    heapq.heapify(due)
    rates = {Kind.POSE: task.rate, Kind.VOICE: VOICE_RATE, Kind.RELAY: ASK_RATE}
    sent: dict[int, dict[int, list[int]]] = {
        guest.stream: {Kind.POSE: [], Kind.VOICE: []} for guest in guests
    }
    lates_ns: list[int] = []
    cpu_s = 0.0
    measuring = False
    now_ns = time.monotonic_ns()
    while due and due[0][0] < ends_ns:
        at_ns, at, kind, number = heapq.heappop(due)
        if at_ns > now_ns:
            await asyncio.sleep((at_ns - now_ns) / SECOND)
            now_ns = time.monotonic_ns()
        if not measuring and now_ns >= warm_ns:
            measuring = True
            cpu_s = time.process_time()
            for guest in guests:
                guest.measuring = True
        guest = guests[at]
        heapq.heappush(due, (at_ns + SECOND // rates[kind], at, kind, number + 1))
        if kind is Kind.RELAY:
            guest.ask(number)
            continue
        if now_ns - at_ns > HOPELESS_NS:
            now_ns = time.monotonic_ns()
            lates_ns.append(now_ns - at_ns)
            continue
        left = guest.send_pose(number) if kind is Kind.POSE else guest.send_voice(number)
        now_ns = time.monotonic_ns()
        if at_ns >= warm_ns:
            lates_ns.append(now_ns - at_ns)
            if left:
                sent[guest.stream][kind].append(number)
        if now_ns - at_ns > 5 * MILLISECOND:
            # Behind: what came is heard all the same.
            await asyncio.sleep(0)
    cpu_s = time.process_time() - cpu_s
    budgets = [guest.carrier.budget_bps or 0.0 for guest in guests if guest.carrier is not None]
    await asyncio.sleep(0.5)
    # Everybody's measured numbers begin alike, and the last that left are not asked for: they may
    # still be on their way when the others stop hearing.
    first = {kind: round(rates[kind] * (task.warm_s + 0.1)) for kind in (Kind.POSE, Kind.VOICE)}
    last = {
        kind: round(rates[kind] * (task.warm_s + task.seconds - 0.3))
        for kind in (Kind.POSE, Kind.VOICE)
    }
    return LoadReport(
        cpu_s=cpu_s,
        late_ms=sorted(lates_ns)[len(lates_ns) * 99 // 100] / MILLISECOND if lates_ns else 0.0,
        sent={
            stream: [
                sum(first[kind] <= number < last[kind] for number in of[kind])
                for kind in (Kind.POSE, Kind.VOICE)
            ]
            for stream, of in sent.items()
        },
        came={
            guest.stream: {
                other: [sum(of[kind][first[kind] : last[kind]]) for kind in (Kind.POSE, Kind.VOICE)]
                for other, of in guest.seen.items()
                if other != guest.stream
            }
            for guest in guests
        },
        twice=sum(guest.twice for guest in guests),
        pose_us=[sum(n) for n in zip(*(g.latencies[Kind.POSE] for g in guests), strict=True)],
        voice_us=[sum(n) for n in zip(*(g.latencies[Kind.VOICE] for g in guests), strict=True)],
        opened=sum(guest.opened for guest in guests),
        refused=sum(guest.refused for guest in guests),
        ended=sum(guest.ended for guest in guests),
        budgets_bps=budgets,
    )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=quick_loop) as runner:
        runner.run(load(msgspec.json.decode(sys.argv[1], type=LoadTask)))
