"""One person's sound on its way into the mix."""

import numpy as np
from binaural import sharpest, tone

from presence.voice.block import BLOCK
from presence.voice.feed import WAITING, Feed


def test_nothing_is_silence():
    feed = Feed()
    assert feed.silent
    assert not feed.take().any()
    assert feed.dry == 0


def test_sound_passes_as_it_is_once_it_has_begun():
    feed = Feed()
    blocks = tone(0.06)
    for block in blocks:
        assert feed.push(block)
    taken = [feed.take() for _ in blocks]
    np.testing.assert_array_equal(taken[1], blocks[1])
    np.testing.assert_array_equal(taken[0][BLOCK // 2 :], blocks[0][BLOCK // 2 :])
    assert abs(taken[0][10]) < 0.01 * abs(blocks[0][10])


def test_sound_that_breaks_off_goes_on_for_five_milliseconds_and_fades():
    feed = Feed()
    # A rising line has a level and a slope to keep.
    feed.push(np.linspace(0.0, 0.5, BLOCK, dtype=np.float32))
    sound = np.concatenate([feed.take(), feed.take(), feed.take()])
    assert sharpest(sound) < 1e-3
    assert abs(sound[BLOCK + 20]) > 0.4
    assert not sound[BLOCK + 240 :].any()
    assert feed.dry == 1
    assert feed.silent


def test_a_new_loudness_is_reached_within_a_block():
    feed = Feed()
    feed.target_gain = 0.5
    ones = np.ones(BLOCK, dtype=np.float32)
    levels = []
    for gain in (0.5, 0.5, 2.0, 2.0):
        feed.target_gain = gain
        feed.push(ones)
        levels.append(feed.take())
    np.testing.assert_allclose(levels[1], 0.5)
    assert 0.5 < levels[2][0] < 0.51
    np.testing.assert_allclose(levels[2][-1], 2.0)
    np.testing.assert_allclose(levels[3], 2.0)


def test_who_waits_too_long_is_refused_and_counted():
    feed = Feed()
    taken = [feed.push(block) for block in tone(0.02 * (WAITING + 2))]
    assert taken == [True] * WAITING + [False] * 2
    assert feed.refused == 2
