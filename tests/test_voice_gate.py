"""Muting, and push-to-talk."""

import numpy as np
from binaural import sharpest, tone

from presence.voice.block import BLOCK
from presence.voice.gate import Gate

LOUD = np.ones(BLOCK, dtype=np.float32)


def test_an_open_gate_changes_nothing():
    gate = Gate()
    assert gate.take(LOUD) is LOUD


def test_who_is_muted_sends_nothing_at_all():
    gate = Gate()
    gate.take(LOUD)
    gate.muted = True
    last = gate.take(LOUD)
    assert last is not None
    assert not last[480:].any()
    assert gate.take(LOUD) is None
    assert gate.take(LOUD) is None


def test_who_was_muted_from_the_start_never_sends_anything():
    gate = Gate()
    gate.muted = True
    assert gate.take(LOUD) is None


def test_neither_end_of_what_is_sent_clicks():
    blocks = tone(0.2)
    gate = Gate()
    gate.muted = True
    sent = []
    for number, block in enumerate(blocks):
        gate.muted = number < 2 or number >= 6
        taken = gate.take(block)
        sent.append(np.zeros(BLOCK, dtype=np.float32) if taken is None else taken)
    assert sharpest(np.concatenate(sent)) < 1.1 * sharpest(np.concatenate(blocks))
    np.testing.assert_array_equal(sent[3], blocks[3])


def test_push_to_talk_sends_while_the_key_is_held_and_a_little_longer():
    gate = Gate(push_to_talk=True)
    assert gate.take(LOUD) is None
    gate.press()
    assert gate.take(LOUD) is not None
    gate.release()
    sent = [gate.take(LOUD) is not None for _ in range(14)]
    # Ten blocks, and the one in which it closes.
    assert sent == [True] * 11 + [False] * 3


def test_mute_is_stronger_than_the_key():
    gate = Gate(push_to_talk=True)
    gate.muted = True
    gate.press()
    assert gate.take(LOUD) is None


def test_a_gate_is_what_it_was_asked_to_be_from_its_first_block_on():
    assert Gate().take(LOUD)[0] == 1.0
    assert Gate(push_to_talk=True).take(LOUD) is None
