"""What became of packets, by the receiver's reports."""

from presence.clock import MILLISECOND, SECOND
from presence.transport.arrivals import Arrivals
from presence.transport.ledger import FORGET_NS, PACKET_LIMIT, Ledger

MS = MILLISECOND
DELAY = 40 * MS
FRAME = 16 * MS
FAR = 5_000 * SECOND
"""What the receiver's clock shows more than the sender's."""


class Exchange:
    """Packets sent every frame and reports every fifth. State: both ends and the fates so far."""

    def __init__(self, first=0):
        self.ledger = Ledger()
        self.arrivals = Arrivals()
        self.number = first
        self.now = 10 * SECOND
        self.fates = []

    def send(self, count, lost=(), reports_lost=False):
        for k in range(count):
            self.ledger.sent(self.number, 100, self.now)
            if k not in lost:
                self.arrivals.came(self.number % 65536, self.now + DELAY + FAR)
            if k % 5 == 4:
                feedback = self.arrivals.report(1, 2, self.now + DELAY + FAR)
                if feedback is not None and not reports_lost:
                    self.fates += self.ledger.settle(feedback, self.now + 2 * DELAY)
            self.number += 1
            self.now += FRAME

    def came(self):
        return [fate.came for fate in self.fates]


def test_each_packet_has_one_fate():
    exchange = Exchange()
    exchange.send(50, lost={7, 20, 21})
    exchange.send(30)
    assert exchange.came().count(False) == 3
    assert len(exchange.fates) == 80
    assert {fate.size for fate in exchange.fates} == {100}


def test_arrivals_and_trips_are_true_whatever_the_other_clock_shows():
    exchange = Exchange()
    exchange.send(50)
    for fate in exchange.fates:
        assert abs(fate.arrived_ns - fate.sent_ns - DELAY - FAR) <= 2 * MS
        assert abs(fate.trip_ns - 2 * DELAY) <= 2 * MS


def test_a_lost_report_is_made_up_for_by_the_next():
    exchange = Exchange()
    exchange.send(20)
    exchange.send(10, reports_lost=True)
    exchange.send(20)
    assert exchange.came() == [True] * 50


def test_when_many_reports_are_lost_nothing_is_taken_for_a_loss():
    exchange = Exchange()
    exchange.send(20)
    exchange.send(60, reports_lost=True)
    exchange.send(20)
    assert False not in exchange.came()
    assert 40 <= len(exchange.fates) < 100


def test_a_packet_that_was_overtaken_is_not_lost():
    exchange = Exchange()
    exchange.send(10)
    exchange.ledger.sent(exchange.number, 100, exchange.now)
    late = exchange.number
    exchange.number += 1
    exchange.send(5)
    exchange.arrivals.came(late, exchange.now + DELAY + FAR)
    exchange.send(40)
    assert exchange.came() == [True] * 56


def test_sequence_numbers_wrap():
    exchange = Exchange(first=65_500)
    exchange.send(100, lost={40})
    exchange.send(20)
    assert exchange.came().count(False) == 1
    assert len(exchange.fates) == 120


def test_the_first_packet_without_an_answer_is_known():
    exchange = Exchange()
    assert exchange.ledger.unanswered_ns() is None
    exchange.send(10, lost={3})
    assert exchange.ledger.unanswered_ns() is None
    began = exchange.now
    exchange.send(3)
    assert exchange.ledger.unanswered_ns() == began


def test_what_nobody_reports_on_is_forgotten():
    ledger = Ledger()
    for number in range(2 * PACKET_LIMIT):
        ledger.sent(number, 100, 0)
    assert len(ledger._open) == PACKET_LIMIT
    arrivals = Arrivals()
    number = 2 * PACKET_LIMIT
    ledger.sent(number, 100, FORGET_NS + 1)
    arrivals.came(number % 65536, FORGET_NS + 1)
    ledger.settle(arrivals.report(1, 2, FORGET_NS + 1), FORGET_NS + 1)
    assert ledger._open == {}


def test_a_report_on_what_was_never_sent_tells_nothing():
    exchange = Exchange()
    exchange.send(5)
    arrivals = Arrivals()
    for number in range(5_000, 5_050):
        arrivals.came(number, 0)
    assert exchange.ledger.settle(arrivals.report(1, 2, 0), exchange.now) == []
