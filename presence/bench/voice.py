"""``presence bench voice``: what a voice's way costs, and how it fares on bad networks."""

from __future__ import annotations

from typing import Any

from presence.bench.mixing import mixing_rows
from presence.bench.mouth import PATHS, mouth_rows
from presence.bench.result import BenchResult, at_most
from presence.bench.speaking import packing_rows, speaking_rows


def bench_voice(
    *, blocks: int = 1000, sentences: int = 8, runs: int = 3, seconds: float = 15.0
) -> BenchResult:
    """Measure.

    Args:
        blocks: how many blocks of 20 ms each figure of the mix is the median of.
        sentences: how many are said in each run over a network.
        runs: how many of those for each figure.
        seconds: of clicks, in each of as many calls.

    Raises:
        UsageError: espeak-ng is not installed.
    """
    mixing = mixing_rows(blocks)
    # The mixer that a call would have here, with the most that it may have to do.
    kind = mixing[0]["kind"]
    costs = [row["cpu_ms_p50"] for row in mixing if (row["kind"], row["voices"]) == (kind, 32)]
    speaking = speaking_rows(sentences, runs)
    still, bad = speaking[0], _of(speaking, "5 %")
    mouths = mouth_rows(seconds, runs, whole=runs > 1)
    near, far = (next(row for row in mouths if row["path"] == path) for path in PATHS)
    return BenchResult(
        bench="voice",
        args={"blocks": blocks, "sentences": sentences, "runs": runs, "seconds": seconds},
        rows=[*mixing, *packing_rows(sentences), *speaking, *mouths],
        bars=[
            at_most("ms of CPU to mix 20 ms of 32 voices", max(costs), 3.0),
            at_most("ms added to a still path, p95", still["added_ms_p95"], 25.0),
            at_most("ms added at 5 %, 40 ms, σ 15 ms, p95", bad["added_ms_p95"], 60.0),
            at_most("per cent of speech in gaps there", bad["gaps_percent"], 0.5),
            at_most("mouth to ear, ms, p95", near["mouth_to_ear_ms_p95"], 70.0),
            at_most("lips from sound there, ms, p95", near["lips_skew_ms_p95"], 25.0),
            at_most("mouth to ear at 5 %, 40 ms, σ 15 ms, p95", far["mouth_to_ear_ms_p95"], 120.0),
            at_most("lips from sound there, ms, p95 at 5 %", far["lips_skew_ms_p95"], 25.0),
        ],
    )


def _of(rows: list[dict[str, Any]], path: str) -> dict[str, Any]:
    return next(row for row in rows if row["path"].startswith(path) and row["buffer"] == "ours")
