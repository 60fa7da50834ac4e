"""A data channel sees by SCTP's acknowledgements whether packets wait on the way."""

import asyncio
from collections import deque
from types import SimpleNamespace

import pytest
from quiet_loop import run
from test_transport_peer import connected_pair

from presence.bench.impaired import impaired_arrivals
from presence.clock import MILLISECOND, SECOND, MonotonicClock
from presence.transport.lossy import Conditions
from presence.transport.sctp_queue import (
    JITTER_LIMIT_NS,
    SLACK_NS,
    STUBBORN_NS,
    TRICKLE_NS,
    UNKNOWN_TRIP_NS,
    SctpQueue,
    oldest_age_ns,
)

MS = MILLISECOND
WALL_S = 1_000_000.0


def chunk(sent_ns, acked=False, abandoned=False):
    sent_s = None if sent_ns is None else WALL_S + sent_ns / SECOND
    return SimpleNamespace(_acked=acked, _abandoned=abandoned, _sent_time=sent_s)


class Way:
    """An association as it would be. State: the time, what is on its way, and the round trip."""

    def __init__(self, trip_ns=80 * MS, variation_ns=0):
        self.association = SimpleNamespace(_sent_queue=deque(), _srtt=None, _rttvar=None)
        if trip_ns is not None:
            self.trip(trip_ns, variation_ns)
        self.queue = SctpQueue(self.association)
        self.now_ns = 0

    def trip(self, trip_ns, variation_ns=0):
        self.association._srtt = trip_ns / SECOND
        self.association._rttvar = variation_ns / SECOND

    def send(self):
        self.queue.sent(self.now_ns)
        self.association._sent_queue.append(chunk(self.now_ns))

    def acknowledge(self):
        self.association._sent_queue.popleft()

    def full(self):
        return self.queue.full(self.now_ns, WALL_S + self.now_ns / SECOND)

    def waits_until_full(self):
        """How old what left first gets before no more may leave; something leaves each frame."""
        while True:
            self.send()
            self.now_ns += 10 * MS
            if self.full():
                return self.now_ns
            assert self.now_ns < SECOND


def test_nothing_on_the_way_waits_nowhere():
    assert not Way().full()


def test_what_takes_longer_than_a_round_trip_waits():
    taken = Way(80 * MS).waits_until_full()
    assert 80 * MS + SLACK_NS < taken <= 80 * MS + SLACK_NS + 10 * MS


def test_jitter_is_no_queue_up_to_a_point():
    taken = Way(80 * MS, variation_ns=15 * MS).waits_until_full()
    assert 170 * MS + SLACK_NS < taken <= 170 * MS + SLACK_NS + 10 * MS
    most = 80 * MS + SLACK_NS + JITTER_LIMIT_NS
    assert most < Way(80 * MS, variation_ns=90 * MS).waits_until_full() <= most + 10 * MS


def test_before_any_round_trip_is_known_little_leaves_without_an_answer():
    taken = Way(None).waits_until_full()
    assert UNKNOWN_TRIP_NS + SLACK_NS < taken <= UNKNOWN_TRIP_NS + SLACK_NS + 10 * MS


def test_an_acknowledgement_frees_the_way():
    way = Way()
    way.waits_until_full()
    for _ in range(8):
        way.acknowledge()
    assert not way.full()


def test_a_round_trip_through_the_queue_is_not_what_the_next_is_judged_by():
    way = Way(80 * MS)
    way.waits_until_full()
    way.trip(600 * MS)
    assert way.full()


def test_what_was_overtaken_is_lost_and_no_queue():
    way = Way()
    way.send()
    way.now_ns += 300 * MS
    way.association._sent_queue.append(chunk(250 * MS, acked=True))
    assert not way.full()
    way.association._sent_queue.append(chunk(290 * MS))
    age_ns = oldest_age_ns(way.association, WALL_S + way.now_ns / SECOND)
    assert age_ns == pytest.approx(10 * MS, abs=MS)


def test_what_was_given_up_or_has_not_left_says_nothing():
    chunks = deque([chunk(0, abandoned=True), chunk(None)])
    assert oldest_age_ns(SimpleNamespace(_sent_queue=chunks), WALL_S + 9) is None


def test_while_nothing_comes_a_little_leaves_all_the_same():
    way = Way()
    way.waits_until_full()
    left = 0
    for _ in range(100):
        way.now_ns += 10 * MS
        if not way.full():
            way.send()
            left += 1
    assert SECOND // TRICKLE_NS - 1 <= left <= SECOND // TRICKLE_NS


def test_a_detour_that_takes_longer_is_no_queue_for_long():
    way = Way(80 * MS)
    way.waits_until_full()
    way.association._sent_queue.clear()
    way.trip(300 * MS)
    blocked = 0
    for _ in range(600):
        way.now_ns += 10 * MS
        on_the_way = way.association._sent_queue
        while on_the_way and on_the_way[0]._sent_time <= WALL_S + (way.now_ns - 300 * MS) / SECOND:
            way.acknowledge()
        if way.full():
            blocked += 10 * MS
        else:
            way.send()
    assert STUBBORN_NS // 2 < blocked < STUBBORN_NS + SECOND


def test_a_way_that_gets_longer_is_no_queue_for_long_though_all_is_acknowledged_between():
    """As between what little leaves, on a way that has become longer than that."""
    way = Way(trip_ns=2 * MS)
    for _ in range(60):
        assert not way.full()
        way.now_ns += 16 * MS
    way.trip(82 * MS)
    held, on_its_way = [], None
    for _ in range(4 * 60):
        way.now_ns += 16 * MS
        if on_its_way is not None and way.now_ns - on_its_way >= 82 * MS:
            way.acknowledge()
            on_its_way = None
        held.append(way.full())
        if on_its_way is None and not held[-1]:
            way.send()
            on_its_way = way.now_ns
    assert any(held[:30])
    assert not any(held[2 * STUBBORN_NS // (16 * MS) :])


def test_over_a_real_channel_a_narrow_hop_keeps_no_queue_of_seconds():
    """What arrives at either end passes one hop of 64 kbit/s that would keep ten seconds."""
    narrow = Conditions(delay_ns=20 * MS, bytes_per_second=8_000, queue_ns=10 * SECOND)

    async def scenario():
        clock = MonotonicClock()
        first, second = await connected_pair(("data",), ("data",))
        taken = []

        def arrived(bundle, arrival_ns):
            taken.append(arrival_ns - int.from_bytes(bundle[:8], "big"))

        second.carrier.on_bundle = arrived
        try:
            with impaired_arrivals(clock=clock, conditions=narrow):
                for _ in range(300):
                    if first.carrier.ready:
                        first.carrier.send(clock.now_ns().to_bytes(8, "big") + bytes(300))
                    await asyncio.sleep(1 / 60)
        finally:
            await first.close()
            await second.close()
        assert len(taken) > 30
        # With SCTP's window alone this was 0.8 s, and grew.
        assert sorted(taken)[len(taken) // 2] < 600 * MS

    run(scenario)
