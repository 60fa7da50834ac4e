"""``presence bench filter``: how much of a sensor's trembling is taken out, and how late it makes
what moves.

Points whose true way is known are measured 72 times a second with white noise of 2 mm and 0.5°
(standard deviation along and about each axis), and steadied. At rest, what is left is measured;
moving, by how much the result is behind the truth: the shift at which they correlate best. The 1€
filter is tuned as its authors say, at rest as calm as ours where noise is all there is, and with
the speed coefficient of least error for the sinusoid of 1 Hz.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from presence.bench.one_euro import OneEuro
from presence.bench.result import BenchResult, at_most
from presence.clock import SECOND
from presence.pose.arrays import Floats
from presence.pose.kinematics import forward_kinematics
from presence.pose.quaternion import (
    IDENTITY,
    quat_angle,
    quat_conjugate,
    quat_from_rotvec,
    quat_mul,
    quat_to_rotvec,
)
from presence.pose.skeleton import INDEX
from presence.tracking.motion import MotionSource
from presence.tracking.performer import Performer
from presence.tracking.sensed import Point, Sensed
from presence.tracking.source import Source
from presence.tracking.steadying import Steadying

RATE = 72
NOISE_M = 2e-3
NOISE_RAD = float(np.radians(0.5))
TOP_SPEED = 1.4
"""Metres a second."""
_POINTS = len(Point)
_SETTLING = RATE
"""Frames that are not judged: the filter learns how noisy the sensor is."""
_BETAS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_MOVES = 0.7
"""Metres a second: from here on a hand moves."""

Filter = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From measured positions ``(T, 6, 3)`` and orientations ``(T, 6, 4)`` to steadied ones."""


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """Where six points truly are."""

    name: str
    positions: Floats
    """``(T, 6, 3)``."""
    orientations: Floats
    """``(T, 6, 4)``."""


def bench_filter(*, motion: Path | None, seconds: float) -> BenchResult:
    """Measure.

    Args:
        motion: a folder of BVH files whose hands are followed; None: a performer's.
        seconds: of each way.
    """
    rng = np.random.default_rng(0)
    rest = _at_rest(seconds)
    ways = [
        *(_sinusoid(hertz, seconds) for hertz in (0.5, 1.0, 2.0)),
        _reaches(seconds),
        *_hands(motion, seconds),
    ]
    noisy = {way.name: _measured(way, rng) for way in (rest, *ways)}
    least = _euro_cutoffs(rest, noisy[rest.name])
    filters: dict[str, Filter] = {
        "as measured": lambda positions, orientations: (positions, orientations),
        "1€": _tuned_euro(least, ways[1], noisy[ways[1].name]),
        "ours": _ours,
    }
    rows: list[dict[str, Any]] = []
    for name, filter_ in filters.items():
        left_mm, left_deg = _left(rest, filter_(*noisy[rest.name]))
        rows.append(
            {"table": "at rest", "filter": name, "rms_mm": left_mm, "rms_degrees": left_deg}
        )
    ours = rows[-1]
    lags = []
    for way in ways:
        for name, filter_ in filters.items():
            row = _moving(way, name, filter_(*noisy[way.name]), filter_)
            rows.append(row)
            if name == "ours":
                lags.append(row["lag_ms"])
    cost_ms = _cost_ms()
    rows.append({"table": "cost", "of": "everything that can be sensed", "ms_a_frame": cost_ms})
    return BenchResult(
        bench="filter",
        args={"seconds": seconds, "rate": RATE, "motion": str(motion) if motion else None},
        rows=rows,
        bars=[
            at_most("rms at rest, mm", ours["rms_mm"], 1.0),
            at_most("rms at rest, degrees", ours["rms_degrees"], 0.2),
            at_most("latest of all ways, ms", max(lags), 20.0),
            at_most("CPU a frame, ms", cost_ms, 0.2),
        ],
    )


def _at_rest(seconds: float) -> _Way:
    count = round((seconds + 1.0) * RATE)
    return _Way(
        "rest",
        np.tile(np.array([0.2, 1.3, -0.4]), (count, _POINTS, 1)),
        np.tile(IDENTITY, (count, _POINTS, 1)),
    )


def _along(name: str, way: Floats) -> _Way:
    """Points that go along X as ``way (T,)`` says, and turn by a radian for each 0.3 m."""
    positions = np.zeros((len(way), _POINTS, 3))
    positions[..., 0] = way[:, None]
    turned = np.zeros((len(way), 3))
    turned[:, 1] = way / 0.3
    orientations = np.repeat(quat_from_rotvec(turned)[:, None], _POINTS, axis=1)
    return _Way(name, positions, orientations)


def _sinusoid(hertz: float, seconds: float) -> _Way:
    """To and fro, as fast as ``TOP_SPEED`` in the middle."""
    times = np.arange(round((seconds + 1.0) * RATE)) / RATE
    turn = 2.0 * np.pi * hertz
    return _along(f"{hertz:g} Hz", TOP_SPEED / turn * np.sin(turn * times))


def _reaches(seconds: float) -> _Way:
    """There, a rest, back, a rest: each reach by minimum jerk, half a second long.

    T. Flash and N. Hogan, "The coordination of arm movements", J. Neuroscience 5(7), 1985.
    """
    u = np.arange(0.0, 0.5, 1.0 / RATE) / 0.5
    there = u**3 * (10.0 - 15.0 * u + 6.0 * u * u)
    still = np.ones(RATE // 2)
    # At its fastest a minimum-jerk reach has 15/8 of its mean speed.
    distance = TOP_SPEED * 0.5 / 1.875
    once = np.concatenate([there, still, 1.0 - there, 0.0 * still])
    return _along("reaches", distance * np.tile(once, round((seconds + 1.0) / 2.0) + 1))


def _hands(motion: Path | None, seconds: float) -> list[_Way]:
    """The hands and all other points of people who were recorded, or of a performer."""
    if motion is None:
        return [_followed("performer", Performer(3), seconds)]
    paths = sorted(motion.glob("*.bvh"))
    return [_followed(path.stem, MotionSource(path), seconds) for path in paths]


def _followed(name: str, source: Source, seconds: float) -> _Way:
    samples = [source.sample(k * SECOND // RATE) for k in range(round((seconds + 1.0) * RATE))]
    known = [sample for sample in samples if sample is not None]
    positions, orientations = forward_kinematics(
        np.stack([sample.rotations for sample in known]),
        np.stack([sample.root_position for sample in known]),
        source.proportions.offsets,
    )
    bones = ("head", "leftHand", "rightHand", "hips", "leftFoot", "rightFoot")
    points = [INDEX[bone] for bone in bones]
    return _Way(name, positions[:, points], orientations[:, points])


def _measured(way: _Way, rng: np.random.Generator) -> tuple[Floats, Floats]:
    positions = way.positions + rng.normal(0.0, NOISE_M, way.positions.shape)
    turns = rng.normal(0.0, NOISE_RAD, way.positions.shape)
    return positions, quat_mul(way.orientations, quat_from_rotvec(turns))


def _ours(positions: Floats, orientations: Floats) -> tuple[Floats, Floats]:
    steadying, known = Steadying(), np.ones(_POINTS)
    said = [
        steadying.steady(
            replace(
                Sensed.nothing((k + 1) * SECOND // RATE),
                positions=position,
                orientations=orientation,
                position_confidence=known,
                orientation_confidence=known,
            )
        )
        for k, (position, orientation) in enumerate(zip(positions, orientations, strict=True))
    ]
    return np.stack([one.positions for one in said]), np.stack([one.orientations for one in said])


def _euro(cutoffs: tuple[float, float], betas: tuple[float, float]) -> Filter:
    def filtered(positions: Floats, orientations: Floats) -> tuple[Floats, Floats]:
        results = []
        for measured, cutoff, beta in zip((positions, orientations), cutoffs, betas, strict=True):
            filter_ = OneEuro(cutoff, beta)
            results.append(np.stack([filter_.filter(one, 1.0 / RATE) for one in measured]))
        return results[0], results[1]

    return filtered


def _euro_cutoffs(rest: _Way, measured: tuple[Floats, Floats]) -> tuple[float, float]:
    """The cutoffs at which it leaves as much at rest as ours, positions and turns apart."""
    wanted = _left(rest, _ours(*measured))
    cutoffs = np.geomspace(0.5, 8.0, 25)
    left = np.array([_left(rest, _euro((c, c), (0.0, 0.0))(*measured)) for c in cutoffs])
    best = [int(np.argmin(np.abs(left[:, k] - wanted[k]))) for k in range(2)]
    return float(cutoffs[best[0]]), float(cutoffs[best[1]])


def _tuned_euro(cutoffs: tuple[float, float], way: _Way, measured: tuple[Floats, Floats]) -> Filter:
    errors = np.array([_errors(way, _euro(cutoffs, (beta, beta))(*measured)) for beta in _BETAS])
    best = np.argmin(errors, axis=0)
    return _euro(cutoffs, (_BETAS[best[0]], _BETAS[best[1]]))


def _left(rest: _Way, result: tuple[Floats, Floats]) -> tuple[float, float]:
    """What trembles at rest, along and about each axis: millimetres and degrees rms."""
    apart = (result[0] - rest.positions)[_SETTLING:]
    turned = quat_to_rotvec(quat_mul(quat_conjugate(rest.orientations), result[1]))[_SETTLING:]
    return (
        1e3 * float(np.sqrt(np.mean(apart**2))),
        float(np.degrees(np.sqrt(np.mean(turned**2)))),
    )


def _errors(way: _Way, result: tuple[Floats, Floats]) -> tuple[float, float]:
    """Millimetres and degrees rms, of all directions together."""
    apart = np.linalg.norm(result[0] - way.positions, axis=-1)[_SETTLING:]
    turned = quat_angle(way.orientations, result[1])[_SETTLING:]
    return (
        1e3 * float(np.sqrt(np.mean(apart**2))),
        float(np.degrees(np.sqrt(np.mean(turned**2)))),
    )


def _moving(way: _Way, name: str, result: tuple[Floats, Floats], filter_: Filter) -> dict[str, Any]:
    error_mm, error_deg = _errors(way, result)
    row: dict[str, Any] = {
        "table": way.name,
        "filter": name,
        "lag_ms": 1e3 * _lag_s(way.positions, result[0]),
        "error_mm": error_mm,
        "error_degrees": error_deg,
    }
    if way.name == "reaches":
        # Without noise: what shoots past the end is the filter's own.
        clean = filter_(way.positions, way.orientations)[0][..., 0]
        most = float(way.positions.max())
        row["overshoot_percent"] = 100.0 * max(float(clean.max()) - most, 0.0) / most
    return row


def _lag_s(truth: Floats, result: Floats) -> float:
    """By how much ``result (T, n, 3)`` is late: the shift of best correlation while they move."""
    times = np.arange(len(truth)) / RATE
    speed = np.linalg.norm(np.gradient(truth, 1.0 / RATE, axis=0), axis=-1)
    judged = speed > _MOVES
    judged[:_SETTLING] = judged[-RATE // 4 :] = False
    points = [k for k in range(truth.shape[1]) if judged[:, k].sum() >= RATE // 2]
    shifts = np.arange(-0.060, 0.1205, 0.0005)
    scores = np.zeros(len(shifts))
    for k in points:
        at = judged[:, k]
        late = result[at, k] - result[at, k].mean(axis=0)
        for i, shift in enumerate(shifts):
            moved = np.stack(
                [np.interp(times[at] - shift, times, truth[:, k, axis]) for axis in range(3)],
                axis=-1,
            )
            moved -= moved.mean(axis=0)
            scores[i] += np.sum(moved * late) / np.sqrt(np.sum(moved**2) * np.sum(late**2))
    return float(shifts[int(np.argmax(scores))]) if points else 0.0


def _cost_ms() -> float:
    """CPU milliseconds a frame, the median of some runs, with all that a sensor could know."""
    rng = np.random.default_rng(1)
    nothing = Sensed.nothing(0)
    frames = [
        replace(
            nothing,
            capture_ns=(k + 1) * SECOND // RATE,
            positions=rng.normal(0.0, NOISE_M, (_POINTS, 3)),
            face=rng.uniform(0.2, 0.3, nothing.face.shape),
            position_confidence=np.ones(_POINTS),
            orientation_confidence=np.ones(_POINTS),
            rotation_confidence=np.ones(len(nothing.rotations)),
            face_confidence=np.ones(len(nothing.face)),
            gaze_confidence=1.0,
        )
        for k in range(200)
    ]
    runs = []
    for _ in range(9):
        steadying = Steadying()
        begun = time.thread_time()
        for frame in frames:
            steadying.steady(frame)
        runs.append(1e3 * (time.thread_time() - begun) / len(frames))
    return float(np.median(runs))
