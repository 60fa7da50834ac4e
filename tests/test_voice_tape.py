"""Sound on its way out that is made longer or shorter."""

import numpy as np
import pytest
from binaural import noise, sharpest, tone

from presence.voice.block import BLOCK, PIECE, RATE
from presence.voice.tape import LONGEST, SHORTEST, Kind, Tape


def filled(blocks, taken=2):
    tape = Tape()
    for block in blocks:
        tape.append(block, Kind.SENT)
    before = [tape.take()[0] for _ in range(2 * taken)]
    return tape, before


def rest(tape):
    out = []
    while tape.ahead >= PIECE:
        out.append(tape.take()[0])
    return out


def test_what_is_appended_is_taken_and_said_to_be_what_it_is():
    tape = Tape()
    first, second = tone(0.04)
    tape.append(first, Kind.SENT)
    tape.append(second, Kind.CONCEALED)
    assert tape.ahead == 2 * BLOCK
    pieces = [tape.take() for _ in range(4)]
    np.testing.assert_array_equal(np.concatenate([piece for piece, _ in pieces[:2]]), first)
    assert [set(kinds) for _, kinds in pieces] == 2 * [{Kind.SENT}] + 2 * [{Kind.CONCEALED}]
    assert tape.ahead == 0


@pytest.mark.parametrize("hertz", [90.0, 150.0, 260.0])
@pytest.mark.parametrize("way", ["shorten", "lengthen"])
def test_a_tone_loses_or_gains_whole_periods_and_nothing_clicks(hertz, way):
    blocks = tone(0.24, hertz)
    tape, before = filled(blocks)
    ahead = tape.ahead
    lag = getattr(tape, way)(LONGEST, 0.9)
    assert SHORTEST <= lag <= LONGEST
    assert abs(lag * hertz / RATE - round(lag * hertz / RATE)) < 0.05
    assert tape.ahead == ahead + (lag if way == "lengthen" else -lag)
    heard = np.concatenate([*before, *rest(tape)])
    assert sharpest(heard) < 1.3 * sharpest(np.concatenate(blocks))


def test_no_more_is_cut_out_than_is_allowed_or_there():
    tape, _ = filled(tone(0.24, 300.0))
    assert 0 < tape.shorten(200, 0.5) <= 200
    tape, _ = filled(tone(0.08, 300.0), taken=3)
    tape.take()
    assert tape.ahead == PIECE
    assert tape.shorten(LONGEST, 0.5) == 0
    assert tape.ahead == PIECE


def test_what_is_not_alike_is_left_alone():
    blocks = noise(0.24)
    tape, _ = filled(blocks)
    assert tape.shorten(LONGEST, 0.9) == 0
    assert tape.lengthen(LONGEST, 0.9) == 0
    np.testing.assert_array_equal(np.concatenate(rest(tape)), blocks[2:].reshape(-1))


def test_where_hardly_anything_is_heard_exactly_as_much_is_changed_as_is_wanted():
    tape, _ = filled(noise(0.24, level=1e-3))
    assert tape.quiet
    ahead = tape.ahead
    assert tape.shorten(57, 0.9) == 57
    assert tape.lengthen(LONGEST, 0.9) == LONGEST
    assert tape.ahead == ahead - 57 + LONGEST


def test_what_is_cut_off_fades_into_what_comes():
    blocks = tone(0.12)
    tape, before = filled(blocks)
    tape.cut()
    assert tape.ahead == 0
    other = tone(0.04, 310.0, level=0.2)
    for block in other:
        tape.append(block, Kind.SENT)
    heard = np.concatenate([*before, *rest(tape)])
    assert sharpest(heard) < 1.5 * max(sharpest(np.concatenate(blocks)), sharpest(other.ravel()))
    np.testing.assert_array_equal(heard[-BLOCK:], other[1])
