"""The playout's benchmark: that it measures what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bvh_writer import write_bvh
from smooth_motion import MS, PERSON, SECOND, SmoothMotion

from presence.bench.played import DISPLAY_RATE, LEAD_NS, SETTLE_S, part, play
from presence.bench.playout import Extent, Network, bench_playout, played_figures
from presence.bench.smoothness import smoothness
from presence.bench.wifi import wifi_trace
from presence.playout import ShownState
from presence.tracking.motion import MotionSource
from presence.transport.lossy import Conditions

CLEAN = Conditions(delay_ns=40 * MS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one motion of two seconds."""
    path = tmp_path_factory.mktemp("motion")
    motion = SmoothMotion(3)
    samples = [motion.at(k * SECOND // 60) for k in range(120)]
    text = write_bvh(
        PERSON,
        np.stack([sample.rotations for sample in samples]),
        np.stack([sample.root_position for sample in samples]),
    )
    (path / "person.bvh").write_text(text)
    return path


@pytest.fixture(scope="module")
def source(folder):
    return MotionSource(folder / "person.bvh")


@pytest.fixture(scope="module")
def played(source):
    return play(source, SETTLE_S + 1.0, lambda since_s: CLEAN, seed=1)


def test_what_is_played_is_late_by_way_lead_and_what_was_added(played):
    assert played.path_ns == 40 * MS
    assert len(played.shown) == pytest.approx(DISPLAY_RATE, abs=1)
    age_ms = (played.display_ns - played.instant_ns) / MS
    assert played.added_ms == pytest.approx(age_ms - 40.0 - LEAD_NS / MS)
    assert 0.0 < played.added_ms.min() <= played.added_ms.max() < 40.0
    assert played.pace == pytest.approx(1.0, abs=0.03)
    assert played.frozen.sum() == 0.0


def test_what_is_played_is_near_the_truth(played):
    off = np.linalg.norm(played.vertices_mm() - played.true_vertices_mm(), axis=-1)
    assert 0.0 < np.percentile(off, 95) < 3.0


def test_a_person_who_is_old_stuck_or_held_is_frozen(played):
    old = played.instant_ns.copy()
    old[40:50] -= 51 * MS
    # While it is old, and in the one picture in which time stands still before it.
    assert replace(played, instant_ns=old).frozen.sum() == 10
    stuck = played.instant_ns.copy()
    stuck[40] = stuck[39] + MS // 2
    assert np.flatnonzero(replace(played, instant_ns=stuck).frozen).tolist() == [40]
    shown = list(played.shown)
    shown[7] = replace(shown[7], state=ShownState.HOLDING)
    assert np.flatnonzero(replace(played, shown=shown).frozen).tolist() == [7]


def test_a_part_is_of_its_time(played):
    piece = part(played, SETTLE_S + 0.5, SETTLE_S + 1.0)
    assert len(piece.shown) == len(piece.display_ns) == pytest.approx(DISPLAY_RATE / 2, abs=1)
    assert piece.display_ns[-1] == played.display_ns[-1]


def test_jerk_is_that_of_the_formula():
    # x = a sin(wt): the root mean square of its jerk is a w^3 / sqrt(2).
    times = np.arange(0, 8, 1 / 90)
    amplitude, turn = 100.0, 2 * np.pi * 1.5
    wave = np.zeros((len(times), 5, 3))
    wave[:, :, 1] = (amplitude * np.sin(turn * times))[:, None]
    smooth = smoothness(wave, 90.0)
    jerk = amplitude * turn**3 / np.sqrt(2)
    assert 1e3 * smooth.jerk_m_s3 == pytest.approx(jerk, rel=0.02)
    expected = -np.log(2.0**3 / (amplitude * turn) ** 2 * 2.0 * jerk**2)
    assert smooth.log_jerk == pytest.approx(expected, abs=0.05)
    shaken = wave + np.random.default_rng(1).normal(0.0, 1.0, wave.shape)
    assert smoothness(shaken, 90.0).log_jerk < smooth.log_jerk - 2.0


def test_the_motionless_have_no_smoothness():
    assert smoothness(np.ones((400, 3, 3)), 90.0).log_jerk == 0.0


def test_the_trace_has_a_long_tail_and_is_the_same_every_time():
    trace, again, other = wifi_trace(60.0, 1), wifi_trace(60.0, 1), wifi_trace(60.0, 2)
    times = [k * SECOND // 60 for k in range(3600)]
    delays = np.array([trace(at) for at in times]) / MS
    assert [again(at) for at in times] == [trace(at) for at in times]
    assert [other(at) for at in times] != [trace(at) for at in times]
    assert 1.0 < np.median(delays) < 4.0
    assert np.percentile(delays, 99) > 8 * np.median(delays)
    assert 60.0 < delays.max() <= 300.0


@pytest.mark.slow
def test_the_whole_benchmark_fills_its_table(folder):
    result = bench_playout(
        motion=folder,
        face=None,
        network=Network(0.05, 40.0, 15.0),
        extent=Extent(seconds=12.3, motions=3),
    )
    cases = [row["case"] for row in result.rows]
    assert cases[:3] == ["as set", "no loss, no jitter", "Wi-Fi trace"]
    as_set, clean = result.rows[:2]
    assert as_set["path_ms"] == pytest.approx(40.0, abs=2.0)
    assert clean["added_ms_p95"] < as_set["added_ms_p95"]
    assert len(result.bars) == 5


def test_figures_are_plain_numbers(played):
    assert all(isinstance(value, (int, float)) for value in played_figures(played).values())
