from presence.clock import SECOND
from presence.host.limits import Allowance


def test_twice_the_rate_is_allowed_at_once_and_then_the_rate():
    allowance = Allowance(5.0, now_ns=0)
    assert [allowance.take(0) for _ in range(11)] == [True] * 10 + [False]
    taken = [allowance.take(step * SECOND // 100) for step in range(1, 201)]
    assert sum(taken) == 10


def test_a_long_rest_saves_up_no_more_than_twice_the_rate():
    allowance = Allowance(5.0, now_ns=0)
    assert sum(allowance.take(3600 * SECOND) for _ in range(50)) == 10
