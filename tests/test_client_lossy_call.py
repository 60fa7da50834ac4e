"""A call over a path that loses: lost references are repaired, and soon enough.

What two participants exchange, two links, a lossy path between them, and no clock but ours.
"""

from __future__ import annotations

import pytest
from villagers import Village

from presence.client.exchange import Exchange
from presence.client.records import Heard
from presence.client.sending import Sender
from presence.clock import MILLISECOND, SECOND, ManualClock, SkewedClock
from presence.pose.proportions import default_proportions
from presence.pose.sample import PoseSample
from presence.transport.link import TICK_NS, Link
from presence.transport.lossy import Conditions
from presence.transport.memory import memory_pair
from presence.wire.envelope import Kind

ADA, BEN = 1, 2
FRAME = SECOND // 60
DEADLINE = 60 * MILLISECOND
"""Beyond the path: so long may a frame take until it can be decoded."""


class Stander:
    """Somebody who does nothing, which costs no time to work out."""

    proportions = default_proportions()

    def sample(self, time_ns):
        return PoseSample.at_rest(time_ns, self.proportions.hips_height)


class Line:
    """A mesh of two. State: the one link."""

    def __init__(self, own, other, carrier, clock, on_envelope, seals):
        self.link = Link(
            own,
            other,
            carrier,
            clock,
            on_envelope,
            lambda end: pytest.fail(end.reason),
            control_numbers=seals.control_numbers,
            seals=seals,
        )
        self.links = {other: self.link}
        self.relay = None
        self.repairs = 0

    def broadcast(self, envelope):
        self.link.send(envelope)
        self.link.flush()

    def send_to(self, stream, envelope):
        self.repairs += 1
        self.broadcast(envelope)

    def link_to(self, stream):
        return self.links.get(stream)

    def keys_came(self, stream):
        self.link.keys_came()

    def send_control(self, stream, *messages, urgent=True):
        self.link.send_control(*messages)
        self.link.flush()


class Call:
    """Ada acts, Ben listens. State: both, and what came of each of Ada's frames.

    Ben sends poses too, which nobody decodes: they make his bursts of loss as short as hers.
    """

    def __init__(self, conditions, seed=0):
        self.clock = ManualClock(SECOND)
        self.way = conditions.delay_ns
        there, back = memory_pair(self.clock, conditions, conditions, seed=seed)
        self.carriers = there, back
        village = Village()
        ada, ben = village.join("Ada").trust, village.join("Ben").trust
        self.ada = self._exchange(ADA, ada, lambda record: None)
        self.ben = self._exchange(BEN, ben, self._decoded)
        self.ada.mesh = Line(ADA, BEN, there, self.clock, self.ada.hear, ada)
        self.ben.mesh = Line(BEN, ADA, back, self.clock, self._ben_hears, ben)
        self.ben.receiver.came(ADA, "Ada", 0)
        self.ben.receiver.hear(ben.open(self.ada.sender.profile(0), 0), 0)
        self.sent: list[int] = []
        self.came: set[int] = set()
        self.after: dict[int, int] = {}
        """By sequence: how long after its capture a frame could be decoded."""

    def _exchange(self, stream, trust, tell):
        own_clock = SkewedClock(0, 0.0)
        sender = Sender(stream, Stander(), own_clock, seal=trust.seal)
        return Exchange(sender, trust, self.clock, own_clock, tell)

    def _ben_hears(self, envelope, arrival_ns):
        if envelope.kind == Kind.POSE:
            self.came.add(envelope.sequence)
        self.ben.hear(envelope, arrival_ns)

    def _decoded(self, record):
        if isinstance(record, Heard):
            assert record.sequence not in self.after, "a frame came out twice"
            self.after[record.sequence] = self.clock.now_ns() - self.sent[record.sequence]

    def run(self, seconds, meanwhile=lambda: None):
        due = tick = self.clock.now_ns()
        end = due + round(seconds * SECOND)
        # What is on its way at the end still arrives.
        while self.clock.now_ns() < end + SECOND // 4:
            now = self.clock.now_ns()
            if due <= now < end:
                due += FRAME
                self.sent.append(now)
                self.ada.send(now)
                self.ben.send(now)
            if now >= tick:
                tick += TICK_NS
                self.ada.mesh.link.tick()
                self.ben.mesh.link.tick()
            meanwhile()
            for carrier in self.carriers:
                carrier.deliver()
            self.clock.advance(2 * MILLISECOND)

    def decoded(self, within=SECOND):
        """The share of the frames that came which could be decoded within so long of the path."""
        soon = [s for s in self.came if self.after.get(s, 2 * SECOND) <= self.way + within]
        return len(soon) / len(self.came)


@pytest.mark.parametrize(
    ("loss", "burst", "ever", "in_time"),
    [(0.05, None, 1.0, 0.98), (0.2, None, 0.98, 0.95), (0.2, 3.0, 0.95, 0.9)],
)
def test_lost_references_are_repaired_so_that_what_comes_can_be_shown(loss, burst, ever, in_time):
    call = Call(Conditions(loss=loss, burst=burst, delay_ns=40 * MILLISECOND), seed=4)
    call.run(12.0)
    path = call.carriers[0].path
    assert path.lost > 0.5 * loss * path.pushed
    assert call.ada.mesh.repairs > 0
    assert call.decoded() >= ever
    assert call.decoded(DEADLINE) >= in_time


def test_without_repeats_and_repairs_much_less_could_be_shown(monkeypatch):
    monkeypatch.setattr(Sender, "repair", lambda *_: [])
    monkeypatch.setattr(Sender, "repeats", lambda *_: [])
    call = Call(Conditions(loss=0.05, delay_ns=40 * MILLISECOND), seed=4)
    call.run(6.0)
    assert call.decoded() < 0.97


def test_on_a_good_path_nothing_is_asked_for_and_nothing_sent_again():
    call = Call(Conditions(delay_ns=40 * MILLISECOND))
    call.run(2.0)
    assert len(call.after) == len(call.sent) == 120
    assert call.ada.mesh.repairs == 0
    # Pings and reports are all that is sent besides.
    assert call.ada.mesh.link.stats().counters.sent_envelopes <= 120 + 10
