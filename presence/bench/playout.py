"""``presence bench playout``: how late, true and smooth somebody is who came over a network.

Each motion goes through codec, lossy carrier and playout to a display of 90 Hz that asks for each
picture 30 ms ahead, in simulated time. The network is the same both ways: loss independent, delay
normally distributed; besides that there is none of either, a long-tailed one, and one that changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from presence.bench.clips import read_motions
from presence.bench.judged import over_clips
from presence.bench.played import DISPLAY_RATE, RATE, SETTLE_S, Played, part, play
from presence.bench.result import Bar, BenchResult, at_most
from presence.bench.smoothness import smoothness
from presence.bench.wifi import wifi_trace
from presence.clock import MILLISECOND
from presence.tracking.motion import MotionSource
from presence.transport.lossy import Conditions

_INTERVALS = 1.5
"""Frame intervals that may be added where nothing is lost and nothing varies."""
_AS_SET, _CLEAN, _WIFI = "as set", "no loss, no jitter", "Wi-Fi trace"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Network:
    """What is between the two."""

    loss: float
    """Share of the datagrams, 0 to 1."""
    delay_ms: float
    jitter_ms: float
    """Standard deviation."""

    def conditions(self) -> Conditions:
        """The same for a path."""
        return Conditions(
            loss=self.loss,
            delay_ns=round(self.delay_ms * MILLISECOND),
            spread_ns=round(self.jitter_ms * MILLISECOND),
        )


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    seconds: float
    """Of each motion over each network."""
    motions: int
    """At most, in the order of their names."""


WHOLE = Extent(seconds=60.0, motions=100)
QUICK = Extent(seconds=15.0, motions=3)


def bench_playout(
    *, motion: Path, face: Path | None, network: Network, extent: Extent = WHOLE
) -> BenchResult:
    """Run the benchmark.

    Args:
        motion: a folder of BVH files.
        face: a Live Link Face CSV file that plays along with each.
        network: what is between sender and display.
        extent: how much is measured.

    Raises:
        UsageError: the folder holds no motion.
        SourceError: a file cannot be used.
    """
    motions = dict(list(read_motions(motion, face).items())[: extent.motions])
    seconds = extent.seconds
    as_set = network.conditions()
    clean = Conditions(delay_ns=as_set.delay_ns)

    def wifi(seed: int) -> Conditions:
        return replace(as_set, spread_ns=0, trace=wifi_trace(seconds, seed))

    runs: dict[str, list[Row]] = {}
    for seed, source in enumerate(motions.values()):
        for case, conditions in ((_AS_SET, as_set), (_CLEAN, clean), (_WIFI, wifi(seed))):
            played = play(source, seconds, _constant(conditions), seed=2 * seed)
            runs.setdefault(case, []).append(played_figures(played))
    means = [over_clips(rows, case=case) for case, rows in runs.items()]
    each = [
        {"case": f"{_AS_SET}: {name}", **row}
        for name, row in zip(motions, runs[_AS_SET], strict=True)
    ]
    return BenchResult(
        bench="playout",
        args={
            "motion": str(motion),
            "face": None if face is None else str(face),
            "loss": network.loss,
            "delay_ms": network.delay_ms,
            "jitter_ms": network.jitter_ms,
            "seconds": seconds,
            "motions": list(motions),
        },
        rows=[*means, *_changing(next(iter(motions.values())), seconds, clean, as_set), *each],
        bars=_bars(*means[:2]),
    )


def _changing(
    source: MotionSource, seconds: float, clean: Conditions, as_set: Conditions
) -> list[Row]:
    """A network that is clean, then as set, then clean again; just after a change counts too."""
    third = seconds / 3

    def conditions(since_s: float) -> Conditions:
        return as_set if third <= since_s < 2 * third else clean

    played = play(source, seconds, conditions, seed=0)
    return [
        {"case": case, **played_figures(part(played, max(k * third, SETTLE_S), (k + 1) * third))}
        for k, case in enumerate(("changing: clean", "changing: as set", "changing: clean again"))
    ]


def played_figures(played: Played) -> Row:
    """How late, how true, how smooth."""
    added = played.added_ms
    vertices = played.vertices_mm()
    errors = np.linalg.norm(vertices - played.true_vertices_mm(), axis=-1)
    shown = smoothness(vertices, DISPLAY_RATE)
    source = smoothness(played.source_vertices_mm(), DISPLAY_RATE)
    pace = played.pace
    return {
        "pictures": len(added),
        "path_ms": played.path_ns / MILLISECOND,
        "added_ms_p50": float(np.percentile(added, 50)),
        "added_ms_p95": float(np.percentile(added, 95)),
        "freeze_ratio": float(np.mean(played.frozen)),
        "extrapolated": float(np.mean([shown.extrapolated_ns > 0 for shown in played.shown])),
        "error_mm_p50": float(np.percentile(errors, 50)),
        "error_mm_p95": float(np.percentile(errors, 95)),
        "error_mm_p99": float(np.percentile(errors, 99)),
        "log_jerk_shown": shown.log_jerk,
        "log_jerk_source": source.log_jerk,
        "log_jerk_off_%": 100.0 * abs(shown.log_jerk / source.log_jerk - 1.0)
        if source.log_jerk
        else 0.0,
        "jerk_ratio": shown.jerk_m_s3 / max(source.jerk_m_s3, 1e-9),
        "pace_off_%_p99": 100.0 * float(np.percentile(np.abs(pace - 1.0), 99)),
        "pace_off_%_max": 100.0 * float(np.abs(pace - 1.0).max()),
    }


def _constant(conditions: Conditions) -> Callable[[float], Conditions]:
    return lambda since_s: conditions


def _bars(as_set: Row, clean: Row) -> list[Bar]:
    interval_ms = 1e3 / RATE
    return [
        at_most("added delay, p95, ms", as_set["added_ms_p95"], 60.0),
        at_most("freeze ratio", as_set["freeze_ratio"], 0.005),
        at_most("displayed error, p95, mm", as_set["error_mm_p95"], 2.0),
        at_most("log-jerk off the source's, %", as_set["log_jerk_off_%"], 10.0),
        at_most(
            "added delay without loss and jitter, p95, ms",
            clean["added_ms_p95"],
            _INTERVALS * interval_ms,
        ),
    ]
