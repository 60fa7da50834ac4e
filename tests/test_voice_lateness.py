"""How late packets come, and what waiting for them would be worth."""

import numpy as np

from presence.playout.clock_map import ClockMap
from presence.voice.lateness import Lateness

MS = 1_000_000
BLOCK_NS = 20 * MS


def told(late_ms, *, lost=()):
    """Of packets that came so late, and the clock that maps them."""
    lateness, clock = Lateness(), ClockMap()
    for number, late in enumerate(late_ms):
        stamp = number * BLOCK_NS
        if number not in lost:
            arrival = stamp + round(late * MS)
            clock.observe(stamp, arrival)
            lateness.add(number, stamp, arrival)
    return lateness, clock


def uncovered(known, *waits_ms):
    lateness, clock = known
    return lateness.uncovered(np.array(waits_ms) * float(MS), clock, BLOCK_NS)


def test_little_is_too_little_to_choose_by():
    assert uncovered(told([0.0] * 10), 0.0) is None


def test_packets_that_are_never_late_need_no_wait():
    np.testing.assert_allclose(uncovered(told([0.0] * 100), 0.1, 20.0), 0.0, atol=1e-9)


def test_a_late_packet_is_covered_by_its_own_lateness_or_the_next_ones():
    # Every fourth comes 50 ms late, but the next one tells what was in it after 20 ms.
    known = told([50.0 if n % 4 == 2 else 0.0 for n in range(400)])
    shares = uncovered(known, 1.0, 19.0, 21.0)
    assert abs(shares[0] - 0.25) < 0.02
    assert abs(shares[1] - 0.25) < 0.02
    assert shares[2] == 0.0


def test_a_lost_packet_needs_the_next_one():
    known = told([0.0] * 400, lost=range(7, 400, 10))
    shares = uncovered(known, 1.0, 19.0, 21.0)
    np.testing.assert_allclose(shares[:2], 0.1, atol=0.02)
    assert shares[2] < 1e-9


def test_what_no_wait_would_bring_counts_for_nothing():
    lost = {n for n in range(400) if n % 10 in (3, 4)}
    assert uncovered(told([0.0] * 400, lost=lost), 21.0)[0] < 1e-9


def test_what_was_long_ago_counts_for_little():
    late = [30.0 if n % 2 else 0.0 for n in range(1000)] + [0.0] * 1000
    assert uncovered(told(late), 1.0)[0] < 0.06


def test_who_says_little_is_not_remembered_for_longer():
    lateness, clock = Lateness(), ClockMap()
    for number in range(200):
        # The first four seconds are of speech, later there is a packet a second.
        stamp = min(number, 100) * BLOCK_NS + max(number - 100, 0) * 1000 * MS
        arrival = stamp + (30 * MS if number < 100 and number % 2 else 0)
        clock.observe(stamp, arrival)
        lateness.add(number, stamp, arrival)
    assert uncovered((lateness, clock), 1.0)[0] < 0.06


def test_a_packet_counts_once():
    lateness, _ = told([0.0] * 30)
    assert not lateness.add(29, 29 * BLOCK_NS, 29 * BLOCK_NS)
    assert lateness.add(30, 30 * BLOCK_NS, 30 * BLOCK_NS)
    assert not lateness.add(30, 30 * BLOCK_NS, 99 * BLOCK_NS)


def test_a_leap_of_numbers_begins_anew():
    lateness, clock = told([0.0] * 100)
    assert lateness.add(10**9, 0, 0)
    assert lateness.uncovered(np.zeros(1), clock, BLOCK_NS) is None
    assert not lateness.add(50, 0, 0)
