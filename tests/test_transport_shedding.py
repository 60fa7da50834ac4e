"""What of a stream goes to somebody whose path carries less than all."""

import pytest

from presence.clock import SECOND
from presence.transport.shedding import PACKET_BYTES, STEPS, Shedder
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope

CORE, DETAIL = 40, 20
RATE = 60
WHOLE_BPS = RATE * 8 * (2 + 14 + CORE + DETAIL + PACKET_BYTES)


def pose(sequence):
    """A golden every 120th, an anchor every 6th, as the codec makes them."""
    return Envelope(
        kind=Kind.POSE,
        stream=1,
        sequence=sequence,
        capture_us=0,
        reference_distance=sequence % 120 and (sequence % 6 or 6),
        core=bytes(CORE),
        detail=bytes(DETAIL),
        detail_made=True,
        droppable=sequence % 6 != 0,
        priority=1 if sequence % 6 else 2,
    )


class Stream:
    """Frames at 60 Hz. State: the shedder, and what left of each."""

    def __init__(self):
        self.shedder = Shedder()
        self.sequence = 0
        self.now_ns = 0
        self.steps = []

    def send(self, seconds, budget_bps):
        """The envelopes that are left of those sent meanwhile."""
        left = []
        for _ in range(round(seconds * RATE)):
            envelope = pose(self.sequence)
            data = encode_envelope(envelope)
            kept = self.shedder.shed(data, envelope, budget_bps, self.now_ns)
            if kept is not None:
                left.append(decode_envelope(kept))
            if not self.steps or self.steps[-1] != self.shedder.step:
                self.steps.append(self.shedder.step)
            self.sequence += 1
            self.now_ns += SECOND // RATE
        return left


def bps(envelopes, seconds):
    return sum(8 * (2 + e.size + PACKET_BYTES) for e in envelopes) / seconds


def test_a_carrier_that_knows_no_budget_gets_everything():
    left = Stream().send(5, None)
    assert [e.sequence for e in left] == list(range(300))
    assert all(e.detail for e in left)


def test_what_fits_is_left_alone():
    stream = Stream()
    left = stream.send(5, 1.1 * WHOLE_BPS)
    assert len(left) == 300
    assert all(e.detail for e in left)


def test_detail_goes_first_then_rate_and_references_stay_whole():
    stream = Stream()
    stream.send(2, 0.95 * WHOLE_BPS)
    left = stream.send(2, 0.95 * WHOLE_BPS)
    assert len(left) == 120
    assert all(bool(e.detail) == e.reference for e in left)
    assert all(e.detail_made for e in left)
    stream.send(2, 0.55 * WHOLE_BPS)
    left = stream.send(2, 0.55 * WHOLE_BPS)
    assert all(e.sequence % 2 == 0 for e in left)
    assert len(left) == 60
    stream.send(2, 0.4 * WHOLE_BPS)
    left = stream.send(2, 0.4 * WHOLE_BPS)
    assert all(e.sequence % 3 == 0 for e in left)
    assert len(left) == 40
    assert all(e.detail for e in left if e.reference)


@pytest.mark.parametrize("share", [0.15, 0.3, 0.4, 0.5, 0.7, 0.85, 0.95])
def test_what_is_left_fits_or_is_the_least_there_is(share):
    stream = Stream()
    stream.send(3, share * WHOLE_BPS)
    left = stream.send(4, share * WHOLE_BPS)
    assert bps(left, 4) <= 1.05 * share * WHOLE_BPS or stream.shedder.step == STEPS[-1]


def test_references_always_go():
    stream = Stream()
    stream.send(2, 1)
    left = stream.send(2, 1)
    assert [e.sequence for e in left] == list(range(120, 240, 6))


def test_what_was_left_out_comes_back_step_by_step():
    stream = Stream()
    stream.send(3, 0.25 * WHOLE_BPS)
    stream.steps.clear()
    stream.send(6, 2 * WHOLE_BPS)
    assert stream.steps == [*reversed(STEPS)]


@pytest.mark.parametrize("share", [0.25, 0.4, 0.5, 0.9])
def test_at_a_steady_budget_the_step_is_steady(share):
    stream = Stream()
    stream.send(3, share * WHOLE_BPS)
    stream.steps.clear()
    stream.send(20, share * WHOLE_BPS)
    assert len(stream.steps) <= 2


def test_voice_control_and_profiles_are_never_touched():
    shedder = Shedder()
    for k in range(600):
        frame = pose(k)
        shedder.shed(encode_envelope(frame), frame, 1.0, k * SECOND // RATE)
    for kind in (Kind.VOICE, Kind.CONTROL, Kind.PROFILE):
        envelope = Envelope.single(kind, 1, sequence=1, capture_ns=0, payload=bytes(100))
        data = encode_envelope(envelope)
        assert shedder.shed(data, envelope, 1.0, 10 * SECOND) == data


def test_one_large_frame_at_the_start_is_no_torrent():
    stream = Stream()
    golden = Envelope(
        kind=Kind.POSE, stream=1, sequence=0, capture_us=0, core=bytes(900), priority=2
    )
    stream.shedder.shed(encode_envelope(golden), golden, 1.3 * WHOLE_BPS, 0)
    stream.sequence = 1
    assert len(stream.send(1, 1.3 * WHOLE_BPS)) == RATE
