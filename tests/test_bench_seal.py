"""The benchmark of sealing."""

import json

from presence.bench.seal import PEOPLE, bench_seal


def test_a_short_run_says_what_each_kind_costs_and_both_together():
    result = bench_seal(seconds=1, repeats=1)
    pose, voice, both = result.rows
    assert pose["envelopes_a_second"] == 60 * PEOPLE
    assert voice["bytes_mean"] == 14 + 60 + 4
    assert 40 < pose["bytes_mean"] < 255
    assert both["core_percent"] == pose["core_percent"] + voice["core_percent"]
    for row in (pose, voice):
        # What is opened is fifteen times what is sealed.
        cost_us = row["seal_us"] + (PEOPLE - 1) * row["open_us"]
        rate = row["envelopes_a_second"] / PEOPLE
        assert abs(row["core_percent"] - cost_us * rate / 1e4) < 1e-6
        assert row["seal_us"] > 1.0
        assert row["open_us"] > 1.0
    assert [bar.limit for bar in result.bars] == [3.0, 5.0]
    assert json.loads(result.json())["rows"][0]["seal_us"] == pose["seal_us"]
