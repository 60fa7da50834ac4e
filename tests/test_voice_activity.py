"""Whether somebody speaks, and how loud."""

import numpy as np
import pytest
from binaural import noise
from spoken import sentence

from presence.errors import UsageError
from presence.voice import activity
from presence.voice.activity import FLOOR_DB, Activity
from presence.voice.block import BLOCK

SILENCE = np.zeros((100, BLOCK), dtype=np.float32)


def heard(blocks, one=None):
    one = one or Activity()
    return [one.hear(block) for block in blocks]


def test_silence_is_nobody():
    said = heard(SILENCE)
    assert not any(each.speaks for each in said)
    assert said[-1].level_db == FLOOR_DB


def test_who_speaks_is_noticed_at_once_and_does_not_stop_between_words():
    said = heard(np.concatenate([SILENCE[:25], sentence()]))
    begins = next(n for n, each in enumerate(said) if each.speaks)
    assert 25 <= begins <= 32
    assert np.mean([each.speaks for each in said[32:-5]]) > 0.95


def test_who_stops_is_known_to_within_a_third_of_a_second_and_falls_silent():
    one = Activity()
    heard(sentence(), one)
    said = heard(SILENCE, one)
    assert not any(each.speaks for each in said[16:])
    assert said[60].level_db < FLOOR_DB + 1.0


@pytest.mark.parametrize("level", [0.003, 0.03])
def test_a_room_that_hisses_is_nobody(level):
    said = heard(noise(40.0, level=level))
    assert not any(each.speaks for each in said[-500:])


def test_somebody_is_heard_over_a_room_that_hisses():
    one = Activity()
    hiss = noise(20.0, level=0.003)
    heard(hiss, one)
    blocks = sentence()
    said = heard(blocks + hiss[: len(blocks)], one)
    assert np.mean([each.speaks for each in said]) > 0.85


def test_the_level_follows_loudness_in_decibels():
    loud, soft = (
        np.max([each.level_db for each in heard(gain * sentence())]) for gain in (1.0, 0.25)
    )
    assert abs(loud - soft - 12.04) < 1.0
    assert -25.0 < loud < -5.0


def test_a_level_neither_leaps_nor_lags():
    levels = np.array([each.level_db for each in heard(np.concatenate([sentence(), SILENCE]))])
    falls = np.diff(levels)
    assert falls.min() > -12.0


def test_without_the_package_a_sentence_says_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(activity.importlib, "import_module", missing)
    with pytest.raises(UsageError, match="extra voice"):
        Activity()
