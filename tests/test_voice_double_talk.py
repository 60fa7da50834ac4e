"""Who is heard: only an echo, or somebody who speaks here, too?"""

import numpy as np

from presence.voice.block import BLOCK
from presence.voice.double_talk import DoubleTalk

QUIET = np.zeros(BLOCK, dtype=np.float32)


def noise(blocks, level, seed):
    random = np.random.default_rng(seed)
    return (level * random.standard_normal((blocks, BLOCK))).astype(np.float32)


def shares(one, heard, left):
    return [one.share(a, b) for a, b in zip(heard, left, strict=True)]


def test_until_an_echo_was_taken_out_well_all_may_be_echo():
    heard = noise(100, 0.05, 1)
    assert max(shares(DoubleTalk(), heard, heard)) == 0.0
    assert max(shares(DoubleTalk(), heard, 0.6 * heard)) == 0.0


def test_what_is_left_of_an_echo_is_no_voice():
    echo = noise(100, 0.05, 2)
    assert max(shares(DoubleTalk(), echo, 0.1 * echo)) < 0.05


def test_who_speaks_here_is_known_at_once_and_for_as_long():
    echo, voice = noise(100, 0.05, 3), noise(100, 0.05, 4)
    one = DoubleTalk()
    shares(one, echo[:50], 0.1 * echo[:50])
    during = shares(one, (echo + voice)[50:], (0.1 * echo + voice)[50:])
    assert min(during) == 1.0
    after = shares(one, echo[:20], 0.1 * echo[:20])
    assert after[-1] < 0.05


def test_a_path_that_is_no_good_any_more_is_doubted_within_seconds():
    echo = noise(400, 0.05, 5)
    one = DoubleTalk()
    shares(one, echo[:50], 0.1 * echo[:50])
    assert shares(one, echo, 1.2 * echo)[-1] < 0.05


def test_silence_is_no_voice():
    one = DoubleTalk()
    echo = noise(50, 0.05, 6)
    shares(one, echo, 0.1 * echo)
    assert shares(one, [QUIET] * 200, [QUIET] * 200)[-1] < 0.05
