"""``presence bench voice``: what the stages of a voice's way cost."""

from __future__ import annotations

from presence.bench.mixing import mixing_rows
from presence.bench.result import BenchResult, at_most


def bench_voice(*, blocks: int = 1000) -> BenchResult:
    """Measure.

    Args:
        blocks: how many blocks of 20 ms each figure is the median of.
    """
    rows = mixing_rows(blocks)
    # The mixer that a call would have here, with the most that it may have to do.
    kind = rows[0]["kind"]
    costs = [row["cpu_ms_p50"] for row in rows if (row["kind"], row["voices"]) == (kind, 32)]
    return BenchResult(
        bench="voice",
        args={"blocks": blocks},
        rows=rows,
        bars=[at_most("ms of CPU to mix 20 ms of 32 voices", max(costs), 3.0)],
    )
