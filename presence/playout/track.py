"""What was received of one person, and where they were at any instant of it.

Between frames: a cubic Hermite curve in rotation-vector space, whose tangents come from the frames
around, unevenly spaced or not (the finite differences of a parabola through three points). At the
newest frame, where nothing follows yet, the curve ends without curvature, as natural splines do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import exp

import numpy as np

from presence.playout.motion import (
    FACE_NUMBERS,
    HAND_NUMBERS,
    SIZE,
    gaze_between,
    motion_between,
    moved,
)
from presence.playout.settings import PlayoutSettings
from presence.pose.arrays import Floats
from presence.pose.sample import PoseSample

_MOST_FRAMES = 240
_KEPT_BEFORE = 2
"""Frames kept before the one before the instant on show: its curve looks back one."""
_LONGEST_SPAN_NS = 150_000_000
"""Frames further apart than this say nothing about speed."""


@dataclass(slots=True)
class _Node:
    """A frame. ``arriving`` caches the motion from the frame before."""

    sample: PoseSample
    sequence: int
    arriving: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where somebody was at an instant."""

    sample: PoseSample
    older_sequence: int
    newer_sequence: int
    fraction: float
    extrapolated_ns: int
    """How far past the newest frame the pose was extrapolated."""


class Track:
    """One person's frames. State: the recent ones, in the order of their capture."""

    def __init__(self, settings: PlayoutSettings) -> None:
        self._settings = settings
        self._times: list[int] = []
        self._nodes: list[_Node] = []
        shares = np.ones(SIZE)
        shares[HAND_NUMBERS] = settings.hand_share
        shares[FACE_NUMBERS] = 0.0
        self._shares = shares

    def __len__(self) -> int:
        return len(self._times)

    @property
    def oldest_ns(self) -> int:
        """When the oldest frame was captured, by the sender's clock."""
        return self._times[0]

    @property
    def newest_ns(self) -> int:
        """When the newest frame was captured, by the sender's clock."""
        return self._times[-1]

    def add(self, sample: PoseSample, sequence: int) -> None:
        """Take in a frame, whenever it comes; a second copy changes nothing."""
        at = bisect_left(self._times, sample.capture_ns)
        if at < len(self._times) and self._times[at] == sample.capture_ns:
            return
        self._times.insert(at, sample.capture_ns)
        self._nodes.insert(at, _Node(sample, sequence))
        if at + 1 < len(self._nodes):
            self._nodes[at + 1].arriving = None
        self._drop(len(self._times) - _MOST_FRAMES)

    def forget_before(self, sender_ns: int) -> None:
        """Let go of frames that no later instant needs."""
        self._drop(bisect_right(self._times, sender_ns) - 1 - _KEPT_BEFORE)

    def clear(self) -> None:
        """Let go of all frames."""
        self._drop(len(self._times))

    def at(self, sender_ns: int) -> Found:
        """Where the person was, at or after the oldest frame. There must be a frame."""
        older = bisect_right(self._times, sender_ns) - 1
        if older < 0:
            return self._still(0)
        if older == len(self._times) - 1:
            return self._extrapolated(sender_ns - self._times[-1])
        return self._interpolated(older, sender_ns)

    def _drop(self, count: int) -> None:
        if count > 0:
            del self._times[:count], self._nodes[:count]
            if self._nodes:
                self._nodes[0].arriving = None

    def _still(self, at: int) -> Found:
        node = self._nodes[at]
        return Found(node.sample, node.sequence, node.sequence, 0.0, 0)

    def _span(self, newer: int) -> tuple[Floats, float] | None:
        """The velocity (a motion a nanosecond) from the frame before to ``newer``, and its span.

        None where there is no frame before, or one too far away.
        """
        if not 0 < newer < len(self._times):
            return None
        span = self._times[newer] - self._times[newer - 1]
        if span > _LONGEST_SPAN_NS:
            return None
        return self._arriving(newer) / span, float(span)

    def _arriving(self, newer: int) -> Floats:
        node = self._nodes[newer]
        if node.arriving is None:
            node.arriving = motion_between(self._nodes[newer - 1].sample, node.sample)
        return node.arriving

    def _interpolated(self, older: int, sender_ns: int) -> Found:
        newer = older + 1
        a, b = self._nodes[older], self._nodes[newer]
        span = self._times[newer] - self._times[older]
        u = (sender_ns - self._times[older]) / span
        chord = self._arriving(newer)
        here = self._span(newer)
        if here is None:
            motion = chord * u
        else:
            start = _tangent(self._span(older), here)
            end = _tangent(here, self._span(newer + 1))
            if start is None:
                start = here[0] if end is None else _natural(here[0], end)
            if end is None:
                end = _natural(here[0], start)
            # The cubic Hermite basis, for a curve that starts at 0.
            motion = (u * u * (3.0 - 2.0 * u)) * chord + (span * u * (1.0 - u)) * (
                (1.0 - u) * start - u * end
            )
        sample = moved(
            a.sample, motion, gaze=gaze_between(a.sample, b.sample, u), capture_ns=sender_ns
        )
        return Found(sample, a.sequence, b.sequence, u, 0)

    def _extrapolated(self, past_ns: int) -> Found:
        newest = len(self._times) - 1
        node = self._nodes[newest]
        if past_ns == 0:
            return self._still(newest)
        past_ns = min(past_ns, self._settings.extrapolate_ns)
        sender_ns = self._times[newest] + past_ns
        here = self._span(newest)
        if here is None:
            sample = node.sample.at(sender_ns)
        else:
            start = _tangent(self._span(newest - 1), here)
            velocity = here[0] if start is None else _natural(here[0], start)
            tau = self._settings.body_tau_ns
            reach = tau * (1.0 - exp(-past_ns / tau))
            sample = moved(
                node.sample, velocity * self._shares * reach, gaze=None, capture_ns=sender_ns
            )
        return Found(sample, node.sequence, node.sequence, 0.0, past_ns)


def _tangent(
    before: tuple[Floats, float] | None, after: tuple[Floats, float] | None
) -> Floats | None:
    """The velocity at a frame, from those on either side; None if one is unknown.

    The nearer neighbour counts for more: the derivative of the parabola through the three frames.
    """
    if before is None or after is None:
        return None
    (v0, h0), (v1, h1) = before, after
    velocity: Floats = (v0 * h1 + v1 * h0) / (h0 + h1)
    return velocity


def _natural(chord: Floats, other_end: Floats) -> Floats:
    """The velocity at a curve's end that leaves it without curvature there."""
    velocity: Floats = 1.5 * chord - 0.5 * other_end
    return velocity
