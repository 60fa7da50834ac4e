"""When samples are taken."""

from presence.client.cadence import Cadence
from presence.clock import MILLISECOND, SECOND

PERIOD = SECOND // 60


def run(cadence, seconds, lateness):
    """Samples taken while every beat is woken for ``lateness(beat)`` too late."""
    taken, beat = 0, 0
    end = cadence.next_due_ns() + seconds * SECOND
    while cadence.next_due_ns() < end:
        taken += cadence.woke(cadence.next_due_ns() + lateness(beat))
        beat += 1
    return taken


def test_on_a_calm_machine_every_beat_is_taken():
    cadence = Cadence(60, 0)
    assert abs(run(cadence, 10, lambda _: MILLISECOND) - 600) <= 1
    assert cadence.divisor == 1


def test_one_long_stall_skips_its_beats_and_keeps_the_rate():
    cadence = Cadence(60, 0)
    taken = run(cadence, 10, lambda beat: 150 * MILLISECOND if beat == 100 else 0)
    assert 588 <= taken <= 592
    assert cadence.divisor == 1


def test_a_starved_machine_samples_less_and_recovers_step_by_step():
    cadence = Cadence(60, 0)
    run(cadence, 1, lambda _: PERIOD * 3 // 4)
    assert cadence.divisor == 2
    run(cadence, 3, lambda _: PERIOD * 3 // 4)
    assert cadence.divisor == 3
    assert abs(run(cadence, 3, lambda _: 0) - 60) <= 2
    run(cadence, 6, lambda _: 0)
    assert cadence.divisor < 3
    run(cadence, 8, lambda _: 0)
    assert cadence.divisor == 1


def test_beats_are_never_made_up_for():
    cadence = Cadence(60, 0)
    assert cadence.woke(10 * SECOND)
    assert cadence.next_due_ns() > 10 * SECOND
