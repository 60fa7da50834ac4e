"""A relay's room with carriers in memory, under a clock that the test moves by hand."""

from presence.clock import MILLISECOND, ManualClock
from presence.relay.limits import RelayLimits
from presence.relay.room import TICK_NS, Room
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope
from presence.wire.relaying import decode_relaying, encode_relaying

SEAL = 16
PATIENT = RelayLimits(lost_after_s=1e6)
"""Most tests have members that say nothing for long."""


class HeldCarrier:
    """Keeps what is sent; says that it is full when the test says so."""

    name = "held"
    loss = None

    def __init__(self):
        self.on_bundle = self.on_ready = self.on_closed = None
        self.ready = True
        self.budget_bps = None
        self.bundles = []

    def send(self, bundle):
        if self.ready:
            self.bundles.append(bundle)
        return self.ready

    async def close(self):
        """Nothing to free."""

    def take(self):
        """The bundles sent since the last call, each as its envelopes."""
        bundles, self.bundles = self.bundles, []
        return [[decode_envelope(data) for data in unpack_bundle(b)] for b in bundles]

    def open(self):
        self.ready = True
        if self.on_ready is not None:
            self.on_ready()


class Party:
    """A room and who is in it. State: the clock, and when the room wants to be woken."""

    def __init__(self, *streams, limits=None):
        self.clock = ManualClock(1_000_000_000)
        self.due_ns = None
        self.room = Room(self._wake, limits or PATIENT)
        self.carriers = {}
        self.ended = {}
        self._numbers = {}
        self._ticked_ns = self.clock.now_ns()
        for stream in streams:
            self.come(stream)

    def _wake(self, delay_ns):
        at_ns = self.clock.now_ns() + delay_ns
        self.due_ns = at_ns if self.due_ns is None else min(at_ns, self.due_ns)

    def come(self, stream):
        carrier = self.carriers[stream] = HeldCarrier()
        self.room.join(
            stream, carrier, lambda why: self.ended.update({stream: why.code}), self.clock.now_ns()
        )
        return carrier

    def say(self, stream, *envelopes):
        """Somebody sends envelopes in one bundle."""
        for bundle in pack_bundles([encode_envelope(e) for e in envelopes]):
            self.hear(stream, bundle)

    def hear(self, stream, bundle):
        on_bundle = self.carriers[stream].on_bundle
        if on_bundle is not None:
            on_bundle(bundle, self.clock.now_ns())

    def ask(self, stream, *messages):
        number = self._numbers[stream] = self._numbers.get(stream, 0) + 1
        payload = encode_relaying(messages)
        self.say(stream, Envelope(Kind.RELAY, stream, number, 0, core=payload, priority=3))

    def pass_time(self, ns=5 * MILLISECOND):
        """Let time pass in steps of a millisecond, flushing and ticking when it is time."""
        for _ in range(ns // MILLISECOND):
            self.settle()
            self.clock.advance(MILLISECOND)
        self.settle()

    def settle(self):
        now_ns = self.clock.now_ns()
        if now_ns - self._ticked_ns >= TICK_NS:
            self._ticked_ns = now_ns
            self.room.tick(now_ns)
        while self.due_ns is not None and self.due_ns <= now_ns:
            self.due_ns = None
            self.room.flush(now_ns)

    def heard(self, stream):
        """What of poses, voices and the like somebody was sent since the last call."""
        return [e for bundle in self.carriers[stream].take() for e in bundle]

    def told(self, stream):
        """What the relay itself said to somebody since the last call."""
        own = [e for e in self.heard(stream) if e.kind == Kind.RELAY]
        return [message for e in own for message in decode_relaying(e.core)]


def pose(stream, sequence, refers_to=None, *, reference=False, epoch=1, core=60, detail=40):
    """A sealed pose; golden if it refers to none."""
    golden = refers_to is None
    return Envelope(
        Kind.POSE,
        stream,
        sequence,
        0,
        0 if golden else sequence - refers_to,
        bytes(core),
        bytes(detail),
        bool(detail),
        not (golden or reference),
        2 if golden or reference else 1,
        epoch,
    )


def single(kind, stream, sequence, *, epoch=1, priority=3, droppable=False, core=bytes(SEAL)):
    return Envelope(
        kind, stream, sequence, 0, core=core, priority=priority, droppable=droppable, epoch=epoch
    )


def voice(stream, sequence):
    return single(Kind.VOICE, stream, sequence, droppable=True, core=bytes(60))


def what(envelopes):
    """Who sent what."""
    return [(e.stream, e.kind, e.sequence) for e in envelopes]
