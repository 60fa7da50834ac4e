"""One person through everything: source, codec, a lossy network, playout, to a display.

Simulated time: a clock moved by hand, the in-memory carrier, the participants' own sending and
receiving, and a sender whose clock is off and drifts. The same every time, on any machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from presence.bench.clips import vertices_mm
from presence.client.receiving import Receiver
from presence.client.records import Heard, Record
from presence.client.sending import Sender
from presence.clock import MILLISECOND, SECOND, ManualClock, SkewedClock
from presence.playout.playout import Playout
from presence.playout.shown import Shown, ShownState
from presence.pose.arrays import Floats, Ints
from presence.tracking.motion import MotionSource
from presence.transport.lossy import Conditions
from presence.transport.memory import MemoryCarrier, memory_pair
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.control import (
    Control,
    GoldenRequest,
    LossReport,
    RepairRequest,
    decode_control,
    encode_control,
)
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope

RATE = 60
DISPLAY_RATE = 90
LEAD_NS = 30 * MILLISECOND
"""By how much a picture is asked for before it is displayed."""
SETTLE_S = 4.0
"""Not judged, at the beginning: the delay is being learned."""
FREEZE_NS = 50 * MILLISECOND
"""What is on show counts as frozen when it is so much older than usual."""
_STREAM, _RECEIVER = 1, 2
_BEGIN_NS = 1000 * SECOND
_SENDER_CLOCK = SkewedClock(offset_ns=1800 * SECOND, drift_ppm=100.0)
"""Half an hour off: were it hours, the truth would have to be looked up at the time that was sent,
which has lost all multiples of 71.6 minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What was displayed, one of each for every picture after the beginning."""

    source: MotionSource
    display_ns: Ints
    """By the machine's clock, which is the receiver's too."""
    shown: list[Shown]
    instant_ns: Ints
    """The instant on show, by the machine's clock."""
    path_ns: int
    """The path's median delay."""

    @property
    def added_ms(self) -> Floats:
        """From the instant on show to its display, less the lead and the path's median."""
        added: Floats = (self.display_ns - self.instant_ns - LEAD_NS - self.path_ns) / MILLISECOND
        return added

    @property
    def frozen(self) -> Floats:
        """For each picture 1 if it shows somebody frozen, else 0.

        That is: what is on show is over 50 ms older than usual, or it has hardly moved on since the
        picture before (by less than a tenth of the time between them), or the pose is held.
        """
        age = self.display_ns - self.instant_ns
        old = age > np.median(age) + FREEZE_NS
        passed = np.diff(self.instant_ns, prepend=self.instant_ns[0] - SECOND)
        stuck = passed < 0.1 * SECOND / DISPLAY_RATE
        live = (ShownState.LIVE, ShownState.EXTRAPOLATING)
        held = np.array([shown.state not in live for shown in self.shown])
        frozen: Floats = (old | stuck | held).astype(np.float64)
        return frozen

    @property
    def pace(self) -> Floats:
        """How fast shown time ran from each picture to the next, 1 being true speed."""
        pace: Floats = np.diff(self.instant_ns) / np.diff(self.display_ns)
        return pace

    def vertices_mm(self) -> Floats:
        """``(pictures, 195, 3)`` what was shown."""
        return vertices_mm([shown.sample for shown in self.shown], self.source.proportions)

    def true_vertices_mm(self) -> Floats:
        """``(pictures, 195, 3)`` the truth at each instant on show."""
        return self._source_mm(np.array([shown.sender_ns for shown in self.shown]))

    def source_vertices_mm(self) -> Floats:
        """``(pictures, 195, 3)`` the source from the first instant on show, evenly on."""
        return self._source_mm(self.display_ns - self.display_ns[0] + self.shown[0].sender_ns)

    def _source_mm(self, sender_ns: Ints) -> Floats:
        samples = [self.source.sample(int(at_ns)) for at_ns in sender_ns]
        return vertices_mm(samples, self.source.proportions)


def play(
    source: MotionSource,
    seconds: float,
    conditions: Callable[[float], Conditions],
    *,
    seed: int,
) -> Played:
    """Have somebody sent and displayed.

    Args:
        source: who; begins at 0 of the sender's clock.
        seconds: for how long.
        conditions: what the network is like, either way, after so many seconds.
        seed: of the network.
    """
    clock = ManualClock(_BEGIN_NS)
    near, far = memory_pair(clock, conditions(0.0), conditions(0.0), seed=seed)
    sender = Sender(_STREAM, source, _SENDER_CLOCK)
    playout = Playout()
    delays: list[int] = []
    sent_ns: dict[int, int] = {}

    def take(record: Record) -> None:
        if isinstance(record, Heard):
            playout.push(record.sample, record.sequence, record.arrival_ns)

    def ask(stream: int, message: Control) -> None:
        _send(far, _control(message, clock.time_ns))

    # Pings would say so.
    round_trip_ns = 2 * conditions(0.0).delay_ns
    receiver = Receiver(SkewedClock(), take, ask, round_trip_ns=lambda stream: round_trip_ns)
    receiver.came(_STREAM, "somebody", 1)
    receiver.hear(sender.profile(clock.time_ns), clock.time_ns)

    def arrive(bundle: bytes, arrival_ns: int) -> None:
        for part in unpack_bundle(bundle):
            envelope = decode_envelope(part)
            if envelope.sequence in sent_ns:
                delays.append(arrival_ns - sent_ns.pop(envelope.sequence))
            receiver.hear(envelope, arrival_ns)

    def answer(bundle: bytes, arrival_ns: int) -> None:
        for part in unpack_bundle(bundle):
            for message in decode_control(decode_envelope(part).core):
                _answer(sender, near, message, arrival_ns)

    far.on_bundle, near.on_bundle = arrive, answer
    displayed: list[tuple[int, Shown]] = []
    captures = displays = 0
    capture_ns = _BEGIN_NS
    # The first picture lies somewhere between two captures, as it happens to.
    first_ns = asked_ns = _BEGIN_NS + 3 * MILLISECOND
    while clock.time_ns < _BEGIN_NS + round(seconds * SECOND):
        now_ns = clock.time_ns
        since_s = (now_ns - _BEGIN_NS) / SECOND
        near.path.conditions = far.path.conditions = conditions(since_s)
        near.deliver()
        far.deliver()
        if now_ns == capture_ns:
            captures += 1
            capture_ns = _BEGIN_NS + captures * SECOND // RATE
            envelope = sender.capture(now_ns)
            if envelope is not None:
                sent_ns[envelope.sequence] = now_ns
                _send(near, *sender.repeats(_RECEIVER, now_ns), envelope)
        if now_ns == asked_ns:
            displays += 1
            asked_ns = first_ns + displays * SECOND // DISPLAY_RATE
            shown = playout.show(now_ns + LEAD_NS, now_ns)
            if shown is not None and since_s >= SETTLE_S:
                displayed.append((now_ns + LEAD_NS, shown))
        due = [capture_ns, asked_ns]
        due += [ns for end in (near, far) if (ns := end.path.next_due_ns()) is not None]
        clock.advance(max(0, min(due) - now_ns))
    return Played(
        source=source,
        display_ns=np.array([at for at, _ in displayed]),
        shown=[shown for _, shown in displayed],
        instant_ns=np.array([_SENDER_CLOCK.to_machine_ns(s.sender_ns) for _, s in displayed]),
        path_ns=int(np.median(delays)),
    )


def part(played: Played, begin_s: float, end_s: float) -> Played:
    """The pictures of a time, in seconds since the beginning."""
    since = (played.display_ns - LEAD_NS - _BEGIN_NS) / SECOND
    keep = np.flatnonzero((since >= begin_s) & (since < end_s))
    return replace(
        played,
        display_ns=played.display_ns[keep],
        instant_ns=played.instant_ns[keep],
        shown=[played.shown[k] for k in keep],
    )


def _answer(sender: Sender, near: MemoryCarrier, message: Control, now_ns: int) -> None:
    """Do what the receiver asks for, as a media process does."""
    match message:
        case GoldenRequest():
            sender.request_golden(now_ns)
        case RepairRequest(_, missing, known):
            _send(near, *sender.repair(_RECEIVER, missing, known, now_ns))
        case LossReport():
            sender.loses(_RECEIVER, message.share, now_ns)


def _control(message: Control, now_ns: int) -> Envelope:
    return Envelope.single(
        Kind.CONTROL,
        _RECEIVER,
        sequence=now_ns // MILLISECOND,
        capture_ns=now_ns,
        payload=encode_control([message]),
    )


def _send(carrier: MemoryCarrier, *envelopes: Envelope) -> None:
    for bundle in pack_bundles([encode_envelope(envelope) for envelope in envelopes]):
        carrier.send(bundle)
