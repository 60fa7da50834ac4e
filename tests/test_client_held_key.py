"""A key that is held, by a terminal that tells only of presses."""

from presence.client.held_key import HeldKey

MS = 1_000_000


def held_from(presses_ms, until_ms):
    """When the key counts as held, looked at every 10 ms."""
    key, held, left = HeldKey(), [], sorted(presses_ms)
    for now_ms in range(0, until_ms, 10):
        while left and left[0] <= now_ms:
            key.press(left.pop(0) * MS)
        if key.held(now_ms * MS):
            held.append(now_ms)
    return held


def test_a_held_key_is_held_until_shortly_after_it_is_told_of_no_more():
    # The slowest that is usual: 660 ms until the first repetition, then every 40.
    held = held_from([100, *range(760, 2000, 40)], 4000)
    assert held == list(range(100, held[-1] + 10, 10)), "without a gap"
    assert 2000 < held[-1] < 2250


def test_a_tap_is_held_for_as_long_as_a_repetition_might_take():
    held = held_from([100], 3000)
    assert 650 < held[-1] - held[0] < 800


def test_it_can_be_pressed_again():
    held = held_from([0, 2000], 4000)
    assert 1000 not in held
    assert 2000 in held


def test_a_clock_may_show_less_than_nothing():
    key = HeldKey()
    key.press(-5000 * MS)
    assert key.held(-4900 * MS)
    assert not key.held(-4000 * MS)
