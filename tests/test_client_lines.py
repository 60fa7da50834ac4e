"""A performer's simulated voice: heard in their turns and in nobody else's."""

from __future__ import annotations

import numpy as np
import pytest

from presence.client import lines as module
from presence.client.lines import RATE, lines
from presence.errors import UsageError
from presence.tracking.acting.conversation import HELLO_S, Conversation

SECONDS = 40.0


@pytest.fixture(scope="module")
def voices():
    return {seat: lines(seat, seat, 3, SECONDS) for seat in (1, 2)}


def test_who_has_the_turn_is_heard_and_nobody_else(voices):
    conversation = Conversation(0, 3)
    for seat, sound in voices.items():
        loud = np.abs(sound) > 0.003
        own = np.zeros(len(sound), dtype=bool)
        own[: round((HELLO_S + 1.0) * RATE)] = True
        number, spoken = conversation.turn_at(HELLO_S).number, []
        while (turn := conversation.turn(number)).ready_s < SECONDS - 6.0:
            number += 1
            if turn.speaker == seat:
                span = slice(round(turn.start_s * RATE), round((turn.end_s + 0.6) * RATE))
                own[span] = True
                spoken.append(loud[span].mean())
        assert spoken
        assert min(spoken) > 0.05
        assert not loud[: round((SECONDS - 6.0) * RATE)][
            ~own[: round((SECONDS - 6.0) * RATE)]
        ].any()


def test_the_level_is_that_of_speech_and_nothing_is_clipped(voices):
    for sound in voices.values():
        loud = sound[np.abs(sound) > 0.003]
        assert np.abs(sound).max() < 1.0
        assert 0.05 < np.sqrt(np.mean(loud**2)) < 0.3


def test_the_same_seed_says_the_same_and_another_has_another_voice(voices):
    assert np.array_equal(lines(1, 1, 3, SECONDS), voices[1])
    assert not np.array_equal(lines(2, 1, 3, SECONDS), voices[1])


def test_without_espeak_the_cure_is_said(monkeypatch):
    module._spoken.cache_clear()
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match="apt install espeak-ng"):
        lines(1, 1, 3, 5.0)
