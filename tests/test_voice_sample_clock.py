"""A sound device's samples and this machine's time."""

import numpy as np
import pytest

from presence.clock import MILLISECOND, SECOND
from presence.voice.sample_clock import SampleClock

RATE = 48_000
PIECE = 480
BEGUN_NS = 7_000_000_123


def true_ns(sample, ppm):
    return BEGUN_NS + sample * SECOND / (RATE * (1.0 + ppm * 1e-6))


def told(ppm, late_ns, seconds, first=0):
    """Pairs of sample and time, told late."""
    for number, late in zip(range(int(seconds * 100)), late_ns, strict=False):
        sample = first + number * PIECE
        yield sample, round(true_ns(sample, ppm) + late)


def lateness(kind, count, seed=5):
    random = np.random.default_rng(seed)
    late = random.uniform(0.0, 5.0 * MILLISECOND, count)
    if kind == "starved":
        late = random.exponential(1.0 * MILLISECOND, count)
        late[random.random(count) < 0.01] += 50.0 * MILLISECOND
    if kind == "in pairs":
        late = random.uniform(0.0, 1.0 * MILLISECOND, count)
        late[::2] += 10.0 * MILLISECOND
    return late


@pytest.mark.parametrize("ppm", [-100.0, 0.0, 100.0])
@pytest.mark.parametrize("kind", ["evenly", "starved", "in pairs"])
def test_times_are_right_to_a_tenth_of_a_millisecond_however_late_they_are_told(ppm, kind):
    clock = SampleClock(RATE)
    wrong = []
    for sample, told_ns in told(ppm, lateness(kind, 3000), 30.0):
        assert clock.observe(sample, told_ns) == 0
        if clock.settled:
            wrong.append(clock.time_of(sample) - true_ns(sample, ppm))
    wrong = np.array(wrong)
    assert np.sqrt((wrong[1000:] ** 2).mean()) < 100_000
    assert np.abs(wrong).max() < 1_700_000
    at_ns = round(true_ns(RATE * 29, ppm))
    rate = clock.sample_at(at_ns + SECOND) - clock.sample_at(at_ns)
    assert rate == pytest.approx(RATE * (1.0 + ppm * 1e-6), rel=20e-6)


def test_times_and_samples_are_each_others_inverse():
    clock = SampleClock(RATE)
    for sample, told_ns in told(80.0, lateness("evenly", 1000), 10.0):
        clock.observe(sample, told_ns)
    for sample in (100_000, 480_123):
        assert clock.sample_at(clock.time_of(sample)) == pytest.approx(sample, abs=1e-3)


def test_nothing_is_said_before_a_tenth_of_a_second_was_heard():
    clock = SampleClock(RATE)
    assert not clock.settled
    for sample, told_ns in told(0.0, np.zeros(8), 0.08):
        clock.observe(sample, told_ns)
    assert not clock.settled
    with pytest.raises(ValueError, match="observed"):
        clock.time_of(0)


def test_a_device_that_pauses_after_its_first_words_is_listened_to_from_then_on():
    clock = SampleClock(RATE)
    for sample in (0, 480, 960):
        clock.observe(sample, BEGUN_NS)
    for sample, told_ns in told(0.0, np.zeros(100), 0.2, first=1440):
        assert clock.observe(sample, told_ns + 1_700 * MILLISECOND) == 0
    assert clock.settled
    assert clock.time_of(1440) == pytest.approx(true_ns(1440, 0.0) + 1.7 * SECOND, abs=1000)


def observe_gap(clock, missing, *, lost):
    """A device that loses samples after five seconds; how many the clock found missing in all."""
    found = 0
    late = lateness("evenly", 1000)
    for number, (sample, told_ns) in enumerate(told(0.0, late, 5.0)):
        clock.observe(sample, told_ns, lost=lost and number == 0)
    for number, (sample, _) in enumerate(told(0.0, late, 3.0, first=500 * PIECE)):
        told_ns = round(true_ns(sample + missing, 0.0) + late[number + 500])
        found += clock.observe(sample + found, told_ns, lost=lost and number == 0)
    wrong_ns = clock.time_of(sample + found) - true_ns(sample + missing, 0.0)
    return found, wrong_ns


def test_a_loss_that_the_device_tells_of_moves_the_numbers_at_once():
    clock = SampleClock(RATE)
    found, wrong_ns = observe_gap(clock, 4800, lost=True)
    # As exact as one telling is; what it was late by is put right by and by.
    assert abs(found - 4800) < 5 * 48
    assert abs(wrong_ns) < 200_000


def test_a_loss_that_the_device_keeps_silent_about_is_noticed_within_a_second():
    clock = SampleClock(RATE)
    found, wrong_ns = observe_gap(clock, 4800, lost=False)
    assert abs(found - 4800) < 48
    assert abs(wrong_ns) < 1_000_000


def test_a_telling_that_is_late_once_is_no_loss():
    clock = SampleClock(RATE)
    late = np.zeros(1000)
    late[500] = 80 * MILLISECOND
    assert sum(clock.observe(*each) for each in told(0.0, late, 10.0)) == 0
