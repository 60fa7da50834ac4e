"""The benchmark of voices."""

import pytest
from spoken import sentence

from presence.bench.voice import bench_voice


def test_a_short_run_says_what_each_stage_costs_and_how_a_voice_fares():
    # Skips where nobody can speak.
    assert len(sentence())
    result = bench_voice(blocks=5, sentences=1, runs=1, seconds=2.4)
    tables = result.tables()
    mixing, packing, speech = tables["mixing"], tables["opus"], tables["speech"]
    kinds = {row["kind"] for row in mixing}
    assert "numpy" in kinds
    for row in mixing:
        assert 0.01 < row["cpu_ms_p50"] <= row["cpu_ms_p95"]
        assert abs(row["core_percent"] - 5 * row["cpu_ms_p50"]) < 1e-6
    for kind in kinds:
        assert {row["voices"] for row in mixing if row["kind"] == kind} == {8, 32}
    for row in packing:
        assert 12 < row["kbit_s"] < 32
        assert row["estoi_whole"] > row["estoi_recovered"] > row["estoi_concealed"]
    assert {row["buffer"] for row in speech} == {"ours", "fixed"}
    whole, broken = speech[0], speech[-1]
    assert whole["concealed_percent"] == 0.0 < broken["concealed_percent"]
    assert whole["gaps_percent"] == 0.0
    costs, still, bad, missing, *whole = result.bars
    assert [bar.limit for bar in whole] == [70.0, 25.0, 120.0, 25.0]
    assert all(bar.ok for bar in whole)
    for row in tables["mouth to ear"]:
        stages = sum(value for name, value in row.items() if name.endswith("_ms"))
        assert stages == pytest.approx(row["mouth_to_ear_ms_p50"], abs=6.0)
        # This is what is left of the clicks' time: if another stage were wrong, it would be, too.
        assert 0.0 < row["wait_ms"] < 70.0
        assert row["clicks_unheard_%"] == 0.0
    assert costs.value in {row["cpu_ms_p50"] for row in mixing if row["voices"] == 32}
    assert (still.limit, bad.limit, missing.limit) == (25.0, 60.0, 0.5)
    assert still.value < bad.value
