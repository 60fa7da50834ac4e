"""What waits in the gate, what gives way, and what leaves first."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from presence.transport.gate import (
    QUEUE_LIMIT,
    REFERENCE_LIMIT,
    STREAM_LIMIT,
    VOICE_LIMIT,
    Drop,
    Gate,
)
from presence.wire.bundle import BUNDLE_LIMIT, pack_bundles
from presence.wire.envelope import (
    SEQUENCE_PERIOD,
    Envelope,
    Kind,
    decode_envelope,
    encode_envelope,
)


def pose(sequence, refers_to, stream=1, size=60, anchor=False):
    reference = anchor or sequence == refers_to
    return Envelope(
        kind=Kind.POSE,
        stream=stream,
        sequence=sequence % SEQUENCE_PERIOD,
        capture_us=0,
        reference_distance=sequence - refers_to,
        core=bytes(size),
        droppable=not reference,
        priority=2 if reference else 1,
    )


def single(kind, sequence=0, stream=1, size=10):
    return Envelope.single(kind, stream, sequence=sequence, capture_ns=0, payload=bytes(size))


def offer(gate, *envelopes, now_ns=0):
    for envelope in envelopes:
        gate.offer(encode_envelope(envelope), envelope, now_ns)


def take(gate):
    return [decode_envelope(data) for data in gate.take()]


def names(envelopes):
    return [(Kind(e.kind).name.lower(), e.stream, e.sequence) for e in envelopes]


def test_of_dependent_frames_only_the_newest_waits():
    gate = Gate()
    offer(gate, pose(1, 0), pose(2, 0), pose(3, 0))
    assert names(take(gate)) == [("pose", 1, 3)]
    assert gate.dropped == {Drop.SUPERSEDED: 2}
    assert len(gate) == 0


def test_a_golden_waits_on_while_dependents_replace_each_other():
    gate = Gate()
    offer(gate, pose(12, 12), pose(13, 12), pose(14, 12), pose(15, 12))
    assert names(take(gate)) == [("pose", 1, 12), ("pose", 1, 15)]


def test_a_newer_golden_replaces_the_older_and_what_depends_on_it():
    gate = Gate()
    offer(gate, pose(6, 6), pose(7, 6), pose(12, 12))
    assert names(take(gate)) == [("pose", 1, 12)]
    assert gate.dropped == {Drop.SUPERSEDED: 2}


def anchor(sequence, refers_to, **others):
    return pose(sequence, refers_to, anchor=True, **others)


def test_an_anchor_waits_on_like_the_golden_that_it_refers_to():
    gate = Gate()
    offer(gate, pose(12, 12), pose(13, 12), anchor(18, 12), pose(19, 18), pose(20, 18))
    assert names(take(gate)) == [("pose", 1, 12), ("pose", 1, 18), ("pose", 1, 20)]
    assert gate.dropped == {Drop.SUPERSEDED: 2}


def test_a_newer_golden_makes_anchors_useless_but_a_newer_anchor_does_not():
    gate = Gate()
    offer(gate, anchor(6, 0), anchor(12, 0), pose(13, 12))
    assert len(gate) == 3
    offer(gate, pose(18, 18))
    assert names(take(gate)) == [("pose", 1, 18)]
    assert gate.dropped == {Drop.SUPERSEDED: 3}


def test_a_reference_that_goes_again_leaves_before_what_refers_to_it():
    gate = Gate()
    offer(gate, anchor(18, 12), pose(20, 18), pose(12, 12))
    assert names(take(gate)) == [("pose", 1, 12), ("pose", 1, 18), ("pose", 1, 20)]
    assert not gate.dropped
    offer(gate, pose(24, 24), pose(12, 12), anchor(18, 12), pose(24, 24))
    assert names(take(gate)) == [("pose", 1, 24)]
    assert gate.dropped == {Drop.STALE: 3}


def test_of_anchors_only_a_few_wait_and_the_golden_stays():
    gate = Gate()
    offer(gate, pose(0, 0), *(anchor(6 * i, 0) for i in range(1, REFERENCE_LIMIT + 3)))
    left = [sequence for _, _, sequence in names([*take(gate), *take(gate)])]
    assert left == [0, *(6 * i for i in range(4, REFERENCE_LIMIT + 3))]
    assert gate.dropped == {Drop.OVERFLOW: 3}


def test_what_is_older_than_what_waits_is_dropped():
    gate = Gate()
    offer(gate, pose(12, 12), pose(14, 12), pose(6, 6), pose(13, 12), pose(11, 6), pose(14, 12))
    assert names(take(gate)) == [("pose", 1, 12), ("pose", 1, 14)]
    assert gate.dropped == {Drop.STALE: 4}


def test_a_golden_that_comes_after_its_dependent_leaves_before_it():
    gate = Gate()
    offer(gate, pose(8, 6), pose(6, 6))
    assert names(take(gate)) == [("pose", 1, 6), ("pose", 1, 8)]
    assert not gate.dropped


def test_newer_is_newer_across_the_end_of_the_sequence_numbers():
    gate = Gate()
    last = SEQUENCE_PERIOD - 1
    offer(gate, pose(last, last), pose(last + 2, last))
    assert names(take(gate)) == [("pose", 1, last), ("pose", 1, 1)]
    offer(gate, pose(last, last), pose(last + 3, last + 3), pose(last + 1, last))
    assert names(take(gate)) == [("pose", 1, 2)]


def test_streams_do_not_replace_one_another():
    gate = Gate()
    offer(gate, pose(5, 0, stream=1), pose(3, 0, stream=2), pose(6, 0, stream=1))
    assert names(take(gate)) == [("pose", 1, 6), ("pose", 2, 3)]


def test_voice_and_control_leave_before_profiles_and_those_before_pose():
    gate = Gate()
    offer(
        gate,
        pose(0, 0),
        single(Kind.PROFILE),
        single(Kind.CONTROL, 7),
        single(Kind.VOICE, 1),
        single(Kind.VOICE, 2),
    )
    assert names(take(gate)) == [
        ("control", 1, 7),
        ("voice", 1, 1),
        ("voice", 1, 2),
        ("profile", 1, 0),
        ("pose", 1, 0),
    ]


def test_of_a_streams_profile_only_the_newest_waits():
    gate = Gate()
    offer(gate, single(Kind.PROFILE, 1), single(Kind.PROFILE, 5, stream=2))
    offer(gate, single(Kind.PROFILE, 2))
    assert names(take(gate)) == [("profile", 2, 5), ("profile", 1, 2)]
    assert gate.dropped == {Drop.SUPERSEDED: 1}


def test_of_a_streams_voice_only_the_newest_few_wait():
    gate = Gate()
    offer(gate, single(Kind.VOICE, 9, stream=2), single(Kind.CONTROL, 7))
    offer(gate, *(single(Kind.VOICE, i) for i in range(VOICE_LIMIT + 4)))
    assert names(take(gate)) == [
        ("voice", 2, 9),
        ("control", 1, 7),
        *(("voice", 1, i) for i in range(4, VOICE_LIMIT + 4)),
    ]
    assert gate.dropped == {Drop.OVERFLOW: 4}


def test_voice_never_pushes_out_what_else_waits():
    gate = Gate()
    offer(gate, single(Kind.PROFILE, 1), single(Kind.CONTROL, 7))
    offer(gate, *(single(Kind.VOICE, i) for i in range(2 * QUEUE_LIMIT)))
    left = names(take(gate))
    assert ("profile", 1, 1) in left
    assert ("control", 1, 7) in left


def test_the_queue_is_bounded_and_loses_what_waited_longest():
    gate = Gate()
    offer(gate, *(single(Kind.CONTROL, i) for i in range(QUEUE_LIMIT + 3)))
    assert len(gate) == QUEUE_LIMIT
    assert gate.dropped == {Drop.OVERFLOW: 3}
    assert take(gate)[0].sequence == 3


def test_the_number_of_streams_that_wait_is_bounded():
    gate = Gate()
    offer(gate, pose(0, 0), pose(1, 0))
    offer(gate, *(pose(0, 0, stream=i) for i in range(2, STREAM_LIMIT + 2)))
    assert len(gate) == STREAM_LIMIT
    assert gate.dropped == {Drop.OVERFLOW: 2}


def test_what_is_taken_fits_one_bundle_and_the_rest_waits():
    gate = Gate()
    offer(gate, *(pose(0, 0, stream=i, size=300) for i in range(1, 8)))
    taken = []
    while len(gate):
        envelopes = gate.take()
        (bundle,) = pack_bundles(envelopes)
        assert len(bundle) <= BUNDLE_LIMIT
        taken.append([decode_envelope(data).stream for data in envelopes])
    assert taken == [[1, 2, 3], [4, 5, 6], [7]]


def test_no_stream_starves_when_not_all_fit():
    gate = Gate()
    left = dict.fromkeys(range(1, 8), 0)
    for tick in range(70):
        offer(gate, *(pose(tick + 1, 0, stream=i, size=250) for i in left))
        for envelope in take(gate):
            left[envelope.stream] += 1
    assert sum(left.values()) == 70 * 4
    assert min(left.values()) >= 30


def test_an_envelope_that_fits_no_bundle_is_refused_at_once():
    gate = Gate()
    with pytest.raises(ValueError, match="does not fit"):
        offer(gate, pose(0, 0, size=BUNDLE_LIMIT))
    assert len(gate) == 0


def test_control_that_waits_for_a_frame_to_go_with_has_no_age():
    gate = Gate()
    control = Envelope.single(Kind.CONTROL, 1, sequence=0, capture_ns=0, payload=b"")
    offer(gate, control, now_ns=100)
    assert gate.oldest_age_ns(300) == 0
    offer(gate, pose(1, 0), now_ns=250)
    assert gate.oldest_age_ns(300) == 50
    voice = Envelope.single(Kind.VOICE, 1, sequence=0, capture_ns=0, payload=b"")
    offer(gate, voice, now_ns=200)
    assert gate.oldest_age_ns(300) == 100


def test_the_age_is_that_of_what_waited_longest():
    gate = Gate()
    assert gate.oldest_age_ns(99) == 0
    offer(gate, pose(0, 0), now_ns=100)
    offer(gate, pose(1, 0), now_ns=150)
    assert gate.oldest_age_ns(170) == 70
    gate.take()
    offer(gate, pose(2, 0), now_ns=200)
    offer(gate, pose(3, 0), now_ns=300)
    assert gate.oldest_age_ns(310) == 10


class GateMachine(RuleBasedStateMachine):
    """Senders who number their frames in order, and a carrier that is free now and then."""

    STREAMS = (1, 2, 3)

    def __init__(self):
        super().__init__()
        self.gate = Gate(limit=400)
        self.next_sequence = dict.fromkeys(self.STREAMS, SEQUENCE_PERIOD - 20)
        self.next_voice = dict.fromkeys(self.STREAMS, SEQUENCE_PERIOD - 10)
        self.spoken = {}
        self.golden = {}
        self.reference = {}
        self.offered = 0
        self.newest = {}
        self.left = []

    @rule(
        stream=st.sampled_from(STREAMS),
        what=st.sampled_from(["golden", "anchor", "other", "other"]),
        size=st.integers(0, 90),
    )
    def send_pose(self, stream, what, size):
        sequence = self.next_sequence[stream]
        self.next_sequence[stream] += 1
        if what == "golden" or stream not in self.golden:
            what = "golden"
            self.golden[stream] = sequence
        refers_to = self.golden[stream] if what != "other" else self.reference[stream]
        if what != "other":
            self.reference[stream] = sequence
        new = pose(sequence, refers_to, stream, size, anchor=what == "anchor")
        offer(self.gate, new)
        self.newest[stream] = sequence
        self.offered += 1

    @rule(stream=st.sampled_from(STREAMS), kind=st.sampled_from([Kind.CONTROL, Kind.PROFILE]))
    def send_other(self, stream, kind):
        offer(self.gate, single(kind, stream=stream))
        self.offered += 1

    @rule(stream=st.sampled_from(STREAMS), packets=st.integers(1, 5), size=st.integers(1, 120))
    def speak(self, stream, packets, size):
        for _ in range(packets):
            sequence = self.next_voice[stream]
            self.next_voice[stream] += 1
            offer(self.gate, single(Kind.VOICE, sequence % SEQUENCE_PERIOD, stream, size))
            self.spoken[stream] = sequence
            self.offered += 1

    @rule()
    def carrier_is_ready(self):
        envelopes = self.gate.take()
        assert sum(len(data) + 2 for data in envelopes) <= 400
        decoded = [decode_envelope(data) for data in envelopes]
        kinds = [e.kind == Kind.POSE for e in decoded]
        assert kinds == sorted(kinds), "pose leaves last"
        self.left += decoded

    @rule()
    def carrier_empties_it(self):
        while len(self.gate):
            self.carrier_is_ready()
        # Of everyone the last word has left.
        for stream, last in self.spoken.items():
            heard = [e for e in self.left if e.kind == Kind.VOICE and e.stream == stream]
            assert heard[-1].sequence == last % SEQUENCE_PERIOD
        # Of everyone the newest frame has left, and before it the references that it needs.
        for stream, newest in self.newest.items():
            poses = [e for e in self.left if e.kind == Kind.POSE and e.stream == stream]
            sequences = [e.sequence for e in poses]
            assert sequences[-1] == newest % SEQUENCE_PERIOD
            assert self.golden[stream] % SEQUENCE_PERIOD in sequences
            assert self.reference[stream] % SEQUENCE_PERIOD in sequences

    @invariant()
    def at_most_a_few_frames_of_a_stream_wait(self):
        poses = len(self.gate) - len(self.gate._queue)
        assert poses <= (REFERENCE_LIMIT + 1) * len(self.STREAMS)

    @invariant()
    def at_most_a_few_packets_of_a_streams_voice_wait(self):
        voice = [w.header.stream for w in self.gate._queue if w.header.kind == Kind.VOICE]
        assert all(voice.count(stream) <= VOICE_LIMIT for stream in self.STREAMS)

    @invariant()
    def every_envelope_left_or_waits_or_was_counted(self):
        dropped = sum(self.gate.dropped.values())
        assert self.offered == len(self.left) + len(self.gate) + dropped

    @invariant()
    def no_frame_left_twice_or_out_of_order(self):
        for stream in self.STREAMS:
            start = SEQUENCE_PERIOD - 20
            for kind in (Kind.POSE, Kind.VOICE):
                sequences = [
                    (e.sequence - start) % SEQUENCE_PERIOD
                    for e in self.left
                    if e.kind == kind and e.stream == stream
                ]
                assert sequences == sorted(set(sequences))


TestGateMachine = GateMachine.TestCase
TestGateMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12), st.booleans()), max_size=40),
)
def test_whatever_the_order_references_wait_in_order_and_one_newer_dependent(frames):
    gate = Gate()
    for sequence, distance, is_anchor in frames:
        offer(gate, pose(sequence, max(0, sequence - distance), anchor=is_anchor))
        assert len(gate) <= REFERENCE_LIMIT + 1
    taken = take(gate)
    assert not any(e.golden for e in taken[1:])
    assert all(e.reference for e in taken[:-1])
    sequences = [e.sequence for e in taken]
    assert sequences == sorted(set(sequences))
