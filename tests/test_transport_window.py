"""What is on its way over one connection of TCP, and how long that takes."""

import random

from presence.clock import MILLISECOND, SECOND
from presence.transport.window import (
    FIRST_GUESS_NS,
    SLACK_MOST_NS,
    SLACK_NS,
    Trips,
    Window,
)
from presence.wire.forwarded import COUNT_PERIOD

FRAME_NS = SECOND // 60


def test_what_is_on_its_way_is_what_was_sent_and_not_counted():
    window = Window()
    assert window.oldest_ns is None
    window.sent(300, 5)
    window.sent(300, 9)
    assert (len(window), window.oldest_ns) == (2, 5)
    assert window.counted(300) == 5
    assert (len(window), window.oldest_ns) == (1, 9)
    assert window.counted(600) == 9
    assert window.oldest_ns is None


def test_counts_that_are_old_wrapped_or_made_up_do_no_harm():
    window = Window()
    window.sent(300, 0)
    window.sent(300, FRAME_NS)
    for received in (0, 299, COUNT_PERIOD - 1, 601, 10**6):
        assert window.counted(received) is None
    assert window.counted(300) == 0


def test_the_count_wraps():
    window = Window()
    for number in range(5):
        window.sent(1 << 30, number)
    assert window.counted((5 << 30) % COUNT_PERIOD) == 4


def test_the_best_round_trip_is_one_of_late():
    trips = Trips()
    assert trips.best_ns == FIRST_GUESS_NS
    for tick in range(60 * 60):
        now_ns = tick * FRAME_NS
        trip_ns = 20 * MILLISECOND if now_ns < 10 * SECOND else 120 * MILLISECOND
        trips.add(now_ns - trip_ns, now_ns)
        if tick == 60:
            assert trips.best_ns == 20 * MILLISECOND
    assert trips.best_ns == 120 * MILLISECOND


def test_where_round_trips_vary_a_frame_may_be_later():
    dice = random.Random(1)
    trips, allowed = Trips(), []
    for tick in range(1200):
        trip_ns = round(80 * MILLISECOND + dice.gauss(0, 15 * MILLISECOND))
        trips.add(tick * FRAME_NS, tick * FRAME_NS + trip_ns)
        allowed.append(trip_ns < trips.best_ns + trips.slack_ns)
    assert SLACK_NS < trips.slack_ns <= SLACK_MOST_NS
    assert sum(allowed[60:]) > 0.97 * len(allowed[60:])


def test_neither_a_queue_nor_what_is_sent_again_is_taken_for_jitter():
    trips = Trips()
    for tick in range(600):
        again_ns = 250 * MILLISECOND if tick % 10 == 0 else 0
        # It grows by more than two frames take, and drains while nothing leaves.
        sent_ns = (tick + tick // 3 * 7) * FRAME_NS
        queue_ns = tick % 3 * 30 * MILLISECOND
        trips.add(sent_ns, sent_ns + 80 * MILLISECOND + queue_ns + again_ns)
    assert trips.slack_ns == SLACK_NS
