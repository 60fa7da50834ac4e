"""What is left of an echo is turned down, and where cancelling fails, the person is."""

import numpy as np
import pytest

from presence.voice.block import BLOCK
from presence.voice.echo_guard import EchoGuard
from presence.voice.processing import GuardedProcessing, NoProcessing

QUIET = np.zeros(BLOCK, dtype=np.float32)


def speech(seconds, seed):
    """Noise that comes and goes as syllables and pauses do: blocks ``(n, 960)``."""
    random = np.random.default_rng(seed)
    count = round(seconds * 50)
    levels = np.repeat(random.choice([0.0005, 0.01, 0.03, 0.1], count // 6 + 1), 6)[:count]
    return (levels[:, None] * random.standard_normal((count, BLOCK))).astype(np.float32)


def level_db(blocks):
    return 10.0 * np.log10(np.mean(np.square(blocks, dtype=np.float64)) + 1e-12)


def guarded(guard, played, heard, left):
    out = []
    for far, near, rest in zip(played, heard, left, strict=True):
        guard.reference(np.stack([far, far], axis=1))
        out.append(guard.duck(near, rest))
    return np.array(out)


def test_what_a_canceller_took_nearly_all_of_is_turned_down_further():
    far = speech(4.0, 1)
    guard = EchoGuard()
    out = guarded(guard, far, 0.5 * far, 0.05 * far)
    # It takes some blocks, lest it tremble.
    assert level_db(out[10:]) < level_db(0.05 * far[10:]) - 20.0
    assert not guard.failed


def test_who_speaks_while_nothing_is_played_is_not_touched():
    near = speech(4.0, 2)
    out = guarded(EchoGuard(), [QUIET] * len(near), near, 0.1 * near)
    np.testing.assert_array_equal(out, 0.1 * near)


def test_who_speaks_while_others_do_is_not_touched():
    near, far = speech(12.0, 2), speech(12.0, 3)
    guard = EchoGuard()
    out = guarded(guard, far, near + 0.2 * far, near)
    loud = np.array([level_db(block) > -35.0 for block in near])
    assert loud.mean() > 0.3
    assert level_db(out[loud]) > level_db(near[loud]) - 1.0
    assert not guard.failed


def test_a_voice_that_begins_in_an_echo_is_let_through_within_its_first_block():
    far = speech(2.0, 4) + 0.02
    guard = EchoGuard()
    guarded(guard, far, 0.3 * far, 0.01 * far)
    voice = speech(0.1, 5) + 0.1
    first, second = guarded(guard, far[:2], voice[:2], voice[:2])
    assert level_db(first) > level_db(voice[0]) - 6.0
    np.testing.assert_array_equal(second, voice[1])


@pytest.mark.parametrize("late", [0, 5, 12])
def test_an_echo_that_is_not_taken_out_is_noticed_and_the_person_is_told(late):
    far = speech(12.0, 6)
    echo = np.concatenate([np.zeros((late, BLOCK), dtype=np.float32), 0.3 * far])[: len(far)]
    guard = EchoGuard()
    out = guarded(guard, far, echo, echo)
    assert guard.failed
    assert "headphones" in guard.problem
    assert level_db(out[300:]) < level_db(echo[300:]) - 25.0


def test_while_it_fails_the_person_is_still_heard_when_nobody_else_speaks():
    far = speech(8.0, 7)
    guard = EchoGuard()
    guarded(guard, far, 0.3 * far, 0.3 * far)
    assert guard.failed
    near = speech(2.0, 8)
    out = guarded(guard, [QUIET] * len(near), near, near)
    np.testing.assert_array_equal(out[25:], near[25:])


def test_when_cancelling_holds_again_the_sentence_goes():
    far = speech(16.0, 9)
    guard = EchoGuard()
    guarded(guard, far[:400], 0.3 * far[:400], 0.3 * far[:400])
    assert guard.failed
    guarded(guard, far[400:], 0.3 * far[400:], 0.003 * far[400:])
    assert not guard.failed
    assert guard.problem == ""


def test_where_there_is_no_canceller_the_person_is_turned_down_while_others_speak():
    far = speech(8.0, 10)
    one = GuardedProcessing(NoProcessing(), NoProcessing())
    for block in far:
        one.reference(np.stack([block, block], axis=1))
        one.process(0.3 * block)
    assert one.kind == "none"
    assert "headphones" in one.problem
