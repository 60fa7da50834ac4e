"""``presence bench ik``: how near to the truth a body is that is filled in from three points.

The solver sees the head and the two hands of each recorded person, sixty times a second, and what a
calibration would have measured: the height of the eyes and the reach from wrist to wrist. The
recorded person's other bones it never sees.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from presence.bench.clips import Clip, read_motions, sampled
from presence.bench.ik_standing import standing_pose
from presence.bench.result import Bar, BenchResult, at_least, at_most
from presence.clock import SECOND
from presence.pose.arrays import Floats
from presence.pose.kinematics import forward_kinematics
from presence.pose.proportions import Proportions
from presence.pose.quaternion import IDENTITY, quat_rotate
from presence.pose.sample import Contact, PoseSample
from presence.pose.skeleton import BODY_BONES, INDEX
from presence.tracking import ground
from presence.tracking.filling import Filler
from presence.tracking.measuring import proportions_from
from presence.tracking.performer import Performer
from presence.tracking.sensed import Sensed

RATE = 60
NEAR_FLOOR = 0.05
"""Metres over the floor within which a true foot must be for a frame to count."""
STANDS = 0.10
"""Metres a second below which a true foot stands."""
_ON_FLOOR = 0.02
_FEET = [INDEX["leftFoot"], INDEX["rightFoot"]]
_BALLS = [INDEX["leftToes"], INDEX["rightToes"]]
_HANDS = [INDEX["leftHand"], INDEX["rightHand"]]
_HEAD = INDEX["head"]
GROUPS: dict[str, tuple[str, ...]] = {
    "spine": ("spine", "chest", "upperChest", "neck"),
    "shoulders": ("leftUpperArm", "rightUpperArm"),
    "elbows": ("leftLowerArm", "rightLowerArm"),
    "hips": ("hips", "leftUpperLeg", "rightUpperLeg"),
    "knees": ("leftLowerLeg", "rightLowerLeg"),
    "feet": ("leftFoot", "rightFoot"),
}
"""The joints of each group; given joints are in none."""
LIMITS_CM = {
    "spine": 7.0,
    "shoulders": 7.0,
    "elbows": 7.0,
    "hips": 9.0,
    "knees": 15.0,
    "feet": 15.0,
}
_SCORED = [INDEX[joint] for joints in GROUPS.values() for joint in joints]
PUBLISHED: tuple[dict[str, Any], ...] = (
    {"method": "Final IK", "whole_cm": 18.0},
    {"method": "LoBSTr", "whole_cm": 9.0},
    {"method": "AvatarPoser", "whole_cm": 4.2},
    {"method": "AGRoL", "whole_cm": 3.7, "upper_cm": 1.6, "lower_cm": 6.8},
)
"""From the papers, on AMASS, all but the first learned from it: other data, so no comparison."""

Solve = Callable[[Sensed, int], PoseSample]


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a run is."""

    seconds: float
    """At most, of each clip."""
    performed_s: float
    """Of a performer."""


WHOLE = Extent(60.0, 60.0)
QUICK = Extent(4.0, 16.0)


def bench_ik(motion: Path, extent: Extent = WHOLE) -> BenchResult:
    """Fill in every clip of a folder from head and hands, and hold it against the clip.

    Raises:
        UsageError: the folder holds no BVH file.
        SourceError: a file cannot be read, or is no person's.
    """
    clips = [
        sampled(name, source, RATE, extent.seconds)
        for name, source in read_motions(motion, None).items()
    ]
    rows = []
    for clip in clips:
        body = calibrated(clip.proportions)
        rows.append({"clip": clip.name, **_score(clip, body, Filler(body, None).fill)})
    mean = _mean(rows)
    table = [*rows, {"clip": "mean", **mean}]
    for clip in clips:
        body = calibrated(clip.proportions)
        standing = _score(clip, body, partial(standing_pose, body))
        table.append({"table": "a standing pose", "clip": clip.name, **standing})
    for seat in (None, 0.45):
        performed = _performed(extent.performed_s, seat)
        name = "stands and steps" if seat is None else "sits down and gets up"
        body = calibrated(performed.proportions)
        score = _score(performed, body, Filler(body, None).fill)
        table.append({"table": "a performer", "clip": name, **score})
    table += [{"table": "published, other data", **row} for row in PUBLISHED]
    return BenchResult(
        bench="ik",
        args={"motion": str(motion), "rate": RATE, "seconds": extent.seconds},
        rows=table,
        bars=_bars(mean),
    )


def calibrated(body: Proportions) -> Proportions:
    """What a calibration would make of somebody: an average body, by height of eyes and reach."""
    rest = body.rest_positions()
    return proportions_from(
        body.eye_height, float(np.linalg.norm(rest[_HANDS[1]] - rest[_HANDS[0]]))
    )


def three_points(clip: Clip) -> list[Sensed]:
    """Head and hands of each frame, surely known, and nothing else."""
    rotations = np.stack([sample.rotations for sample in clip.samples])
    roots = np.stack([sample.root_position for sample in clip.samples])
    positions, turns = forward_kinematics(rotations, roots, clip.proportions.offsets)
    eyes = positions[:, _HEAD] + quat_rotate(turns[:, _HEAD], clip.proportions.eyes)
    sure = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    seen = []
    for k, sample in enumerate(clip.samples):
        nothing = Sensed.nothing(sample.capture_ns)
        places, orientations = np.zeros((6, 3)), np.tile(IDENTITY, (6, 1))
        places[0], orientations[0] = eyes[k], turns[k, _HEAD]
        places[1:3], orientations[1:3] = positions[k, _HANDS], turns[k, _HANDS]
        seen.append(
            Sensed(
                capture_ns=nothing.capture_ns,
                positions=places,
                orientations=orientations,
                position_confidence=sure,
                orientation_confidence=sure,
                rotations=nothing.rotations,
                rotation_confidence=nothing.rotation_confidence,
                face=nothing.face,
                face_confidence=nothing.face_confidence,
                gaze_direction=nothing.gaze_direction,
                gaze_distance=nothing.gaze_distance,
                gaze_confidence=0.0,
            )
        )
    return seen


def _performed(seconds: float, seat_height: float | None) -> Clip:
    performer = Performer(7, seat=1, cast=3, seat_height=seat_height)
    times = [k * SECOND // RATE for k in range(round(seconds * RATE))]
    samples = tuple(performer.sample(at) for at in times)
    return Clip("performer", RATE, performer.proportions, samples)


def _score(clip: Clip, body: Proportions, solve: Solve) -> dict[str, Any]:
    """How a solver does on one clip; lengths in centimetres."""
    seen = three_points(clip)
    begun = time.process_time()
    solved = [solve(sensed, sensed.capture_ns) for sensed in seen]
    took_ms = 1e3 * (time.process_time() - begun) / len(seen)
    true, true_soles = _laid(clip.samples, clip.proportions)
    made, made_soles = _laid(solved, body)
    errors = 100.0 * np.linalg.norm(true - made, axis=-1)
    near = true_soles.min(axis=1) <= NEAR_FLOOR
    slow = ground.speeds(true[:, _FEET], 1.0 / RATE) < STANDS
    stands = slow & (true_soles <= NEAR_FLOOR)
    flagged = np.array([[bool(s.contacts & foot) for foot in _FOOT_CONTACTS] for s in solved])
    planted = flagged & (np.abs(made_soles) < _ON_FLOOR)
    both = planted[1:] & planted[:-1] & stands[1:]
    slid = 100.0 * RATE * np.linalg.norm(np.diff(made[:, _BALLS], axis=0), axis=-1)
    score: dict[str, Any] = {
        f"{group}_cm": _mean_of(errors[near][:, [INDEX[joint] for joint in joints]])
        for group, joints in GROUPS.items()
    }
    sits = [bool(sample.contacts & Contact.SEAT) for sample in clip.samples]
    sat = [bool(sample.contacts & Contact.SEAT) for sample in solved]
    score |= {
        "whole_cm": _mean_of(errors[:, BODY_BONES]),
        "airborne_cm": _mean_of(errors[~near][:, _SCORED]),
        "frames_near_floor_pct": 100.0 * float(near.mean()),
        "planted_pct": 100.0 * _mean_of(planted[stands].astype(np.float64)),
        "sliding_cm_s": _mean_of(slid[both]),
        "into_floor_cm": 100.0 * max(0.0, -float(made_soles.min())),
        "jerk_of_truth": _jerk(made) / _jerk(true),
        "ms_a_frame": took_ms,
    }
    if any(sits):
        agrees = [a == b for a, b in zip(sits, sat, strict=True)]
        score["seat_agrees_pct"] = 100.0 * float(np.mean(agrees))
    return score


_FOOT_CONTACTS = (Contact.LEFT_FOOT, Contact.RIGHT_FOOT)


def _laid(samples: Sequence[PoseSample], body: Proportions) -> tuple[Floats, Floats]:
    """``(T, 55, 3)`` joints, and ``(T, 2)`` heights of the soles."""
    rotations = np.stack([sample.rotations for sample in samples])
    roots = np.stack([sample.root_position for sample in samples])
    positions, turns = forward_kinematics(rotations, roots, body.offsets)
    return positions, ground.sole_heights(positions, turns, body)


def _jerk(positions: Floats) -> float:
    """Metres a second cubed: the mean jerk of the joints that are scored."""
    third = np.diff(positions[:, _SCORED], 3, axis=0) * RATE**3
    return float(np.linalg.norm(third, axis=-1).mean())


def _mean_of(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


def _mean(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean over clips of each figure, of those that have one."""
    means = {}
    for name in rows[0]:
        if name != "clip":
            known = [row[name] for row in rows if np.isfinite(row[name])]
            means[name] = float(np.mean(known)) if known else float("nan")
    return means


def _bars(mean: dict[str, Any]) -> list[Bar]:
    bars = [
        at_most(f"{group}, mean over clips, cm", round(mean[f"{group}_cm"], 2), limit)
        for group, limit in LIMITS_CM.items()
    ]
    return [
        *bars,
        at_least("planted where the true foot stands, %", round(mean["planted_pct"], 1), 80.0),
        at_most("sliding where both stand, cm/s", round(mean["sliding_cm_s"], 2), 2.0),
        at_most("into the floor, cm", round(mean["into_floor_cm"], 2), 1.0),
        at_most("jerk, of the truth's", round(mean["jerk_of_truth"], 2), 1.5),
        at_most("a frame, ms", round(mean["ms_a_frame"], 2), 0.7, stretch=True),
    ]
