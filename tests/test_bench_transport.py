"""What the transport's benchmark makes of what was heard."""

import pytest

from presence.bench.transport import (
    Conditions,
    Heard,
    Load,
    Phase,
    _by_phase,
    _frame,
    _measure,
    _whole_again,
)


def test_frames_refer_to_each_other_as_the_codecs_do():
    frames = [_frame(number, 76, 1) for number in range(240)]
    assert [f.sequence for f in frames if f.golden] == [0, 120]
    assert [f.sequence for f in frames if f.reference] == list(range(0, 240, 6))
    assert frames[126].reference_distance == 6
    assert frames[128].reference_distance == 2
    assert {len(f.core) + len(f.detail) for f in frames} == {76, 6 * 76}


def test_phases_are_judged_apart():
    phases = (Phase(1.0, Conditions()), Phase(2.0, Conditions()))
    heard = [Heard(k, 1_000_000) for k in range(60)]
    heard += [Heard(k, 50_000_000) for k in range(60, 180, 2)]
    figures = _by_phase(Load("x", "rtp", phases, 60, 76), heard)
    assert figures["phase_1_rate"] == 60.0
    assert figures["phase_2_rate"] == 30.0
    assert figures["phase_2_most_ms"] == 50.0


@pytest.mark.parametrize(
    ("missing", "seconds"), [(range(0), 0.0), (range(100, 160), 0.95), (range(0, 700, 5), 10.0)]
)
def test_whole_again_is_when_a_second_with_hardly_a_gap_begins(missing, seconds):
    came = set(range(700)) - set(missing)
    assert _whole_again(came, 100, 700, 60) == pytest.approx(seconds, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("carrier", ["rtp", "data"])
def test_a_measurement_tells_what_came_how_late_and_at_what_cost(carrier):
    row = _measure(Load("loopback", carrier, (Phase(1.0, Conditions()),), 60, 76))
    assert (row["network"], row["carrier"]) == ("loopback", carrier)
    assert row["came_%"] > 90
    assert 0 < row["p50_ms"] <= row["p99_ms"]
    assert 0 < row["cpu_out_us"] < 20_000
