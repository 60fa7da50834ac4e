"""When reference frames are sent again unasked, and which are kept for who asks."""

import pytest

from presence.codec import Frame, Repeater


def run(loss, goldens=(0, 12, 24), references=(0, 6, 12, 18, 24), count=30):
    """A stream's repeater, and ``(frame, reference)`` of every repeat."""
    repeater, out = Repeater(), []
    for sequence in range(count):
        refers_to = sequence if sequence in goldens else 0
        repeater.sent(Frame(sequence, refers_to, 0, b"", b"", sequence in references))
        out += [(sequence, one.sequence) for one in repeater.due(loss)]
    return repeater, out


@pytest.mark.parametrize("loss", [0.0, 0.004, 0.01])
def test_on_a_good_path_nothing_is_repeated(loss):
    assert run(loss)[1] == []


@pytest.mark.parametrize("loss", [0.011, 0.05, 0.1])
def test_over_one_percent_every_reference_goes_again_two_frames_later(loss):
    assert run(loss)[1] == [(2, 0), (8, 6), (14, 12), (20, 18), (26, 24)]


@pytest.mark.parametrize("loss", [0.11, 1.0])
def test_over_ten_percent_once_more_two_frames_after_that(loss):
    assert run(loss, count=12)[1] == [(2, 0), (4, 0), (8, 6), (10, 6)]


def test_what_a_golden_makes_useless_is_not_repeated():
    repeats = run(0.5, goldens=(0, 7), references=(0, 6, 7), count=13)[1]
    assert repeats == [(2, 0), (4, 0), (9, 7), (11, 7)]


def test_references_are_kept_from_the_golden_before_the_newest_on():
    repeater, _ = run(0.0)
    kept = [k for k in range(30) if repeater.find(k, 1 << 24)]
    assert kept == [12, 18, 24]
    assert repeater.find(18, 1 << 24).sequence == 18
    assert repeater.find(18 % 16, 16).sequence == 18
