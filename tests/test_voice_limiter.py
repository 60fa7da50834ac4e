"""The end of the mix."""

import numpy as np
from binaural import noise, sharpest, tone

from presence.voice.block import BLOCK
from presence.voice.limiter import Limiter


def stereo(block):
    return np.stack([block, block], axis=1)


def test_what_is_low_is_left_as_it_is():
    limiter = Limiter()
    for block in tone(0.1, level=0.7):
        np.testing.assert_array_equal(limiter.limit(stereo(block)), stereo(block))


def test_nothing_reaches_one_however_loud_and_sudden():
    limiter = Limiter()
    for block in noise(0.2, level=20.0):
        limited = limiter.limit(stereo(block))
        assert np.abs(limited).max() < 1.0
        assert np.abs(limited).max() > 0.5


def test_it_recovers_within_a_second_without_a_click():
    limiter = Limiter()
    limiter.limit(stereo(np.full(BLOCK, 4.0, dtype=np.float32)))
    blocks = tone(1.5, level=0.5)
    sound = np.concatenate([limiter.limit(stereo(block)) for block in blocks])
    assert sharpest(sound) < 1.1 * sharpest(np.concatenate(blocks))
    np.testing.assert_allclose(sound[50 * BLOCK :], stereo(blocks[50:].ravel()), rtol=0.03)
