"""The benchmark of voices."""

from presence.bench.voice import bench_voice


def test_a_short_run_says_what_each_mixer_costs():
    result = bench_voice(blocks=5)
    kinds = {row["kind"] for row in result.rows}
    assert "numpy" in kinds
    for row in result.rows:
        assert 0.01 < row["cpu_ms_p50"] <= row["cpu_ms_p95"]
        assert abs(row["core_percent"] - 5 * row["cpu_ms_p50"]) < 1e-6
    for kind in kinds:
        of_kind = [row for row in result.rows if row["kind"] == kind]
        assert {row["voices"] for row in of_kind} == {8, 32}
    (bar,) = result.bars
    assert bar.limit == 3.0
    assert bar.value in {row["cpu_ms_p50"] for row in result.rows if row["voices"] == 32}
