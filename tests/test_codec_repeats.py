"""When reference frames are sent again unasked, and which ones mend what for who asks."""

import pytest

from presence.codec import Frame, Repeater
from presence.codec.repeats import REPAIR_LIMIT

PERIOD = 1 << 24


def run(loss, goldens=(0, 24, 48), every=6, count=60):
    """A stream's repeater, and ``(frame, reference)`` of every repeat."""
    repeater, out = Repeater(), []
    last = 0
    for sequence in range(count):
        golden = sequence in goldens
        reference = golden or sequence % every == 0
        repeater.sent(Frame(sequence, sequence if golden else last, 0, b"", b"", reference))
        last = sequence if reference else last
        out += [(sequence, one.sequence) for one in repeater.due(loss)]
    return repeater, out


def mended(repeater, missing, known, period=PERIOD):
    return [one.sequence for one in repeater.repair(missing, known, period)]


@pytest.mark.parametrize("loss", [0.0, 0.004, 0.01])
def test_on_a_good_path_nothing_is_repeated(loss):
    assert run(loss)[1] == []


@pytest.mark.parametrize("loss", [0.011, 0.05, 0.1])
def test_over_one_percent_every_reference_goes_again_two_frames_later(loss):
    assert run(loss, count=30)[1] == [(2, 0), (8, 6), (14, 12), (20, 18), (26, 24)]


@pytest.mark.parametrize("loss", [0.11, 1.0])
def test_over_ten_percent_once_more_two_frames_after_that(loss):
    assert run(loss, count=12)[1] == [(2, 0), (4, 0), (8, 6), (10, 6)]


def test_what_a_golden_makes_useless_is_not_repeated():
    repeats = run(0.5, goldens=(0, 7), count=12)[1]
    assert repeats == [(2, 0), (4, 0), (9, 7), (11, 7)]


def test_a_repair_is_all_that_leads_from_what_is_known_to_what_is_missing():
    repeater, _ = run(0.0)
    assert mended(repeater, 42, 36) == [42]
    assert mended(repeater, 42, 30) == [36, 42]
    assert mended(repeater, 42, 24) == [30, 36, 42]


@pytest.mark.parametrize("known", [42, 18, 12, 0, 25, 48, 999])
def test_it_goes_back_to_the_golden_for_who_knows_none_or_none_of_those(known):
    assert mended(run(0.0)[0], 42, known) == [24, 30, 36, 42]


def test_a_golden_is_a_repair_by_itself():
    assert mended(run(0.0)[0], 48, 42) == [48]


def test_a_golden_out_of_turn_begins_the_chain_anew():
    repeater, _ = run(0.0, goldens=(0, 16), count=30)
    assert mended(repeater, 24, 12) == [16, 18, 24]


def test_references_are_kept_from_the_golden_before_the_newest_on():
    repeater, _ = run(0.0)
    assert [k for k in range(60) if mended(repeater, k, k)] == [24, 30, 36, 42, 48, 54]


def test_a_whole_golden_interval_is_kept_but_no_repair_is_as_long():
    repeater, _ = run(0.0, goldens=(0, 120), count=240)
    assert all(mended(repeater, k, k - 6) == [k] for k in range(6, 240, 6) if k != 120)
    last = 120 + 6 * (REPAIR_LIMIT - 1)
    assert len(mended(repeater, last, last)) == REPAIR_LIMIT
    assert mended(repeater, last + 6, last + 6) == []
    assert mended(repeater, last + 6, 120) == list(range(126, last + 7, 6))


def test_numbers_are_told_modulo_their_period():
    repeater, _ = run(0.0)
    assert mended(repeater, 42 % 32, 30 % 32, 32) == [36, 42]
