"""A call, played out: latency, smoothness, truth, and what happens when frames stay away."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from simulated_call import HOURS, Call, Network, errors_mm, freeze_ratio
from smooth_motion import MS, PERSON, SECOND, SmoothMotion

from presence.clock import SkewedClock
from presence.codec import vertex_errors
from presence.playout import Playout, PlayoutSettings, ShownState

LOOPBACK = Network(base_ms=0.3, jitter_ms=1.0)


def settled(ticks, after: float = 2.0):
    return [tick for tick in ticks if tick.seconds > after]


def test_nothing_is_shown_before_anything_was_heard():
    assert Playout().show(10**12, 10**12) is None


@pytest.mark.parametrize(
    ("display_rate", "lead_ms"), [(90.0, 30.0), (20.0, 49.0), (60.0, 18.0), (72.0, 0.0)]
)
def test_on_loopback_little_is_added_to_the_display_lead(display_rate, lead_ms):
    call = Call(LOOPBACK, display_rate=display_rate, lead_ms=lead_ms)
    ticks = settled(call.run(12))
    assert np.percentile([t.latency_ms for t in ticks], 95) <= lead_ms + 28
    assert freeze_ratio(ticks) == 0.0
    # What lies less than a millisecond past the newest frame is hardly made up.
    assert np.mean([t.shown.extrapolated_ns > MS for t in ticks]) < 0.02


def test_without_loss_the_shown_pose_is_the_true_one():
    call = Call(Network(jitter_ms=2.0))
    ticks = settled(call.run(6))
    assert np.percentile(errors_mm(call, ticks[::3]), 95) < 1.0


def test_with_loss_and_jitter_it_flows_on():
    call = Call(Network(jitter_ms=5.0, loss=0.05))
    ticks = settled(call.run(20))
    assert freeze_ratio(ticks) <= 0.01
    assert np.mean([t.shown.extrapolated_ns > 0 for t in ticks]) < 0.03
    assert np.percentile(errors_mm(call, ticks[::9]), 95) < 1.0


def test_shown_time_never_goes_back_and_never_leaps():
    bursts = Network(
        jitter_ms=8.0, loss=0.05, extra_ms=lambda t: 80.0 if 4 < t % 6 < 5 else 0.0, copies=2
    )
    ticks = list(Call(bursts).run(20))
    steps = np.array([b.shown.sender_ns - a.shown.sender_ns for a, b in pairwise(ticks)]) / MS
    frame = 1000 / 90
    assert steps.min() >= 0.0
    assert (steps[200:] < 1.15 * frame).mean() > 0.98


def test_a_delay_that_grows_at_once_by_much_does_not_turn_time_back():
    ticks = list(Call(Network(extra_ms=lambda t: 400.0 if t > 3 else 0.0)).run(8))
    assert all(b.shown.sender_ns >= a.shown.sender_ns for a, b in pairwise(ticks))
    assert np.mean([t.shown.state is ShownState.LIVE for t in ticks if t.seconds > 6]) > 0.97


def test_in_a_steady_call_time_is_stretched_by_a_few_percent_at_most():
    ticks = settled(Call(Network(jitter_ms=4.0, loss=0.02)).run(12))
    steps = np.array([b.shown.sender_ns - a.shown.sender_ns for a, b in pairwise(ticks)])
    rates = steps / (SECOND / 90)
    assert rates.max() < 1.025
    assert np.percentile(rates, 2) > 0.94


def test_the_pose_shown_moves_without_jerks():
    call = Call(Network(jitter_ms=6.0, loss=0.08))
    ticks = settled(call.run(8))
    worst = 0.0
    for a, b in pairwise(ticks[:400]):
        shown = vertex_errors(a.shown.sample, b.shown.sample, PERSON).max()
        true = vertex_errors(
            call.truth(a.shown.sender_ns), call.truth(b.shown.sender_ns), PERSON
        ).max()
        worst = max(worst, shown - true)
    assert worst < 0.012


def test_the_delay_follows_the_network_up_quickly_and_down_slowly():
    network = Network(extra_ms=lambda t: 60.0 if 6 < t < 16 else 0.0)
    ticks = list(Call(network).run(36))
    latency = {
        at: np.median([t.latency_ms for t in ticks if abs(t.seconds - at) < 0.3])
        for at in (5, 9, 15, 35)
    }
    assert latency[9] - latency[5] == pytest.approx(60.0, abs=12.0)
    assert latency[15] - latency[5] == pytest.approx(60.0, abs=12.0)
    assert latency[35] == pytest.approx(latency[5], abs=6.0)
    over = [t for t in ticks if 6.6 < t.seconds < 16]
    assert np.mean([t.shown.extrapolated_ns > 0 for t in over]) < 0.02


def test_the_estimate_is_the_latency_less_the_fastest_way():
    ticks = settled(Call(Network(base_ms=20.0)).run(10), after=6.0)
    beyond = [t.latency_ms - t.shown.estimate_ns / MS for t in ticks]
    assert beyond == pytest.approx([20.0] * len(beyond), abs=1.5)


def test_it_can_be_told_to_be_as_late_as_a_voice_and_then_no_more():
    call = Call(LOOPBACK)
    ticks = []
    for tick in call.run(14):
        call.playout.follow(120 * MS if 3.0 < tick.seconds < 8.0 else 0)
        ticks.append(tick)
    behind = {
        at: np.median([t.shown.estimate_ns / MS for t in ticks if abs(t.seconds - at) < 0.2])
        for at in (2.8, 6.5, 13.0)
    }
    assert behind[6.5] == pytest.approx(120.0, abs=1.0)
    assert behind[13.0] == pytest.approx(behind[2.8], abs=6.0)
    assert behind[2.8] == pytest.approx(call.playout.wait_ns / MS, abs=6.0)
    steps = [b.shown.sender_ns - a.shown.sender_ns for a, b in pairwise(ticks) if a.seconds > 2.0]
    assert min(steps) > 0


def test_what_is_on_show_is_named():
    for tick in settled(Call(Network(jitter_ms=1.0)).run(4)):
        shown = tick.shown
        older = round(shown.older_sequence * SECOND / 60)
        newer = round(shown.newer_sequence * SECOND / 60)
        at = Call().clock.to_machine_ns(shown.sender_ns) - Call().start_ns
        assert older - 2 <= at <= newer + 2
        assert shown.fraction == pytest.approx((at - older) / (newer - older), abs=1e-4)
        assert shown.sample.capture_ns == shown.sender_ns
        assert shown.state is ShownState.LIVE


def test_reordered_and_repeated_frames_do_no_harm():
    call = Call(Network(jitter_ms=12.0, copies=3, seed=9))
    ticks = settled(call.run(6))
    assert all(b.shown.sender_ns >= a.shown.sender_ns for a, b in pairwise(ticks))
    assert np.percentile(errors_mm(call, ticks[::6]), 95) < 1.0


@pytest.mark.parametrize("offset_hours", [-9, 0, 1000])
def test_the_clocks_offset_is_of_no_consequence(offset_hours):
    call = Call(clock=SkewedClock(offset_hours * HOURS, -100.0))
    ticks = settled(call.run(4))
    assert np.median([t.latency_ms for t in ticks]) < 85.0


def test_drift_does_not_add_up():
    call = Call(Network(jitter_ms=2.0), display_rate=5.0, rate=20.0)
    call.motion.at = _cheap(call.motion)
    ticks = settled(call.run(600))
    early = [t.latency_ms for t in ticks if t.seconds < 60]
    late = [t.latency_ms for t in ticks if t.seconds > 540]
    assert np.median(late) == pytest.approx(np.median(early), abs=2.0)
    assert freeze_ratio(ticks) == 0.0


def _cheap(motion: SmoothMotion):
    still = motion.at(0)
    return still.at


def test_who_falls_silent_is_held_then_fades_and_is_gone_within_four_seconds():
    ticks = list(Call(LOOPBACK).run(2.0, until=7.0))
    last_heard = 2.0 - 1 / 60
    states: dict[ShownState, list[float]] = {}
    for tick in ticks:
        now = tick.seconds - 0.030
        states.setdefault(tick.shown.state, []).append(now - last_heard)
    assert max(states[ShownState.EXTRAPOLATING]) < 0.2
    assert min(states[ShownState.FADING]) == pytest.approx(3.0, abs=0.03)
    assert min(states[ShownState.GONE]) == pytest.approx(3.9, abs=0.03)
    assert all(t.shown.opacity == 0.0 for t in ticks if t.shown.state is ShownState.GONE)
    held = [t.shown for t in ticks if t.shown.state is ShownState.HOLDING]
    assert all(np.array_equal(s.sample.rotations, held[0].sample.rotations) for s in held)
    assert all(s.opacity == 1.0 for s in held)
    fading = [t.shown.opacity for t in ticks if t.shown.state is ShownState.FADING]
    assert all(b <= a for a, b in pairwise(fading))
    assert fading[0] > 0.97
    assert fading[-1] < 0.03


def gap(start: float, end: float):
    """Frames of that time never come."""
    return lambda t: 1e9 if start <= t < end else 0.0


def test_after_a_gap_the_pose_is_eased_not_snapped():
    call = Call(replace(LOOPBACK, extra_ms=gap(2.0, 3.0)))
    ticks = list(call.run(5.0))
    jumps = [
        vertex_errors(a.shown.sample, b.shown.sample, PERSON).max() for a, b in pairwise(ticks)
    ]
    usual = max(j for j, t in zip(jumps, ticks, strict=False) if 1.0 < t.seconds < 1.9)
    back = [j for j, t in zip(jumps, ticks, strict=False) if 2.95 < t.seconds < 3.4]
    apart = vertex_errors(
        call.truth(call.clock.from_machine_ns(call.start_ns + 2 * SECOND)),
        call.truth(call.clock.from_machine_ns(call.start_ns + 3 * SECOND)),
        PERSON,
    ).max()
    assert apart > 0.2
    assert max(back) < usual + 0.15 * apart
    assert np.percentile(errors_mm(call, [t for t in ticks if t.seconds > 3.5][::5]), 95) < 1.0


def test_who_returns_after_being_gone_appears_where_they_are():
    call = Call(replace(LOOPBACK, extra_ms=gap(1.0, 7.0)))
    ticks = list(call.run(9.0))
    gone = [t.seconds for t in ticks if t.shown.state is ShownState.GONE]
    assert gone
    back = [t for t in ticks if t.seconds > max(gone)]
    assert back[0].shown.opacity < 0.1
    assert back[-1].shown.opacity == 1.0
    visible = [t for t in back if t.shown.opacity > 0.15]
    assert np.percentile(errors_mm(call, visible[::5]), 95) < 1.0


@pytest.mark.parametrize("jump_s", [-40.0, 40.0, -7 * 3600.0])
def test_a_sender_that_restarts_is_shown_again_within_half_a_second(jump_s):
    before = SkewedClock(5 * HOURS, 100.0)
    after = SkewedClock(5 * HOURS + round(jump_s * SECOND), 100.0)
    call = Call(LOOPBACK)
    ticks = list(call.run(8.0, clock_at=lambda t: before if t < 4.0 else after))
    fresh = [
        t.seconds
        for t in ticks
        if t.seconds > 4.0 and t.shown.state is ShownState.LIVE and abs(t.latency_ms) < 200.0
    ]
    assert min(fresh) < 4.5
    assert np.mean([t.shown.state is ShownState.LIVE for t in ticks if t.seconds > 4.6]) > 0.97
    assert np.median([t.latency_ms for t in ticks if t.seconds > 6.0]) < 30.0 + 30.0


def test_frames_from_before_anybody_looked_do_not_pile_up():
    playout, motion = Playout(), SmoothMotion()
    still = motion.at(0)
    for k in range(3000):
        at = k * SECOND // 60
        playout.push(still.at(at), k, 10**12 + at)
    shown = playout.show(10**12 + 50 * SECOND, 10**12 + 50 * SECOND)
    assert shown is not None
    assert shown.newer_sequence > 2990


@pytest.mark.parametrize("stamp", [0, -(2**62), 2**62, 2**63, -(2**63), 2**70])
def test_impossible_stamps_do_no_harm(stamp):
    playout, still = Playout(), SmoothMotion().at(0)
    for k in range(60):
        at = k * SECOND // 60
        playout.push(still.at(stamp), k, 10**12 + at)
        playout.push(still.at(at), k, 10**12 + at)
        playout.push(still.at(stamp + at), k, 10**12 + at)
        playout.show(10**12 + at + 30 * MS, 10**12 + at)


def test_settings_are_heeded():
    slow = PlayoutSettings(fade_after_ns=500 * MS, gone_after_ns=1000 * MS)
    ticks = list(Call(LOOPBACK, playout=Playout(slow)).run(1.0, until=3.0))
    assert ticks[-1].shown.state is ShownState.GONE
    assert min(t.seconds for t in ticks if t.shown.state is ShownState.GONE) < 2.1
