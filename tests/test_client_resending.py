"""Who is sent what again, and how often."""

from presence.client.resending import (
    GOLDEN_HOLDOFF_NS,
    LOSS_HOLDS_NS,
    REPAIR_HOLDOFF_NS,
    Resender,
)
from presence.clock import SECOND
from presence.codec import Frame

BEN, CYD = 2, 3


class Resending:
    """A stream at 60 Hz with anchors every 6 frames. State: the time, and the newest number."""

    def __init__(self, count=0):
        self.now = SECOND
        self.newest = -1
        self.resender = Resender()
        self.send(count)

    def send(self, count=1, golden=False):
        for _ in range(count):
            self.now += SECOND // 60
            self.newest += 1
            refers_to = 0 if self.newest == 0 else (self.newest - 1) // 6 * 6
            reference = golden or self.newest % 6 == 0
            refers_to = self.newest if golden else refers_to
            self.resender.sent(Frame(self.newest, refers_to, 0, b"", b"", reference))

    def due(self, stream=BEN):
        return [frame.sequence for frame in self.resender.due(stream, self.now)]

    def repair(self, missing, known, stream=BEN, later_ns=0):
        frames = self.resender.repair(stream, missing, known, self.now + later_ns)
        return None if frames is None else [frame.sequence for frame in frames]


def test_who_asks_gets_all_that_leads_to_what_is_missing():
    assert Resending(30).repair(24, 6) == [12, 18, 24]


def test_what_is_not_kept_or_too_much_only_a_golden_can_mend():
    assert Resending(30).repair(7, 6) is None
    assert Resending(100).repair(96, 0) is None


def test_one_who_asks_on_and_on_is_answered_now_and_then_and_others_at_once():
    one = Resending(20)
    answers = [one.repair(12, 6, later_ns=k) for k in range(50)]
    assert answers == [[12]] + [[]] * 49
    assert one.repair(18, 6) == [18]
    assert one.repair(12, 6, CYD) == [12]
    assert one.repair(18, 6, later_ns=REPAIR_HOLDOFF_NS) == [12, 18]


def test_a_repair_goes_again_with_the_next_frame_to_who_loses_much():
    one = Resending(20)
    one.resender.loses(BEN, 0.05, one.now)
    one.repair(18, 6)
    one.repair(18, 6, CYD)
    one.send()
    # The second frame after 18 brings it anyway, once.
    assert one.due() == [12, 18]
    assert one.due(CYD) == []
    one.send()
    assert one.due() == []


def test_what_a_golden_makes_useless_does_not_go_again():
    one = Resending(20)
    one.resender.loses(BEN, 0.05, one.now)
    one.repair(18, 6)
    one.send(golden=True)
    assert one.due() == []


def test_repeats_are_for_those_who_report_loss_while_they_do():
    one = Resending(1)
    one.resender.loses(BEN, 0.05, one.now)
    one.resender.loses(CYD, 0.004, one.now)
    repeats = []
    for _ in range(12):
        one.send()
        repeats += [(one.newest, k) for k in one.due()]
        assert one.due(CYD) == []
    assert repeats == [(2, 0), (8, 6)]
    one.send(2)
    assert one.due() == [12]
    one.now += LOSS_HOLDS_NS
    assert one.due() == []


def test_who_left_is_forgotten():
    one = Resending(21)
    one.resender.loses(BEN, 0.5, one.now)
    one.repair(18, 6)
    one.resender.forget(BEN)
    assert one.due() == []
    one.resender.loses(BEN, 0.5, one.now)
    assert one.due() == [18]


def test_requests_for_a_golden_that_come_together_are_one():
    resender = Resender()
    assert resender.makes_golden(0)
    assert not resender.makes_golden(GOLDEN_HOLDOFF_NS - 1)
    assert resender.makes_golden(GOLDEN_HOLDOFF_NS)
