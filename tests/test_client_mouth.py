"""What a voice says of a mouth, between the 20 ms in which it is told."""

from __future__ import annotations

import numpy as np
import pytest

from presence.client.mouth import Mouth
from presence.client.records import Spoke
from presence.clock import MILLISECOND, SECOND
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX

JAW = SHAPE_INDEX["jawOpen"]
BLOCK_NS = 20 * MILLISECOND


def spoke(at_ns: int, jaw: float, level: float = 0.5) -> Spoke:
    lips = np.zeros(SHAPE_COUNT)
    lips[JAW] = jaw
    return Spoke(7, at_ns, 60 * MILLISECOND, level, lips)


def told(*jaws: float, at_ns: int = SECOND) -> Mouth:
    mouth = Mouth()
    for k, jaw in enumerate(jaws):
        mouth.tell(spoke(at_ns + k * BLOCK_NS, jaw))
    return mouth


def test_of_who_was_never_heard_nothing_is_known():
    lips, counts = Mouth().shapes_at(SECOND)
    assert (lips.max(), counts) == (0.0, 0.0)
    assert Mouth().level_at(SECOND) == 0.0


def test_between_two_words_of_it_the_mouth_moves_evenly():
    mouth = told(0.2, 0.6)
    for share in (0.0, 0.25, 0.5, 0.99):
        lips, counts = mouth.shapes_at(SECOND + round(share * BLOCK_NS))
        assert lips[JAW] == pytest.approx(0.2 + 0.4 * share)
        assert counts == 1.0
    assert mouth.shapes_at(SECOND - 1)[1] == 0.0


def test_past_the_newest_it_stays_and_then_closes_without_a_jump():
    mouth = told(0.5, 0.5)
    jaws = [mouth.shapes_at(SECOND + t * MILLISECOND)[0][JAW] for t in range(0, 300, 2)]
    assert jaws[35] == 0.5
    assert jaws[-1] == 0.0
    assert max(np.abs(np.diff(jaws))) < 0.01


def test_a_mouth_that_was_not_told_of_for_seconds_is_moved_by_whatever_else_is_known():
    mouth = told(0.5)
    counts = [mouth.shapes_at(SECOND + t * 100 * MILLISECOND)[1] for t in range(40)]
    assert counts[15] == 1.0
    assert counts[30] == 0.0
    assert sorted(counts, reverse=True) == counts


def test_a_pause_between_words_is_no_slow_opening():
    mouth = told(0.5, 0.5)
    mouth.tell(spoke(SECOND + 2 * SECOND, 0.8))
    assert mouth.shapes_at(SECOND + SECOND)[0][JAW] == 0.0


def test_a_clock_that_was_set_back_is_followed():
    mouth = told(0.2, 0.3, at_ns=100 * SECOND)
    mouth.tell(spoke(5 * SECOND, 0.7))
    assert mouth.shapes_at(5 * SECOND)[0][JAW] == 0.7


def test_the_level_is_that_of_the_moment_and_ends_with_the_voice():
    mouth = told(0.5, 0.5)
    assert mouth.level_at(SECOND + 25 * MILLISECOND) == 0.5
    assert mouth.level_at(SECOND + 200 * MILLISECOND) == 0.0
