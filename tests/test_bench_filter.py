"""The filters' benchmark: that it measures what it says."""

import numpy as np

from presence.bench.filter import RATE, _lag_s, bench_filter
from presence.bench.one_euro import OneEuro


def test_a_quick_run_meets_its_bars():
    result = bench_filter(motion=None, seconds=2.0)
    missed = [bar.name for bar in result.bars if not bar.ok and "CPU" not in bar.name]
    assert not missed
    assert {row["filter"] for row in result.rows if "filter" in row} == {
        "as measured",
        "1€",
        "ours",
    }


def test_the_lag_is_that_of_a_known_delay():
    times = np.arange(5 * RATE) / RATE
    way = np.zeros((len(times), 1, 3))
    way[:, 0, 0] = 0.3 * np.sin(5.0 * times)
    late = np.zeros_like(way)
    late[:, 0, 0] = 0.3 * np.sin(5.0 * (times - 0.030))
    assert abs(_lag_s(way, late) - 0.030) < 0.0011
    assert abs(_lag_s(way, way)) < 0.0011


def test_the_one_euro_filter_follows_its_authors_formula():
    # The first-order low-pass of a step, with the speed's share left out: 1 − (1 − α)ⁿ.
    filter_ = OneEuro(2.0, 0.0)
    filter_.filter(np.zeros((1, 3)), 0.01)
    step = [filter_.filter(np.ones((1, 3)), 0.01)[0, 0] for _ in range(5)]
    share = 1.0 / (1.0 + 1.0 / (2.0 * np.pi * 2.0 * 0.01))
    assert np.allclose(step, 1.0 - (1.0 - share) ** np.arange(1, 6))
