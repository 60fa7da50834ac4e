"""What a sender sends again: on request, and unasked while much is lost."""

from presence.client.sending import Sender
from presence.clock import SECOND, SkewedClock
from presence.tracking.performer import Performer
from presence.wire.sealing import Sealer

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


def test_who_left_is_forgotten():
    sending = Sending(9)
    sending.sender.loses(BEN, 0.5, sending.now)
    sending.sender.forget(BEN)
    assert sending.sender.repeats(BEN, sending.now) == []


def test_under_a_new_number_nothing_of_the_former_one_goes_again_but_a_golden_mends():
    sending = Sending(9)
    sending.sender.stream = 9
    assert sending.sender.repair(BEN, 6, 0, sending.now) == []
    sending.send(1)
    assert sending.sent[-1].golden
    assert sending.sent[-1].stream == 9


def test_what_goes_again_is_what_was_sealed_and_nothing_is_sealed_twice():
    sealer = Sealer(1, 1, bytes(16))
    sending = Sending()
    sending.sender = Sender(1, Performer(1, seat=0), SkewedClock(), seal=sealer.seal)
    sending.send(20)
    assert all(envelope.epoch == 1 for envelope in sending.sent)
    # The sealer raises if a number is sealed a second time.
    again = sending.sender.repair(BEN, 18, 6, sending.now)
    assert again == [sending.sent[12], sending.sent[18]]
    sending.sender.loses(BEN, 0.05, sending.now)
    assert sending.sent[18] in sending.sender.repeats(BEN, sending.now)


def test_with_a_new_key_the_next_frame_is_golden_however_soon_after_the_last():
    sending = Sending(1)
    assert sending.sent[0].golden
    sending.sender.new_key()
    sending.send(1)
    assert sending.sent[1].golden
