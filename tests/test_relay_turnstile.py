"""How many may come to a relay in a second."""

import pytest

from presence.clock import SECOND
from presence.relay import turnstile
from presence.relay.limits import RelayLimits
from presence.relay.turnstile import Turnstile, subscriber

TIGHT = RelayLimits(
    joins_per_s=20.0, joins_at_once=40.0, address_joins_per_s=5.0, address_joins_at_once=10.0
)


def test_of_a_hundred_in_a_second_each_is_let_in_or_told_a_time_at_which_they_are():
    gate = Turnstile(TIGHT, 0)
    told = {}
    for number in range(100):
        after_s = gate.come(f"192.0.2.{number}", number * SECOND // 100)
        if after_s is not None:
            told[number] = number * SECOND // 100 + round(after_s * SECOND)
    assert 30 <= len(told) <= 60
    # Nobody is told the same time, and whoever keeps to theirs comes in.
    assert len(set(told.values())) == len(told)
    for number, at_ns in sorted(told.items(), key=lambda item: item[1]):
        assert gate.come(f"192.0.2.{number}", at_ns) is None


def test_one_address_cannot_use_up_what_others_may():
    gate = Turnstile(TIGHT, 0)
    refused = [gate.come("192.0.2.1", 0) for _ in range(1000)]
    assert refused[:10] == [None] * 10
    assert all(after_s is not None for after_s in refused[10:])
    assert gate.come("192.0.2.2", 0) is None


def test_nobody_is_told_to_come_at_once_or_never():
    gate = Turnstile(TIGHT, 0)
    told = [gate.come("192.0.2.1", 0) for _ in range(5000)][10:]
    assert min(told) >= turnstile.LEAST_S
    assert max(told) == turnstile.MOST_S


def test_of_ever_new_addresses_only_so_many_are_remembered(monkeypatch):
    monkeypatch.setattr(turnstile, "ADDRESSES", 8)
    gate = Turnstile(RelayLimits(joins_at_once=1e9), 0)
    for number in range(1000):
        gate.come(f"address {number}", 0)
    assert len(gate._addresses) == 8


@pytest.mark.parametrize(
    ("address", "stands_for_it"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("no address", "no address"),
    ],
)
def test_a_subscriber_is_an_address_or_the_64_bits_that_a_line_is_given(address, stands_for_it):
    assert subscriber(address) == stands_for_it
