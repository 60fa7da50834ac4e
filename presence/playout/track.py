"""What was received of one person, and where they were at any instant of it.

Between frames: a curve through them and those around. Past the newest: the motion goes on, and dies
away.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import exp

import numpy as np

from presence.playout.motion import (
    FACE_NUMBERS,
    HAND_NUMBERS,
    MOTION_SIZE,
    between,
    extrapolated,
    motion_between,
)
from presence.playout.settings import PlayoutSettings
from presence.pose.arrays import Floats
from presence.pose.packed import SAMPLE_SIZE, pack, unpack
from presence.pose.sample import PoseSample

_MOST_FRAMES = 240
_KEPT_BEFORE = 2
"""Frames kept before the one before the instant on show: its curve looks back one."""
_LONGEST_SPAN_NS = 150_000_000
"""Frames further apart than this say nothing about speed."""


@dataclass(slots=True)
class _Node:
    """A frame. ``arriving`` caches the motion from the frame before."""

    pose: Floats
    sequence: int
    arriving: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where somebody was at an instant."""

    pose: Floats
    """A packed sample, not to be written."""
    sender_ns: int
    """The instant, at most as far past the newest frame as poses are extrapolated."""
    older_sequence: int
    newer_sequence: int
    fraction: float
    extrapolated_ns: int
    """How far past the newest frame the pose was extrapolated."""

    @property
    def sample(self) -> PoseSample:
        """The pose, with the instant as its stamp."""
        return unpack(self.pose.view(), self.sender_ns)


class Track:
    """One person's frames. State: the recent ones, in the order of their capture."""

    def __init__(self, settings: PlayoutSettings) -> None:
        self._settings = settings
        self._times: list[int] = []
        self._nodes: list[_Node] = []
        shares = np.ones(MOTION_SIZE)
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
        # Of arrays that may be written numba finds the type far sooner; so none is a sample's own.
        pose = np.empty(SAMPLE_SIZE)
        pack(sample, pose)
        self._nodes.insert(at, _Node(pose, sequence))
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
            return self._still(0, self._times[0])
        if older == len(self._times) - 1:
            return self._extrapolated(sender_ns - self._times[-1])
        return self._interpolated(older, sender_ns)

    def _drop(self, count: int) -> None:
        if count > 0:
            del self._times[:count], self._nodes[:count]
            if self._nodes:
                self._nodes[0].arriving = None

    def _still(self, at: int, sender_ns: int, past_ns: int = 0) -> Found:
        node = self._nodes[at]
        return Found(node.pose, sender_ns, node.sequence, node.sequence, 0.0, past_ns)

    def _span(self, newer: int) -> tuple[Floats, float] | None:
        """The motion from the frame before to ``newer``, and how many nanoseconds that took.

        None where there is no frame before, or one too far away to say anything about speed.
        """
        if not 0 < newer < len(self._times):
            return None
        span = self._times[newer] - self._times[newer - 1]
        if span > _LONGEST_SPAN_NS:
            return None
        return self._arriving(newer), float(span)

    def _arriving(self, newer: int) -> Floats:
        node = self._nodes[newer]
        if node.arriving is None:
            node.arriving = np.empty(MOTION_SIZE)
            motion_between(self._nodes[newer - 1].pose, node.pose, node.arriving)
        return node.arriving

    def _interpolated(self, older: int, sender_ns: int) -> Found:
        newer = older + 1
        a, b = self._nodes[older], self._nodes[newer]
        u = (sender_ns - self._times[older]) / (self._times[newer] - self._times[older])
        # Any motion will do where none is known: it has no span.
        unknown = self._arriving(newer), 0.0
        here = self._span(newer)
        before, after = self._span(older), self._span(newer + 1)
        pose = np.empty(SAMPLE_SIZE)
        between(
            a.pose, b.pose, u, *(before or unknown), *(here or unknown), *(after or unknown), pose
        )
        return Found(pose, sender_ns, a.sequence, b.sequence, u, 0)

    def _extrapolated(self, past_ns: int) -> Found:
        newest = len(self._times) - 1
        node = self._nodes[newest]
        past_ns = min(past_ns, self._settings.extrapolate_ns)
        sender_ns = self._times[newest] + past_ns
        here = self._span(newest)
        if past_ns == 0 or here is None:
            return self._still(newest, sender_ns, past_ns)
        tau = self._settings.body_tau_ns
        reach = tau * (1.0 - exp(-past_ns / tau))
        pose = np.empty(SAMPLE_SIZE)
        before = self._span(newest - 1) or (here[0], 0.0)
        extrapolated(node.pose, *before, *here, self._shares, reach, pose)
        return Found(pose, sender_ns, node.sequence, node.sequence, 0.0, past_ns)
