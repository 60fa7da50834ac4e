"""What a sender sends again: on request, and unasked while much is lost."""

from presence.client.sending import Sender
from presence.clock import SECOND, SkewedClock
from presence.tracking.performer import Performer

FRAME = SECOND // 60
BEN = 2


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


def test_references_are_sent_again_as_they_were_and_counted():
    sending = Sending(20)
    before = sending.sender.bytes_sent
    again = sending.sender.repair(BEN, 18, 6, sending.now)
    assert again == [sending.sent[12], sending.sent[18]]
    assert sending.sender.bytes_sent == before + sum(envelope.size for envelope in again)


def test_what_cannot_be_mended_makes_a_golden():
    sending = Sending(28)
    assert sending.sender.repair(BEN, 7, 6, sending.now) == []
    sending.send(1)
    assert sending.sent[-1].golden
    assert sending.sent[-1].sequence == 28


def test_one_who_asks_on_and_on_is_not_answered_with_a_golden():
    sending = Sending(8)
    assert sending.sender.repair(BEN, 6, 0, sending.now) == [sending.sent[6]]
    assert sending.sender.repair(BEN, 6, 0, sending.now) == []
    sending.send(1)
    assert not sending.sent[-1].golden


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
    assert sending.sender.repeats(BEN, sending.now) == []
    sending.sender.stream = 9
    assert sending.sender.repair(BEN, 6, 0, sending.now)[0].stream == 9
