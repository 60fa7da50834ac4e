"""The relay's benchmark: that it counts what it says, not that bars are met on a busy machine."""

import pytest

from presence.bench.relay import _row, bench_relay
from presence.bench.relay_churn import bench_relay_churn
from presence.bench.relay_load import BUCKETS, LoadReport


def report(stream, *, sent, came, cpu_s=1.0, late_ms=1.0):
    return LoadReport(
        cpu_s=cpu_s,
        late_ms=late_ms,
        sent={stream: sent},
        came={stream: came},
        twice=0,
        pose_us=[0, 99, 1] + [0] * (BUCKETS - 3),
        voice_us=[10] + [0] * (BUCKETS - 1),
        opened=1,
        refused=0,
        ended=0,
        budgets_bps=[1e6],
    )


def test_what_is_delivered_is_counted_of_what_the_others_sent():
    reports = [
        report(1, sent=[100, 50], came={2: [90, 0]}),
        report(2, sent=[100, 0], came={1: [100, 40]}),
    ]
    row = _row(reports, cpu_s=0.5, seconds=2.0, participants=2, rate=30)
    assert row["delivered_%"] == pytest.approx(100.0 * 230 / 250)
    assert row["envelopes_a_s"] == pytest.approx((2 * 30 + 2 * 50) * 230 / 250)
    assert row["cpu_us"] == pytest.approx(0.25e6 / row["envelopes_a_s"])
    assert (row["pose_p50_ms"], row["pose_p99_ms"]) == (0.1, 0.1)
    assert row["valid"]


@pytest.mark.parametrize("saturated", [{"cpu_s": 1.9}, {"late_ms": 50.0}])
def test_a_saturated_load_process_makes_a_run_invalid(saturated):
    reports = [
        report(1, sent=[100, 0], came={2: [100, 0]}),
        report(2, sent=[100, 0], came={1: [100, 0]}, **saturated),
    ]
    assert not _row(reports, cpu_s=0.5, seconds=2.0, participants=2, rate=30)["valid"]


@pytest.mark.parametrize(("carrier", "nodes"), [("rtp", 1), ("data", 1), ("rtp", 2)])
def test_a_few_people_hear_one_another_in_a_short_run(carrier, nodes):
    result = bench_relay(
        participants=3, rate=10, carrier=carrier, seconds=2.0, warm_s=2.0, loads=2, nodes=nodes
    )
    (row,) = result.rows
    assert row["delivered_%"] > 50.0
    assert row["twice"] == row["not_opened"] == row["ended"] == 0
    assert row["opened"] > 0
    assert row["cpu_us"] > 0.0
    assert row["memory_mib_each"] < 20.0
    assert 0.0 < row["pose_p50_ms"] <= row["pose_p99_ms"]
    assert "valid" in result.bars[0].name


def test_people_come_and_go_for_a_moment_and_memory_is_looked_at():
    result = bench_relay_churn(0.1)
    (row,) = result.rows
    assert row["joins"] >= 5
    assert row["failures"] == 0
    assert row["bundles_heard"] > 0
    assert row["memory_mib_first"] > 5.0
    assert row["memory_mib_1"] > 0.0
    assert [bar.ok for bar in result.bars][1]
