"""``presence bench codec``: what a person weighs, how true they stay, and what loss does to them.

Every figure is measured on the clips' own samples against what a decoder made of the very frames
whose bytes are counted; only what is under the bundle is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from presence.bench.clips import Clip, read_motions, sampled, vertices_mm
from presence.bench.coded import Coded, coded, decodable_after_joining, figures, settings_for
from presence.bench.judged import over_clips
from presence.bench.losses import LOSSES, Compared, Live, Looped, Loss, Structure, simulate
from presence.bench.others import way_figures, ways
from presence.bench.result import Bar, BenchResult, at_least, at_most
from presence.bench.speed import speed_figures
from presence.bench.steady import golden_to_other, steadiness, still_movement_mm
from presence.bench.steps import step_figures, steps
from presence.bench.thinning import tier
from presence.codec import CodecSettings, Decoder, Encoder, Frame
from presence.pose.sample import PoseSample

_LATE = "after joining late, from the first golden on"
_BODY, _ALL = "body and hands", "everything"
_CURVE_RATE, _CURVE_BOUND = 90, 1.0
"""The one point of the rate–distortion curve at another rate."""
_TIERS = ((2, 1), (2, 2), (3, 1), (3, 2))
"""Every how manieth frame is sent, and how many frames beyond an instant are waited for."""
_JUDGED = 5
"""Every how manieth of its frames is compared with the truth."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    seconds: float
    """Of motion, of all clips together."""
    loss_frames: int
    """Of each clip and seed, at the least loss, which leaves least to count; else a quarter."""
    seeds: int
    decoded_frames: int = 2_000
    """Of the run under loss that really decodes."""
    memory_frames: int = 4_000
    """Over which memory must not grow."""


WHOLE = Extent(seconds=1e9, loss_frames=48_000, seeds=3)
QUICK = Extent(seconds=18.0, loss_frames=36_000, seeds=1)


def bench_codec(
    *,
    motion: Path,
    face: Path | None,
    rate: int = 60,
    bounds_mm: Sequence[float] = (1.0, 0.5, 2.0, 5.0),
    extent: Extent = WHOLE,
) -> BenchResult:
    """Run the benchmark.

    Args:
        motion: a folder of BVH files.
        face: a Live Link Face CSV file that plays along with each.
        rate: samples a second; a multiple of 60, as tiers are made of it.
        bounds_mm: the encoder's bounds: all tables at the first, the rate–distortion curve at all.
        extent: how much is measured.

    Raises:
        UsageError: the folder holds no motion.
        SourceError: a file cannot be used.
    """
    motions = read_motions(motion, face)
    each_s = extent.seconds / len(motions)
    clips = [sampled(name, source, rate, each_s) for name, source in motions.items()]
    bound = bounds_mm[0]
    settings = settings_for(bound)
    bodies = [coded(clip.body_alone(), settings) for clip in clips]
    wholes = [coded(clip, settings) for clip in clips]
    quicker = [
        coded(sampled(name, source, _CURVE_RATE, each_s), settings_for(_CURVE_BOUND))
        for name, source in motions.items()
    ]
    curve = {mm: [coded(clip, settings_for(mm)) for clip in clips] for mm in bounds_mm[1:]}
    curve[bound] = wholes
    # Speed comes first: whatever runs later leaves the machine warmer and its memory fuller.
    tables = {
        "speed": [{"case": "one core", **speed_figures(wholes, settings, extent.memory_frames)}],
        "sizes and errors": [*_sizes(_BODY, bodies), *_sizes(_ALL, wholes)],
        "as sent": _as_sent(bodies, wholes, settings, rate, extent),
        "thinned": [
            over_clips((tier(c, every, ahead) for c in wholes), case=_tier_name(rate, every, ahead))
            for every, ahead in _TIERS
        ],
        "steadiness": _steady_rows(wholes, settings),
        "rate and error": _curve_rows(curve, quicker, rate),
        "others": [
            over_clips((way_figures(way, clip) for clip in clips), case=way.name)
            | {"assumes": way.assumes}
            for way in ways(rate)
        ],
        "steps": [
            over_clips((step_figures(step, clip, bound) for clip in clips), case=step.name)
            for step in steps()
        ],
    }
    return BenchResult(
        bench="codec",
        args={
            "motion": str(motion),
            "face": None if face is None else str(face),
            "rate": rate,
            "bounds_mm": list(bounds_mm),
            "clips": {clip.name: round(clip.seconds, 2) for clip in clips},
            "loss_frames": extent.loss_frames,
            "seeds": extent.seeds,
        },
        rows=[{"table": table, **row} for table, rows in tables.items() for row in rows],
        bars=_bars(tables, bound),
    )


def _sizes(what: str, all_coded: Sequence[Coded]) -> list[Row]:
    """A row for each clip, and one for all."""
    rows = [figures(one) for one in all_coded]
    named = [
        {"case": f"{what}: {one.clip.name}", **row}
        for one, row in zip(all_coded, rows, strict=True)
    ]
    return [*named, over_clips(rows, case=f"{what}: mean")]


def _as_sent(
    bodies: Sequence[Coded],
    wholes: Sequence[Coded],
    settings: CodecSettings,
    rate: int,
    extent: Extent,
) -> list[Row]:
    """What is sent and what can be decoded under loss, and one run with real decoding."""
    rows = []
    for what, all_coded, losses in ((_BODY, bodies, LOSSES[:1]), (_ALL, wholes, LOSSES)):
        for loss in losses:
            frames = extent.loss_frames // (1 if all_coded is wholes and loss is LOSSES[0] else 4)
            # No two runs share their losses, else more of them would say no more.
            runs = [
                _run(one, settings, loss, rate, frames, seed)
                for seed, one in enumerate(extent.seeds * list(all_coded))
            ]
            row = over_clips(runs, case=f"{what}: {loss.name}")
            rows.append(row | {"frames": frames * len(runs)})
    joined = float(np.mean([decodable_after_joining(one) for one in wholes]))
    rows.append({"case": _LATE, "decodable_%": joined})
    rows.append(_really_decoded(wholes[0].clip, settings, LOSSES[0], extent.decoded_frames))
    return rows


def _run(one: Coded, settings: CodecSettings, loss: Loss, rate: int, frames: int, seed: int) -> Row:
    maker = Looped(one.frames, settings.golden_interval)
    decoder = Structure(one.shown[0])
    return simulate(maker, decoder, loss, rate=rate, frames=frames, seed=seed).figures()


def _really_decoded(clip: Clip, settings: CodecSettings, loss: Loss, frames: int) -> Row:
    """The same with a live encoder and a real decoder, which must agree with the structure."""
    samples = clip.samples
    wrong_mm = 0.0

    def judge(frame: Frame, shown: PoseSample) -> None:
        nonlocal wrong_mm
        if frame.sequence % _JUDGED == 0:
            true = samples[frame.sequence % len(samples)]
            a, b = vertices_mm([shown, true], clip.proportions)
            wrong_mm = max(wrong_mm, float(np.linalg.norm(a - b, axis=-1).max()))

    decoder = Compared(Decoder(clip.proportions), Structure(samples[0]))
    heard = simulate(
        Live(samples, Encoder(clip.proportions, settings)),
        decoder,
        loss,
        rate=clip.rate,
        frames=frames,
        seed=1,
        on_shown=judge,
    )
    return {
        "case": f"{_ALL}: {loss.name}, really decoded",
        **heard.figures(),
        "disagreements": decoder.disagreements,
        "error_mm_max": wrong_mm,
    }


def _tier_name(rate: int, every: int, ahead: int) -> str:
    return f"{rate // every} Hz, {1e3 * ahead * every / rate:.0f} ms behind"


def _steady_rows(wholes: Sequence[Coded], settings: CodecSettings) -> list[Row]:
    rows = [
        steadiness(one)
        | {
            "golden_to_other": golden_to_other(one.clip, settings),
            "still_mm_max": still_movement_mm(one.clip, settings),
        }
        for one in wholes
    ]
    named = [{"case": one.clip.name, **row} for one, row in zip(wholes, rows, strict=True)]
    return [*named, over_clips(rows, case="mean")]


def _curve_rows(curve: dict[float, list[Coded]], quicker: list[Coded], rate: int) -> list[Row]:
    rows = [
        over_clips(map(figures, curve[mm]), case=f"{mm:g} mm, {rate} Hz") | {"bound_mm": mm}
        for mm in sorted(curve)
    ]
    last = over_clips(map(figures, quicker), case=f"{_CURVE_BOUND:g} mm, {_CURVE_RATE} Hz")
    return [*rows, last | {"bound_mm": _CURVE_BOUND}]


def _bars(tables: dict[str, list[Row]], bound_mm: float) -> list[Bar]:
    cases = {(table, row["case"]): row for table, rows in tables.items() for row in rows}
    body = cases["sizes and errors", f"{_BODY}: mean"]
    whole = cases["sizes and errors", f"{_ALL}: mean"]
    sent = cases["as sent", f"{_BODY}: {LOSSES[0].name}"]
    low = next(row for row in tables["thinned"] if row["rate"] == 20)
    steady = cases["steadiness", "mean"]
    speed = tables["speed"][0]
    bars: list[Bar] = []
    for name, row, limit, stretch in (
        ("body and hands, kbit/s", body, 28.0, 24.0),
        ("body and hands as sent at 5 % loss, kbit/s", sent, 36.0, 28.0),
        ("everything, kbit/s", whole, 42.0, 34.0),
        ("20 Hz, everything, kbit/s", low, 18.0, 14.0),
    ):
        value = round(row["frames_kbps"], 2)
        bars += [at_most(name, value, limit), at_most(name, value, stretch, stretch=True)]
    worst = max(row["error_mm_p99"] for row in tables["sizes and errors"] if row["case"] != "mean")
    furthest = max(row["error_mm_max"] for row in tables["sizes and errors"])
    bars += [
        at_most("error p99 of every clip, mm", worst, bound_mm),
        at_most("error of every vertex, mm", furthest, 2.0 * bound_mm),
    ]
    for row in tables["rate and error"]:
        mm = row["bound_mm"]
        bars += [
            at_most(f"{row['case']}: error p99, mm", row["error_mm_p99"], mm),
            at_most(f"{row['case']}: error of every vertex, mm", row["error_mm_max"], 2.0 * mm),
        ]
    bars += [
        at_most("face p99, share", whole["face_p99"], 1.0 / 64.0),
        at_most("gaze, degrees", whole["gaze_deg_max"], 0.5),
    ]
    for loss, least in zip(LOSSES, (99.9, 99.0, 95.0), strict=True):
        share = cases["as sent", f"{_ALL}: {loss.name}"]["decodable_%"]
        bars.append(at_least(f"decodable in time at {loss.name} lost, %", share, least))
    late = cases["as sent", _LATE]
    bars += [
        at_least("decodable to a late joiner after one golden, %", late["decodable_%"], 100.0),
        at_most("change of error where slow, p95, mm", steady["change_mm_slow"], 0.5),
        at_most("change of error elsewhere, p95, mm", steady["change_mm_fast"], 1.0),
        at_most("change at goldens to that at others", steady["golden_to_other"], 1.0),
        at_most("movement of the motionless, mm", steady["still_mm_max"], 0.0),
        at_most("encode and decode, median, us", speed["both_us_p50"], 100.0),
        at_most("sixteen streams decoded, median, ms", speed["sixteen_ms_p50"], 0.6),
        at_most("compiled during the first frame", speed["process_compiled"], 0),
        at_most("growth of memory, whole bytes a frame", speed["growth_bytes_a_frame"] // 1, 0.0),
    ]
    return bars
