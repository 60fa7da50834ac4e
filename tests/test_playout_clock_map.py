"""Mapping the sender's clock."""

from __future__ import annotations

import numpy as np
import pytest

from presence.clock import SkewedClock
from presence.playout import ClockMap

MS = 1_000_000
SECOND = 1_000 * MS
HOURS = 3_600 * SECOND
BASE = 20 * MS


def observed(clock, seconds, *, jitter_ms=5.0, mapping=None, start=10**12, rate=60, seed=0):
    """The mapping after so long, and its error (µs) against the fastest frame's at each step."""
    random = np.random.default_rng(seed)
    mapping = mapping or ClockMap()
    errors = []
    for k in range(int(seconds * rate)):
        at = start + k * SECOND // rate
        arrival = at + BASE + int(random.exponential(jitter_ms * MS))
        mapping.observe(clock.from_machine_ns(at), arrival)
        errors.append((mapping.sender_at(arrival) - clock.from_machine_ns(arrival - BASE)) / 1000)
    return mapping, np.array(errors)


@pytest.mark.parametrize("ppm", [-100.0, 0.0, 100.0])
def test_offset_and_drift_are_tracked_for_ten_minutes(ppm):
    _, errors = observed(SkewedClock(-7 * HOURS, ppm), 600)
    assert np.abs(errors[60 * 60 :]).max() < 700


def test_heavy_jitter_moves_the_mapping_little():
    _, errors = observed(SkewedClock(3 * HOURS, 50.0), 120, jitter_ms=30.0)
    assert np.abs(errors[60 * 60 :]).max() < 4_000


def test_mapped_time_never_goes_back_and_hardly_changes_pace():
    mapping, random = ClockMap(), np.random.default_rng(3)
    clock = SkewedClock(HOURS, 100.0)
    arrivals = []
    for k in range(3000):
        at = 10**12 + k * SECOND // 60
        # Now and then a frame is far less late than all before.
        late = 100 * MS + int(random.exponential(9 * MS)) if k % 500 != 499 else 0
        arrivals.append((at + late, at))
    mapped = []
    for arrival, at in sorted(arrivals):
        mapping.observe(clock.from_machine_ns(at), arrival)
        mapped.append((arrival, mapping.sender_at(arrival)))
    times, senders = np.array(mapped).T
    rates = np.diff(senders)[np.diff(times) > MS] / np.diff(times)[np.diff(times) > MS]
    assert rates.min() > 0.979
    assert 1.015 < rates.max() < 1.021


def test_while_it_slews_the_past_is_mapped_as_it_is_now():
    mapping = ClockMap()
    for k in range(660):
        at = 10**12 + k * SECOND // 60
        # After ten seconds the way gets shorter by 80 ms, which the mapping follows in time.
        mapping.observe(at, at + (100 * MS if k < 600 else 20 * MS))
    now = at + 20 * MS
    assert mapping.offset_at(now + SECOND) < mapping.offset_at(now) - 10 * MS
    past, present = mapping.offsets_at(np.array([now - 8 * SECOND, now]))
    assert abs(present - mapping.offset_at(now)) <= 1
    # Only what it takes for the clocks' drift lies between the two.
    assert abs(past - present) < 3 * MS


def test_arrays_map_as_single_times_do():
    mapping, _ = observed(SkewedClock(HOURS, 80.0), 20)
    times = np.array([10**12, 10**12 + 21 * SECOND])
    single = [mapping.offset_at(int(t)) for t in times]
    # It has all but ceased to slew.
    assert np.abs(mapping.offsets_at(times) - single).max() < 2_000


def test_one_stray_stamp_changes_nothing():
    mapping, _ = observed(SkewedClock(HOURS), 5)
    before = mapping.sender_at(2 * 10**12)
    assert not mapping.observe(10**18, 10**12 + 5 * SECOND)
    assert mapping.sender_at(2 * 10**12) == before
    assert mapping.epoch == 0


@pytest.mark.parametrize("jump_s", [-7200.0, -3.0, 3.0, 7200.0])
def test_a_restarted_clock_is_learned_within_half_a_second(jump_s):
    mapping, _ = observed(SkewedClock(HOURS), 10)
    after = SkewedClock(HOURS + int(jump_s * SECOND))
    _, errors = observed(after, 0.5, mapping=mapping, start=10**12 + 10 * SECOND)
    assert mapping.epoch == 1
    assert np.abs(errors[-10:]).max() < 10_000


def test_a_stalled_network_is_no_restart():
    mapping, _ = observed(SkewedClock(HOURS), 10)
    clock, start = SkewedClock(HOURS), 10**12 + 10 * SECOND
    for k in range(120):
        # Two seconds' worth of frames, all let through at once.
        mapping.observe(clock.from_machine_ns(start + k * SECOND // 60), start + 2 * SECOND + k)
    observed(clock, 1.0, mapping=mapping, start=start + 2 * SECOND)
    assert mapping.epoch == 0


def test_nothing_is_known_before_anything_was_observed():
    mapping = ClockMap()
    assert not mapping.known
    with pytest.raises(ValueError, match="nothing was observed"):
        mapping.sender_at(0)
    with pytest.raises(ValueError, match="nothing was observed"):
        mapping.offsets_at(np.array([0]))
