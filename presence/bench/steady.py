"""How steadily a decoded person stands: what the error does from one frame to the next.

An error that stays is not seen; one that changes is a tremor. So what counts is the change of each
virtual vertex's error vector between frames, and whether it comes in step with the frames that
others refer to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from presence.bench.clips import Clip, vertices_mm
from presence.bench.coded import Coded, coded, kind_of
from presence.clock import SECOND
from presence.codec import CodecSettings
from presence.pose.arrays import Floats

SLOW_MM_S = 100.0
"""A person of whom nine vertices in ten move slower than this is slow."""
_MOST = 90.0
_STILL_S = 2.0
_PHASES = 4
"""How often a clip is coded for the change of error at its goldens."""


def steadiness(coded: Coded) -> dict[str, Any]:
    """Frame-to-frame change of the error, millimetres, 95th percentile.

    At ``golden`` frames means: in the step to one and in the step from one, whichever is worse;
    ``anchor`` likewise; ``other`` are the steps between all other frames.
    """
    clip = coded.clip
    true, changes = _changes_mm(coded)
    speeds = np.linalg.norm(np.diff(true, axis=0), axis=-1) * clip.rate
    slow = np.percentile(speeds.reshape(len(speeds), -1), _MOST, axis=1) < SLOW_MM_S
    row = {"change_mm_slow": _p95(changes[slow]), "change_mm_fast": _p95(changes[~slow])}
    kinds = np.array([kind_of(frame) for frame in coded.frames])
    other = (kinds[1:] == "other") & (kinds[:-1] == "other")
    row["change_mm_other"] = _p95(changes[other])
    for kind in ("golden", "anchor"):
        if (kinds == kind).any():
            to, after = changes[kinds[1:] == kind], changes[kinds[:-1] == kind]
            row[f"change_mm_{kind}"] = max(_p95(to), _p95(after))
    return row


def golden_to_other(clip: Clip, settings: CodecSettings) -> float:
    """The change of error at goldens, as :func:`steadiness` has it, over that at other frames.

    A clip has few goldens, and what the person does just then bears on it more than the golden
    does. So the clip is coded several times, its goldens at other frames each time.
    """
    to, after, other = [], [], []
    interval = settings.golden_interval
    for phase in range(0, min(interval, len(clip.samples) - 1), max(interval // _PHASES, 1)):
        part = coded(replace(clip, samples=clip.samples[phase:]), settings)
        _, changes = _changes_mm(part)
        golden = np.array([frame.golden for frame in part.frames])
        to.append(changes[golden[1:]])
        after.append(changes[golden[:-1]][1:])  # With the first golden somebody only appears.
        other.append(changes[~(golden[1:] | golden[:-1])])
    worse = max(_p95(np.concatenate(to)), _p95(np.concatenate(after)))
    return worse / max(_p95(np.concatenate(other)), 1e-9)


def still_movement_mm(clip: Clip, settings: CodecSettings) -> float:
    """How far any vertex moves in two seconds of one repeated sample, from the clip's middle."""
    still = clip.samples[len(clip.samples) // 2]
    samples = tuple(
        still.at(k * SECOND // clip.rate // 1000 * 1000) for k in range(round(_STILL_S * clip.rate))
    )
    shown = coded(Clip(clip.name, clip.rate, clip.proportions, samples), settings).shown
    vertices = vertices_mm(shown, clip.proportions)
    return float(np.linalg.norm(vertices - vertices[0], axis=-1).max())


def _changes_mm(coded: Coded) -> tuple[Floats, Floats]:
    """Where the vertices truly are, and how much their error changed from frame to frame."""
    clip = coded.clip
    true = vertices_mm(clip.samples, clip.proportions)
    errors = vertices_mm(coded.shown, clip.proportions) - true
    changes: Floats = np.linalg.norm(np.diff(errors, axis=0), axis=-1)
    return true, changes


def _p95(values: Floats) -> float:
    return float(np.percentile(values, 95)) if values.size else 0.0
