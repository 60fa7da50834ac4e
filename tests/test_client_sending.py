"""What a sender sends again: on request, and unasked while much is lost."""

from presence.client.sending import LOSS_HOLDS_NS, REPAIR_HOLDOFF_NS, Sender
from presence.clock import SECOND, SkewedClock
from presence.tracking.performer import Performer

FRAME = SECOND // 60
BEN, CYD = 2, 3


class Sending:
    """A sender at 60 Hz. State: the time, and every envelope so far."""

    def __init__(self, count=0):
        self.now = SECOND
        self.sender = Sender(1, Performer(1, seat=0), SkewedClock())
        self.sent = []
        self.send(count)

    def send(self, count):
        for _ in range(count):
            self.now += FRAME
            self.sent.append(self.sender.capture(self.now))

    def repeats(self, stream):
        return [e.sequence for e in self.sender.repeats(stream, self.now)]


def test_a_reference_is_sent_again_as_it_was_and_counted():
    sending = Sending(10)
    before = sending.sender.bytes_sent
    again = sending.sender.repair(BEN, 6, sending.now)
    assert again == sending.sent[6]
    assert sending.sender.bytes_sent == before + again.size


def test_those_of_the_golden_before_are_kept_and_none_that_are_older():
    sending = Sending(30)
    kept = [e.sequence for e in sending.sent if sending.sender.repair(BEN, e.sequence, sending.now)]
    assert kept == [12, 18, 24]


def test_what_is_not_kept_makes_a_golden():
    sending = Sending(28)
    assert sending.sender.repair(BEN, 6, sending.now) is None
    sending.send(1)
    assert sending.sent[-1].golden
    assert sending.sent[-1].sequence == 28


def test_one_who_asks_on_and_on_is_answered_now_and_then_and_others_at_once():
    sending = Sending(8)
    asked = [sending.sender.repair(BEN, 6, sending.now + k) for k in range(50)]
    assert [e is not None for e in asked] == [True] + [False] * 49
    assert sending.sender.repair(CYD, 6, sending.now) is not None
    assert sending.sender.repair(BEN, 6, sending.now + REPAIR_HOLDOFF_NS) is not None
    sending.send(1)
    assert not sending.sent[-1].golden


def test_repeats_are_for_those_who_report_loss_while_they_do():
    sending = Sending(1)
    sending.sender.loses(BEN, 0.05, sending.now)
    sending.sender.loses(CYD, 0.004, sending.now)
    repeats = []
    for _ in range(12):
        sending.send(1)
        repeats += [(sending.sent[-1].sequence, one) for one in sending.repeats(BEN)]
        assert sending.repeats(CYD) == []
    assert repeats == [(2, 0), (8, 6)]
    sending.send(2)
    assert sending.repeats(BEN) == [12]
    sending.now += LOSS_HOLDS_NS
    assert sending.repeats(BEN) == []


def test_what_is_repeated_is_the_reference_as_it_was_and_counted():
    sending = Sending(9)
    sending.sender.loses(BEN, 0.05, sending.now)
    before = sending.sender.bytes_sent
    assert sending.sender.repeats(BEN, sending.now) == [sending.sent[6]]
    assert sending.sender.bytes_sent == before + sending.sent[6].size


def test_who_left_is_forgotten_and_a_new_number_is_written_on_what_goes_again():
    sending = Sending(9)
    sending.sender.loses(BEN, 0.5, sending.now)
    sending.sender.forget(BEN)
    assert sending.repeats(BEN) == []
    sending.sender.stream = 9
    assert sending.sender.repair(BEN, 6, sending.now).stream == 9
