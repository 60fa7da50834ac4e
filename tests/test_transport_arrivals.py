"""What a receiver notes of packets, and reports."""

from presence.clock import MILLISECOND, SECOND
from presence.transport.arrivals import TOLD_TIMES, Arrivals
from presence.transport.feedback import REPORT_LIMIT

MS = MILLISECOND


def told(feedback):
    """By sequence number, whether it came."""
    return {
        (feedback.begin + k) % 65536: offset is not None
        for k, offset in enumerate(feedback.offsets)
    }


def test_nothing_is_reported_while_nothing_comes():
    arrivals = Arrivals()
    assert arrivals.report(1, 2, 0) is None
    arrivals.came(5, 10 * MS)
    assert arrivals.report(1, 2, 50 * MS) is not None
    assert arrivals.report(1, 2, 100 * MS) is None


def test_each_packet_is_told_of_thrice_and_then_no_more():
    arrivals = Arrivals()
    reports = []
    for k in range(6):
        arrivals.came(2 * k, k * 50 * MS)
        reports.append(told(arrivals.report(1, 2, k * 50 * MS)))
    assert sum(4 in report for report in reports) == TOLD_TIMES
    assert sum(3 in report for report in reports) == TOLD_TIMES
    assert reports[-1] == {5: False, 6: True, 7: False, 8: True, 9: False, 10: True}


def test_a_packet_that_was_overtaken_is_told_of_when_it_comes():
    arrivals = Arrivals()
    arrivals.came(1, 0)
    arrivals.came(3, 1 * MS)
    assert told(arrivals.report(1, 2, 50 * MS)) == {1: True, 2: False, 3: True}
    arrivals.came(2, 60 * MS)
    assert told(arrivals.report(1, 2, 100 * MS)) == {1: True, 2: True, 3: True}


def test_of_a_packet_that_came_twice_the_first_time_counts():
    arrivals = Arrivals()
    arrivals.came(1, 0)
    arrivals.came(1, 40 * MS)
    feedback = arrivals.report(1, 2, 50 * MS)
    assert feedback.offsets == (50 * 1024 // 1000,)


def test_sequence_numbers_wrap():
    arrivals = Arrivals()
    for number in (65534, 65535, 1):
        arrivals.came(number, 0)
    assert told(arrivals.report(1, 2, 0)) == {65534: True, 65535: True, 0: False, 1: True}


def test_what_came_before_the_first_is_not_told_of():
    arrivals = Arrivals()
    arrivals.came(100, 0)
    arrivals.came(99, 0)
    assert told(arrivals.report(1, 2, 0)) == {100: True}


def test_a_leap_makes_no_report_longer_than_any_may_be():
    arrivals = Arrivals()
    arrivals.came(0, 0)
    arrivals.came(30_000, 0)
    feedback = arrivals.report(7, 8, SECOND)
    assert (feedback.sender, feedback.stream) == (7, 8)
    assert len(feedback.offsets) == REPORT_LIMIT
    assert told(feedback)[30_000]


def test_what_is_kept_is_bounded_by_what_is_told_of():
    arrivals = Arrivals()
    for k in range(10_000):
        arrivals.came(k % 65536, k)
        if k % 10 == 9:
            arrivals.report(1, 2, k)
    assert len(arrivals._came) <= 10 * TOLD_TIMES
