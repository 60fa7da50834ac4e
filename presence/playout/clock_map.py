"""What a sender's clock shows when this machine's clock shows a given time.

Two machines' clocks are offset by anything and drift apart by up to hundreds of parts per million,
and frames are late by anything; but some are hardly late at all. The line under all (arrival −
capture) offsets over the last half minute, as high as it can be while it touches, is the clocks'
offset plus the least one-way delay. This is the linear program of S. B. Moon, P. Skelly and
D. Towsley, "Estimation and removal of clock skew from network delay measurements" (INFOCOM 1999),
whose solution is an edge of the lower convex hull.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from presence.pose.arrays import Ints

_BUCKET_NS = 500_000_000
"""Of each half second the least late frame is kept."""
_BUCKETS = 60
_SPAN_FOR_DRIFT_NS = 5_000_000_000
"""With less to go by than this, the clocks are taken to run alike."""
_GREATEST_DRIFT = 300e-6
"""Crystal clocks differ by less."""
_CATCH_UP_NS = 1_000_000_000
"""The mapping approaches a better one over this time, so that it never jumps."""
_GREATEST_SLEW = 0.02

RESTART_NS = 1_000_000_000
"""A frame whose offset is this far from the line contradicts it."""
_RELEARN_AFTER_NS = 250_000_000
"""So do all that come for this long, and the mapping is given up."""
_RELEARN_COUNT = 3


@dataclass(slots=True)
class _Line:
    """An offset (receiver's clock − sender's) that changes evenly."""

    at_ns: int
    """On the receiver's clock."""
    offset_ns: int
    """At that time."""
    slope: float

    def offset(self, receiver_ns: int) -> int:
        return self.offset_ns + round(self.slope * (receiver_ns - self.at_ns))


class ClockMap:
    """Maps one sender's clock, for everything that the sender sends, pose and voice alike.

    State: the least late frames of the last half minute, the line under them, the line in use,
    which slews towards it, and any recent evidence that the sender's clock was set anew.
    """

    def __init__(self) -> None:
        self._least: deque[tuple[int, int]] = deque(maxlen=_BUCKETS)
        """(arrival, offset) of each bucket's least late frame, oldest first."""
        self._bucket = 0
        self._target: _Line | None = None
        self._line: _Line | None = None
        self._odd: list[tuple[int, int]] = []
        self.epoch = 0
        """How often the mapping was learned anew: the sender's clock was set or restarted."""

    @property
    def known(self) -> bool:
        """Whether anything was observed."""
        return self._line is not None

    def observe(self, sender_ns: int, arrival_ns: int) -> bool:
        """Take in that something stamped ``sender_ns`` came at ``arrival_ns``.

        Returns:
            Whether it agrees with the mapping. Something that does not is best dropped: either it
            is damaged, or the sender restarted, and ``epoch`` is about to change.
        """
        offset = arrival_ns - sender_ns
        if self._target is None or self._line is None:
            self._learn(arrival_ns, offset)
            return True
        lateness = offset - self._target.offset(arrival_ns)
        if abs(lateness) > RESTART_NS:
            return self._contradicted(arrival_ns, offset)
        self._odd.clear()
        bucket = arrival_ns // _BUCKET_NS
        if bucket > self._bucket:
            self._bucket = bucket
            self._least.append((arrival_ns, offset))
            self._fit(arrival_ns)
        elif bucket == self._bucket and offset < self._least[-1][1]:
            self._least[-1] = (arrival_ns, offset)
            if lateness < 0:
                self._fit(arrival_ns)
        self._line = _slewed(self._line, self._target, arrival_ns)
        return True

    def offset_at(self, receiver_ns: int) -> int:
        """Nanoseconds from the sender's clock to the receiver's, least one-way delay included.

        Raises:
            ValueError: nothing was observed yet.
        """
        if self._line is None:
            raise ValueError("nothing was observed of this sender's clock yet; see known")
        return self._line.offset(receiver_ns)

    def offsets_at(self, receiver_ns: Ints) -> Ints:
        """For many times at once, what the mapping as it is now says of them, past ones too.

        While it slews, that is not what it said then, which was further from the truth.

        Raises:
            ValueError: nothing was observed yet.
        """
        if self._line is None or self._target is None:
            raise ValueError("nothing was observed of this sender's clock yet; see known")
        since = receiver_ns - self._line.at_ns
        offsets: Ints = self._line.offset_ns + (self._target.slope * since).astype("int64")
        return offsets

    def sender_at(self, receiver_ns: int) -> int:
        """The stamp that the fastest of frames would carry if it came at ``receiver_ns``.

        Raises:
            ValueError: nothing was observed yet.
        """
        return receiver_ns - self.offset_at(receiver_ns)

    def _learn(self, arrival_ns: int, offset: int) -> None:
        self._least.clear()
        self._least.append((arrival_ns, offset))
        self._bucket = arrival_ns // _BUCKET_NS
        self._target = _Line(arrival_ns, offset, 0.0)
        self._line = _Line(arrival_ns, offset, 0.0)
        self._odd.clear()

    def _contradicted(self, arrival_ns: int, offset: int) -> bool:
        if self._odd and abs(offset - self._odd[0][1]) > RESTART_NS:
            self._odd.clear()
        self._odd.append((arrival_ns, offset))
        first_ns = self._odd[0][0]
        if len(self._odd) < _RELEARN_COUNT or arrival_ns - first_ns < _RELEARN_AFTER_NS:
            return False
        self._learn(*min(self._odd, key=lambda odd: odd[1]))
        self.epoch += 1
        return True

    def _fit(self, now_ns: int) -> None:
        """Put the target under the least late frames, by the hull's edge at their mean time."""
        points = list(self._least)
        slope = 0.0
        if points[-1][0] - points[0][0] >= _SPAN_FOR_DRIFT_NS:
            hull: list[tuple[int, int]] = []
            for point in points:
                while len(hull) > 1 and _turns_up(hull[-2], hull[-1], point):
                    hull.pop()
                hull.append(point)
            middle = sum(at for at, _ in points) // len(points)
            edge = next(i for i, (at, _) in enumerate(hull) if at >= middle)
            (t0, o0), (t1, o1) = hull[max(edge - 1, 0)], hull[max(edge, 1)]
            slope = min(max((o1 - o0) / (t1 - t0), -_GREATEST_DRIFT), _GREATEST_DRIFT)
        self._target = _Line(
            now_ns, min(o + round(slope * (now_ns - at)) for at, o in points), slope
        )


def _slewed(line: _Line, target: _Line, now_ns: int) -> _Line:
    """``line`` from ``now_ns`` on, bent towards ``target``."""
    here = line.offset(now_ns)
    missing = target.offset(now_ns) - here
    slew = min(max(missing / _CATCH_UP_NS, -_GREATEST_SLEW), _GREATEST_SLEW)
    return _Line(now_ns, here, target.slope + slew)


def _turns_up(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Whether ``b`` lies on or above the line from ``a`` to ``c``."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])
