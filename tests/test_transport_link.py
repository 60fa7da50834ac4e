"""One link: bundling, liveness, counting, and whatever the other side may send."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.clock import MILLISECOND, SECOND, ManualClock
from presence.transport.link import (
    FLOOD_LIMIT,
    HELD_LIMIT,
    HELD_NS,
    KEYS_AT_ONCE,
    LOST_AFTER_NS,
    MALFORMED_LIMIT,
    PING_INTERVAL_NS,
    TICK_NS,
    Link,
)
from presence.transport.lossy import PERFECT, Conditions
from presence.transport.memory import memory_pair
from presence.wire.bundle import pack_bundles
from presence.wire.control import Bye, GoldenRequest, Ping, encode_control
from presence.wire.envelope import Envelope, Kind, encode_envelope
from presence.wire.sealing import Opener, Sealer

ONE, TWO = 11, 12


def pose(stream, sequence, golden=0, size=80):
    return Envelope(
        kind=Kind.POSE,
        stream=stream,
        sequence=sequence,
        capture_us=0,
        reference_distance=sequence - golden,
        core=bytes(size),
        droppable=sequence != golden,
        priority=1,
    )


class Pair:
    """Two links over a simulated network, and a clock that is moved by hand."""

    def __init__(self, there=PERFECT, back=PERFECT, seed=0):
        self.clock = ManualClock(5 * SECOND)
        self.carriers = memory_pair(self.clock, there, back, seed=seed)
        self.heard = {ONE: [], TWO: []}
        self.ends = {ONE: [], TWO: []}
        self.links = {
            own: Link(
                own,
                other,
                carrier,
                self.clock,
                lambda envelope, ns, own=own: self.heard[own].append((envelope, ns)),
                self.ends[own].append,
                control_numbers=itertools.count(),
            )
            for own, other, carrier in zip((ONE, TWO), (TWO, ONE), self.carriers, strict=True)
        }
        self.next_tick_ns = self.clock.now_ns() + TICK_NS

    def deliver(self):
        for carrier in self.carriers:
            carrier.deliver()

    def run(self, duration_ns, each_frame=lambda: None, ticks=(ONE, TWO)):
        """Let time pass in steps of a millisecond, and call ``each_frame`` 60 times a second."""
        end_ns = self.clock.now_ns() + duration_ns
        frame_ns = self.clock.now_ns()
        while self.clock.now_ns() < end_ns:
            if self.clock.now_ns() >= frame_ns:
                frame_ns += SECOND // 60
                each_frame()
            self.clock.advance(MILLISECOND)
            self.deliver()
            if self.clock.now_ns() >= self.next_tick_ns:
                self.next_tick_ns += TICK_NS
                for own in ticks:
                    self.links[own].tick()


def receive(pair, data):
    """Hand the second link a bundle as if the first participant had sent it."""
    pair.carriers[0].send(data)
    pair.deliver()


def test_what_is_sent_is_heard_with_the_time_of_its_arrival():
    pair = Pair(Conditions(delay_ns=20 * MILLISECOND))
    sent = pose(ONE, 0)
    start_ns = pair.clock.now_ns()
    pair.links[ONE].send(sent)
    pair.links[ONE].flush()
    pair.run(30 * MILLISECOND)
    assert pair.heard[TWO] == [(sent, start_ns + 20 * MILLISECOND)]


def test_envelopes_sent_together_share_a_bundle():
    pair = Pair()
    link = pair.links[ONE]
    link.send(pose(ONE, 0))
    link.send_control(GoldenRequest(TWO))
    link.send(Envelope.single(Kind.PROFILE, ONE, sequence=0, capture_ns=0, payload=bytes(400)))
    link.flush()
    pair.deliver()
    assert link.stats().counters.sent_bundles == 1
    assert link.stats().counters.sent_envelopes == 3
    assert [Kind(e.kind) for e, _ in pair.heard[TWO]] == [Kind.CONTROL, Kind.PROFILE, Kind.POSE]


def test_a_full_carrier_gets_the_newest_frame_when_it_is_ready_again():
    pair = Pair(Conditions(bytes_per_second=5_000))
    link = pair.links[ONE]
    sequences = itertools.count()

    def frame():
        link.send(pose(ONE, next(sequences), size=200))
        link.flush()

    pair.run(SECOND, frame)
    heard = [envelope.sequence for envelope, _ in pair.heard[TWO]]
    # 60 frames of 216 bytes do not pass 5000 bytes a second: 23 do, each of them fresh.
    assert 21 <= len(heard) <= 24
    assert heard == sorted(heard)
    stats = link.stats()
    assert stats.queued <= 2
    assert stats.counters.dropped["superseded"] >= 34
    ages = [
        arrival_ns - (5 * SECOND + e.sequence * SECOND // 60)
        for e, arrival_ns in pair.heard[TWO][1:]
    ]
    # At most a frame in the gate and one bundle on the wire (with a pong in it, 54 ms), however
    # long it goes on.
    assert max(ages) < 17 * MILLISECOND + 54 * MILLISECOND


@pytest.mark.parametrize("delay_ms", [0, 40])
def test_the_round_trip_is_whole_and_true(delay_ms):
    delay = Conditions(delay_ns=delay_ms * MILLISECOND)
    pair = Pair(delay, delay)
    pair.run(3 * SECOND)
    for link in pair.links.values():
        trip_ns = link.stats().round_trip_ns
        # The test looks for arrivals each millisecond.
        assert 2 * delay_ms * MILLISECOND <= trip_ns <= (2 * delay_ms + 3) * MILLISECOND


def test_pings_alone_keep_a_link_with_nothing_to_say_alive():
    pair = Pair()
    pair.run(10 * SECOND)
    assert pair.ends == {ONE: [], TWO: []}
    assert pair.heard == {ONE: [], TWO: []}


def test_a_fifth_of_all_bundles_lost_in_bursts_does_not_end_a_link():
    bad = Conditions(loss=0.2, burst=4.0, delay_ns=40 * MILLISECOND, jitter_ns=10 * MILLISECOND)
    pair = Pair(bad, bad, seed=3)
    sequences = itertools.count()

    def frame():
        sequence = next(sequences)
        for own, link in pair.links.items():
            link.send(pose(own, sequence, sequence - sequence % 12))
            link.flush()

    pair.run(20 * SECOND, frame)
    assert pair.ends == {ONE: [], TWO: []}
    assert len(pair.heard[TWO]) == pytest.approx(0.8 * 1200, rel=0.06)


def test_silence_ends_a_link_in_time_and_once():
    pair = Pair()
    pair.run(SECOND)
    silent_from_ns = pair.clock.now_ns()
    pair.carriers[1].path.conditions = Conditions(loss=0.999_999)
    while not pair.ends[ONE]:
        pair.run(10 * MILLISECOND)
        assert pair.clock.now_ns() - silent_from_ns < 2 * SECOND
    # The last sign of life was a ping, at most its interval ago.
    assert pair.clock.now_ns() - silent_from_ns >= LOST_AFTER_NS - PING_INTERVAL_NS - TICK_NS
    assert "nothing was heard for 1." in pair.ends[ONE][0].reason
    assert not pair.ends[ONE][0].left
    pair.run(SECOND, ticks=(ONE,))
    assert len(pair.ends[ONE]) == 1


def test_a_process_that_was_held_up_does_not_think_the_others_silent():
    pair = Pair()
    pair.run(SECOND)
    pair.clock.advance(20 * SECOND)
    pair.links[ONE].tick()
    assert pair.ends[ONE] == []
    assert pair.links[ONE].stats().silent_ns < SECOND


def test_goodbye_says_that_the_other_left():
    pair = Pair()
    pair.links[ONE].send_control(Bye())
    pair.links[ONE].flush()
    pair.deliver()
    (end,) = pair.ends[TWO]
    assert end.left
    assert end.reason == "the other participant left"


def test_envelopes_of_a_stream_that_is_not_the_others_are_counted_and_dropped():
    pair = Pair()
    (bundle,) = pack_bundles([encode_envelope(pose(s, 0)) for s in (ONE, TWO, 77)])
    receive(pair, bundle)
    assert [e.stream for e, _ in pair.heard[TWO]] == [ONE]
    counters = pair.links[TWO].stats().counters
    assert (counters.foreign, counters.received_envelopes, counters.malformed) == (2, 1, 0)


def test_one_malformed_envelope_does_not_cost_the_others_in_its_bundle():
    pair = Pair()
    good = encode_envelope(pose(ONE, 0))
    (bundle,) = pack_bundles([good, b"\xff" * 20, good])
    receive(pair, bundle)
    assert len(pair.heard[TWO]) == 2
    assert pair.links[TWO].stats().counters.malformed == 1


def test_now_and_then_a_malformed_bundle_is_put_up_with_but_a_flood_is_not():
    pair = Pair()
    for _ in range(50):
        receive(pair, b"\0")
        pair.run(100 * MILLISECOND)
    assert pair.ends[TWO] == []
    for _ in range(MALFORMED_LIMIT + 1):
        receive(pair, b"\0")
    (end,) = pair.ends[TWO]
    assert "nothing that can be understood" in end.reason
    assert end.hostile


def test_a_flood_ends_a_link_but_neither_much_traffic_nor_what_waited_during_a_hold_up():
    pair = Pair()
    (bundle,) = pack_bundles([encode_envelope(pose(ONE, 0))])
    for _ in range(30):
        for _ in range(50):
            receive(pair, bundle)
        pair.run(100 * MILLISECOND)
    pair.clock.advance(10 * SECOND)
    for _ in range(FLOOD_LIMIT):
        receive(pair, bundle)
    assert pair.ends[TWO] == []
    pair.run(100 * MILLISECOND)
    for _ in range(FLOOD_LIMIT + 1):
        receive(pair, bundle)
    (end,) = pair.ends[TWO]
    assert "more than anybody" in end.reason
    assert end.hostile


def test_hundreds_of_pings_in_one_envelope_get_one_answer():
    pair = Pair()
    many = encode_control([Ping(i) for i in range(100)])
    envelope = Envelope.single(Kind.CONTROL, ONE, sequence=0, capture_ns=0, payload=many)
    (bundle,) = pack_bundles([encode_envelope(envelope)])
    receive(pair, bundle)
    assert pair.links[TWO].stats().counters.sent_envelopes == 1


@settings(max_examples=300)
@given(st.data())
def test_no_bytes_from_the_network_raise(data):
    pair = Pair()
    good = bytearray(
        pack_bundles(
            [
                encode_envelope(pose(ONE, 3)),
                encode_envelope(
                    Envelope.single(
                        Kind.CONTROL,
                        ONE,
                        sequence=0,
                        capture_ns=0,
                        payload=encode_control([Ping(1), GoldenRequest(4)]),
                    )
                ),
            ]
        )[0]
    )
    if data.draw(st.booleans(), label="mutated rather than random"):
        rng = data.draw(st.randoms(use_true_random=False))
        for _ in range(data.draw(st.integers(1, 6))):
            good[rng.randrange(len(good))] = rng.randrange(256)
        bundle = bytes(good[: data.draw(st.integers(0, len(good)))])
    else:
        bundle = data.draw(st.binary(max_size=1150))
    receive(pair, bundle)
    counters = pair.links[TWO].stats().counters
    assert counters.received_bundles == 1


def test_numbers_of_control_envelopes_are_never_used_twice_by_two_links():
    numbers = itertools.count()
    sequences = []
    for _ in range(2):
        clock = ManualClock()
        first, second = memory_pair(clock)
        link = Link(ONE, TWO, first, clock, print, print, control_numbers=numbers)
        other = Link(
            TWO,
            ONE,
            second,
            clock,
            lambda envelope, _: sequences.append(envelope.sequence),
            print,
            control_numbers=itertools.count(),
        )
        for _ in range(random.Random(1).randrange(2, 5)):
            link.send_control(GoldenRequest(TWO))
        link.flush()
        first.deliver()
        assert other.stats().counters.received_envelopes > 0
    assert len(sequences) == len(set(sequences))


# -- sealed --------------------------------------------------------------------------------------


class Keys:
    """Seals by one key, and opens the other's once it has come. State: the key, and what came."""

    def __init__(self, own, other):
        self.control_numbers = itertools.count()
        self.sealer = Sealer(own, 1, bytes([own] * 16))
        self.seal = self.sealer.seal
        self.opener = Opener(other)

    def open(self, envelope, now_ns):
        return self.opener.open(envelope, now_ns)

    def key_of_the_other_comes(self):
        other = self.opener.stream
        assert self.opener.add(1, bytes([other] * 16))


class SealedPair(Pair):
    def __init__(self, **paths):
        super().__init__(**paths)
        self.keys = {ONE: Keys(ONE, TWO), TWO: Keys(TWO, ONE)}
        for own, link in self.links.items():
            link._seals = self.keys[own]

    def give_keys(self):
        for own, link in self.links.items():
            self.keys[own].key_of_the_other_comes()
            link.keys_came()


def test_sealed_links_hear_each_other_and_know_their_round_trip():
    pair = SealedPair(there=Conditions(delay_ns=20 * MILLISECOND))
    pair.give_keys()
    sealed = pair.keys[ONE].seal(pose(ONE, 0))
    pair.links[ONE].send(sealed)
    pair.links[ONE].flush()
    pair.run(SECOND)
    assert [envelope for envelope, _ in pair.heard[TWO]] == [pose(ONE, 0)]
    assert pair.links[ONE].round_trip_ns >= 20 * MILLISECOND
    assert pair.links[ONE].stats().counters.malformed == 0


def test_what_came_before_its_key_is_heard_when_the_key_comes_and_stamped_then():
    pair = SealedPair()
    for n in range(5):
        pair.links[ONE].send(pair.keys[ONE].seal(pose(ONE, n)))
        pair.links[ONE].flush()
    pair.run(SECOND // 2)
    assert pair.heard[TWO] == []
    pair.give_keys()
    assert [envelope.sequence for envelope, _ in pair.heard[TWO]] == list(range(5))
    assert {ns for _, ns in pair.heard[TWO]} == {pair.clock.now_ns()}
    assert pair.links[TWO].stats().counters.unopened == 0


def test_a_ping_that_had_to_wait_for_its_key_is_not_answered_late():
    pair = SealedPair()
    pair.run(PING_INTERVAL_NS)
    pair.give_keys()
    assert pair.links[ONE].round_trip_ns is None
    pair.run(2 * PING_INTERVAL_NS)
    assert pair.links[ONE].round_trip_ns < 50 * MILLISECOND


def test_what_waits_for_a_key_is_bounded_and_grows_old():
    pair = SealedPair()
    for n in range(HELD_LIMIT + 10):
        pair.links[ONE].send(pair.keys[ONE].seal(pose(ONE, n)))
        pair.links[ONE].flush()
    pair.deliver()
    assert pair.links[TWO].stats().counters.unopened == 10
    pair.clock.advance(HELD_NS + MILLISECOND)
    pair.give_keys()
    assert pair.heard[TWO] == []
    assert pair.links[TWO].stats().counters.unopened == HELD_LIMIT + 10
    assert pair.ends[TWO] == []


def test_a_repeat_is_heard_once_and_harms_nobody():
    pair = SealedPair()
    pair.give_keys()
    sealed = pair.keys[ONE].seal(pose(ONE, 0))
    for _ in range(2 * MALFORMED_LIMIT):
        pair.links[ONE].send(sealed)
        pair.links[ONE].flush()
    pair.deliver()
    assert len(pair.heard[TWO]) == 1
    assert pair.links[TWO].stats().counters.repeated == 2 * MALFORMED_LIMIT - 1
    assert pair.ends[TWO] == []


@pytest.mark.parametrize("forge", ["clear", "changed", "reflected"])
def test_who_sends_what_does_not_open_is_not_heard_and_ends_the_link(forge):
    pair = SealedPair()
    pair.give_keys()
    for n in range(MALFORMED_LIMIT + 1):
        envelope = pair.keys[ONE].seal(pose(ONE, n))
        match forge:
            case "clear":
                envelope = pose(ONE, n)
            case "changed":
                envelope = replace(envelope, capture_us=n + 1)
            case "reflected":
                envelope = replace(pair.keys[TWO].seal(pose(TWO, n)), stream=ONE)
        pair.links[ONE].send(envelope)
        pair.links[ONE].flush()
    pair.deliver()
    assert pair.heard[TWO] == []
    (end,) = pair.ends[TWO]
    assert "nothing that can be understood" in end.reason


def test_what_is_said_of_keys_passes_unsealed_and_at_a_bounded_rate():
    pair = SealedPair()

    def say(count):
        for n in range(count):
            payload = bytes(138)
            about = Envelope.single(Kind.KEY, ONE, sequence=n, capture_ns=0, payload=payload)
            pair.links[ONE].send(about)
            pair.links[ONE].flush()
        pair.deliver()
        return len(pair.heard[TWO])

    assert say(10) == 10
    assert say(KEYS_AT_ONCE + 10) == KEYS_AT_ONCE
    assert pair.links[TWO].stats().counters.malformed == 20
    pair.run(2 * SECOND)
    assert say(5) == KEYS_AT_ONCE + 5
    say(2 * MALFORMED_LIMIT + KEYS_AT_ONCE)
    (end,) = pair.ends[TWO]
    assert "nothing that can be understood" in end.reason
