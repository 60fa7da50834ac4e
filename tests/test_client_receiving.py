"""From envelopes to records for the view."""

import numpy as np

from presence.client.asking import TWICE_NS, answer_ns
from presence.client.receiving import (
    PACKETS_A_SECOND,
    PACKETS_AT_ONCE,
    PROFILE_AGAIN_NS,
    REPORT_NS,
    Receiver,
)
from presence.client.records import Came, Heard, VoicePacket, Went
from presence.client.resending import GOLDEN_HOLDOFF_NS
from presence.client.sending import Sender
from presence.clock import MILLISECOND, SECOND, SkewedClock
from presence.codec import vertex_errors
from presence.tracking.performer import Performer
from presence.wire.control import GoldenRequest, LossReport, ProfileRequest, RepairRequest
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope

AHEAD = SkewedClock(offset_ns=3 * 3600 * SECOND, drift_ppm=100.0)
BEHIND = SkewedClock(offset_ns=-7 * SECOND)
FRAME = SECOND // 60


class Pair:
    """Somebody who sends, and somebody who hears. State: what was passed on and asked for."""

    def __init__(self):
        self.records, self.asked, self.packets = [], [], []
        self.sender = Sender(5, Performer(1, seat=1, epoch_ns=AHEAD.from_machine_ns(0)), AHEAD)
        self.round_trip_ns = None
        self.receiver = Receiver(
            BEHIND,
            self.records.append,
            lambda stream, ask: self.asked.append((stream, ask)),
            round_trip_ns=lambda stream: self.round_trip_ns,
            listen=self.packets.append,
        )
        self.now = SECOND

    def frame(self):
        """The next frame's envelope, over the wire."""
        self.now += FRAME
        return decode_envelope(encode_envelope(self.sender.capture(self.now)))

    def hear(self, envelope):
        self.receiver.hear(envelope, self.now + MILLISECOND)

    def heard(self):
        return [record for record in self.records if isinstance(record, Heard)]


def introduced():
    pair = Pair()
    pair.receiver.came(5, "Ada", 1)
    pair.hear(pair.sender.profile(pair.now))
    return pair


def test_what_is_heard_is_what_was_acted_by_both_clocks():
    pair = introduced()
    for _ in range(30):
        pair.hear(pair.frame())
    came, *_ = pair.records
    assert came == Came(5, 1, "Ada", "", came.profile)
    assert [record.sequence for record in pair.heard()] == list(range(30))
    last = pair.heard()[-1]
    assert last.arrival_ns == BEHIND.from_machine_ns(pair.now + MILLISECOND)
    truth = pair.sender.source.sample(AHEAD.from_machine_ns(pair.now) // 1000 * 1000)
    assert vertex_errors(last.sample, truth, pair.sender.source.proportions).max() < 0.004
    # The wire carries the sender's time but for a multiple of 71.6 minutes.
    assert (truth.capture_ns - last.sample.capture_ns) % (2**32 * 1000) == 0
    assert pair.asked == []


def test_without_a_profile_it_is_asked_for_and_not_too_often():
    pair = Pair()
    pair.receiver.came(5, "Ada", 1)
    for _ in range(30):
        pair.hear(pair.frame())
    assert pair.heard() == []
    assert set(pair.asked) == {(5, ProfileRequest(5))}
    assert len(pair.asked) <= 30 * FRAME // PROFILE_AGAIN_NS + 1


def test_a_voice_is_passed_on_with_whole_times_that_agree_with_the_poses():
    pair = introduced()
    pair.hear(pair.frame())
    (heard,) = pair.heard()
    spoken_ns = AHEAD.from_machine_ns(pair.now + 5 * MILLISECOND) // 1000 * 1000
    pair.hear(pair.sender.voice(b"opus", spoken_ns))
    (packet,) = pair.packets
    arrival_ns = BEHIND.from_machine_ns(pair.now + MILLISECOND)
    assert packet == VoicePacket(5, 1, packet.capture_ns, arrival_ns, b"opus")
    assert (
        packet.capture_ns - heard.sample.capture_ns
        == spoken_ns - AHEAD.from_machine_ns(pair.now) // 1000 * 1000
    )


def test_a_voice_is_heard_before_anybodys_measures_are_known_but_never_a_strangers():
    pair = Pair()
    pair.hear(pair.sender.voice(b"opus", SECOND))
    assert not pair.packets
    pair.receiver.came(5, "Ada", 1)
    pair.hear(pair.sender.voice(b"opus", SECOND))
    assert [packet.sequence for packet in pair.packets] == [2]


def test_of_a_flood_of_voice_no_more_is_passed_on_than_somebody_can_say():
    pair = introduced()
    for _ in range(3000):
        pair.now += MILLISECOND // 3
        pair.hear(pair.sender.voice(b"opus", pair.now))
    assert len(pair.packets) <= PACKETS_AT_ONCE + PACKETS_A_SECOND + 1
    assert pair.receiver.refused == 3000 - len(pair.packets)


def test_a_late_joiner_asks_for_a_golden_and_is_shown_a_person_by_it():
    pair = introduced()
    assert pair.frame().golden
    pair.hear(pair.frame())
    assert pair.heard() == []
    assert pair.asked == [(5, GoldenRequest(5))]
    pair.sender.request_golden(pair.now)
    golden = pair.frame()
    assert golden.golden
    pair.hear(golden)
    pair.hear(pair.frame())
    assert len(pair.heard()) == 2


def test_a_lost_reference_is_asked_for_at_once_and_with_it_all_that_waited_is_heard():
    pair = introduced()
    frames = [pair.frame() for _ in range(10)]
    for envelope in frames[:6] + frames[7:]:
        pair.hear(envelope)
    assert pair.asked == [(5, RepairRequest(5, 6, 0))]
    assert [record.sequence for record in pair.heard()] == list(range(6))
    pair.now += 5 * FRAME
    pair.hear(frames[6])
    assert [record.sequence for record in pair.heard()] == list(range(10))
    # Nobody could have shown them before.
    when = BEHIND.from_machine_ns(pair.now + MILLISECOND)
    assert {record.arrival_ns for record in pair.heard()[6:]} == {when}
    assert pair.receiver.heard(5)[0] == 10


def test_two_lost_in_a_row_are_made_up_for_by_one_answer():
    pair = introduced()
    frames = [pair.frame() for _ in range(20)]
    for envelope in frames[:6] + frames[19:]:
        pair.hear(envelope)
    ((_, request),) = pair.asked
    assert request == RepairRequest(5, 18, 0)
    for envelope in pair.sender.repair(2, request.missing, request.known, pair.now):
        pair.hear(envelope)
    assert [record.sequence for record in pair.heard()] == [*range(6), 6, 12, 18, 19]
    assert len(pair.asked) == 1


def test_what_comes_twice_is_heard_once():
    pair = introduced()
    for _ in range(8):
        envelope = pair.frame()
        pair.hear(envelope)
        pair.hear(envelope)
    assert [record.sequence for record in pair.heard()] == list(range(8))
    assert pair.receiver.refused == 0


def test_a_reference_that_is_not_sent_again_is_replaced_by_a_golden():
    pair = introduced()
    pair.round_trip_ns = 50 * MILLISECOND
    frames = [pair.frame() for _ in range(12)]
    for k in range(12):
        if k != 6:
            pair.hear(frames[k])
            pair.now += answer_ns(pair.round_trip_ns) if k > 6 else 0
    assert [ask for _, ask in pair.asked] == [
        *[RepairRequest(5, 6, 0)] * 2,
        *[GoldenRequest(5)] * 3,
    ]


def test_requests_go_twice_because_they_are_lost_like_anything():
    pair = introduced()
    for k in range(10):
        envelope = pair.frame()
        if k != 6:
            pair.hear(envelope)
    assert FRAME > TWICE_NS
    assert pair.asked == [(5, RepairRequest(5, 6, 0))] * 2


def test_after_an_outage_a_golden_is_asked_for():
    pair = introduced()
    for k in range(90):
        envelope = pair.frame()
        if k < 6 or k == 88:
            pair.hear(envelope)
    assert pair.asked == [(5, GoldenRequest(5))]


def test_each_sender_is_told_what_gets_lost_of_theirs_twice_a_second():
    pair = introduced()
    begin = pair.now
    for k in range(150):
        envelope = pair.frame()
        if k % 10 != 1:
            pair.hear(envelope)
    reports = [ask for _, ask in pair.asked if isinstance(ask, LossReport)]
    assert [ask for _, ask in pair.asked if not isinstance(ask, LossReport)] == []
    # The first is only made when there is something to say.
    assert len(reports) == (pair.now - begin) // REPORT_NS
    assert all(0.08 <= report.share <= 0.12 for report in reports)


def test_requests_that_come_together_make_one_golden():
    pair = introduced()
    pair.frame()
    for _ in range(5):
        pair.sender.request_golden(pair.now)
    goldens = [pair.frame().golden for _ in range(GOLDEN_HOLDOFF_NS // FRAME)]
    assert sum(goldens) == 1


def test_a_body_is_told_once_the_measures_are_known_and_again_when_it_is_there():
    pair = Pair()
    pair.receiver.came(5, "Ada", 1)
    pair.receiver.dress(5, "/bodies/1.glb")
    assert pair.records == []
    pair.hear(pair.sender.profile(pair.now))
    assert [record.body for record in pair.records] == ["/bodies/1.glb"]
    pair.hear(pair.sender.profile(pair.now))
    assert len(pair.records) == 1


def test_who_left_is_gone_and_strangers_and_rubbish_only_count():
    pair = introduced()
    pair.receiver.went(5)
    assert pair.records[-1] == Went(5)
    pair.hear(pair.frame())
    assert pair.receiver.refused == 1

    pair = introduced()
    rng = np.random.default_rng(0)
    for _ in range(200):
        kind = Kind.POSE if rng.random() < 0.7 else Kind.PROFILE
        rubbish = bytes(rng.integers(0, 256, rng.integers(0, 200), dtype=np.uint8))
        pair.hear(
            Envelope(
                kind=kind,
                stream=5,
                sequence=int(rng.integers(1000)),
                capture_us=0,
                core=rubbish,
                detail=b"",
            )
        )
    assert pair.receiver.refused > 150
    pair.hear(pair.sender.profile(pair.now))
    pair.sender.request_golden(pair.now)
    pair.hear(pair.frame())
    assert pair.heard()
