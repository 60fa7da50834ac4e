"""Packets are spread out."""

from presence.clock import MILLISECOND, SECOND
from presence.transport.pacer import BURST_BYTES, Pacer

LARGE, SMALL = 1206, 130


def leaving(pacer, size, seconds, start_ns=0):
    """When packets leave that are always wanted, with a look every millisecond."""
    left = []
    for now_ns in range(start_ns, start_ns + round(seconds * SECOND), MILLISECOND):
        while pacer.ready(now_ns):
            pacer.sent(size)
            left.append(now_ns)
    return left


def test_a_burst_is_of_a_few_packets():
    pacer = Pacer(0)
    pacer.allow(1e6, 0)
    assert leaving(pacer, LARGE, 0.001) == [0] * 4


def test_where_the_rate_is_small_no_burst_waits_before_the_hop():
    pacer = Pacer(0)
    pacer.allow(36_000, 0)
    assert len(leaving(pacer, SMALL, 0.001)) == 4
    pacer.allow(36_000, SECOND)
    assert len(leaving(pacer, LARGE, 0.001, SECOND)) == 1


def test_on_average_the_rate_is_kept():
    pacer = Pacer(0)
    pacer.allow(100_000, 0)
    left = leaving(pacer, SMALL, 10.0)
    assert 100_000 * 10 <= len(left) * SMALL * 8 <= 100_000 * 10 + 8 * (BURST_BYTES + SMALL)


def test_after_silence_no_more_leaves_at_once_than_at_first():
    pacer = Pacer(0)
    pacer.allow(1e6, 0)
    leaving(pacer, LARGE, 1.0)
    assert len(leaving(pacer, LARGE, 0.001, 100 * SECOND)) <= 4


def test_where_the_rate_is_large_so_is_the_burst():
    pacer = Pacer(0)
    pacer.allow(20e6, 0)
    leaving(pacer, LARGE, 0.1)
    assert len(leaving(pacer, LARGE, 0.001, SECOND)) > 8


def test_it_says_when_the_next_may_leave():
    pacer = Pacer(0)
    pacer.allow(100_000, 0)
    leaving(pacer, LARGE, 0.001)
    assert not pacer.ready(0)
    wait_ns = pacer.ready_in_ns()
    assert not pacer.ready(wait_ns - 2 * MILLISECOND)
    assert pacer.ready(wait_ns)
    assert pacer.ready_in_ns() == 0


def test_a_change_of_rate_holds_from_then_on():
    pacer = Pacer(0)
    pacer.allow(1e6, 0)
    leaving(pacer, SMALL, 1.0)
    pacer.allow(50_000, SECOND)
    left = leaving(pacer, SMALL, 4.0, SECOND)
    assert len(left) * SMALL * 8 < 50_000 * 4.5
