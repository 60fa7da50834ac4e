from presence.allowance import Allowance
from presence.clock import SECOND


def test_twice_the_rate_is_allowed_at_once_and_then_the_rate():
    allowance = Allowance(5.0, 10.0)
    assert [allowance.take(0) for _ in range(11)] == [True] * 10 + [False]
    taken = [allowance.take(step * SECOND // 100) for step in range(1, 201)]
    assert sum(taken) == 10


def test_a_long_rest_saves_up_no_more_than_twice_the_rate():
    allowance = Allowance(5.0, 10.0)
    assert sum(allowance.take(3600 * SECOND) for _ in range(50)) == 10


def test_whoever_counts_time_by_themselves_has_the_same():
    allowance = Allowance(5.0, 2.0)
    assert [allowance.spend() for _ in range(3)] == [True, True, False]
    allowance.refill(SECOND // 10)
    assert not allowance.spend()
    allowance.refill(SECOND // 10)
    assert allowance.spend()
    allowance.refill(100 * SECOND)
    assert [allowance.spend() for _ in range(3)] == [True, True, False]


def test_time_that_goes_back_gives_nothing():
    allowance = Allowance(5.0, 1.0, 10 * SECOND)
    assert allowance.take(10 * SECOND)
    assert not allowance.take(5 * SECOND)
    assert not allowance.take(10 * SECOND)
    assert allowance.take(11 * SECOND)
