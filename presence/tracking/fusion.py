"""Joining what several sensors know of one person, so that nobody sees from which it comes.

Each part of the body is taken from the sensor that is surest of it. Another takes over only when
it is plainly surer, or when the first has lost the part; what they differ by then fades away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from presence.clock import MILLISECOND, SECOND
from presence.pose.arrays import Floats, Ints
from presence.pose.face import SHAPES
from presence.pose.quaternion import (
    IDENTITY,
    quat_conjugate,
    quat_from_axis_angle,
    quat_mul,
    quat_rotate,
    quat_slerp,
)
from presence.pose.rigid import FORWARD, UP
from presence.pose.skeleton import BONES
from presence.tracking.rows import (
    FACE,
    GAZE,
    ORIENTATIONS,
    POSITIONS,
    ROTATIONS,
    ROWS,
    VECTORS,
    from_rows,
    to_rows,
)
from presence.tracking.sensed import Point, Sensed

FRESH_NS = 150 * MILLISECOND
"""What is no older counts whole; a camera's picture takes a tenth of a second to be understood."""
FADING_NS = 200 * MILLISECOND
"""In which the confidence of what comes no more falls to nothing."""
CROSSING_NS = 300 * MILLISECOND
"""In which the difference between one sensor and the next fades away."""
SURER = 1.3
"""How many times as sure another must be to take over."""
DWELL_NS = 500 * MILLISECOND
"""For so long at least nothing is taken over from who still knows it."""
JUDGING_S = 0.3
"""The time constant of the confidence by which sensors are compared."""
ALIGNING_S = 0.5
"""The time constant by which one learns where another's place lies."""
_ELSEWHERE_M, _ELSEWHERE_RAD = 0.5, 0.8
"""No sensor errs by so much: a place that differs by more is another one now."""
_HEAD = int(Point.HEAD)
_PLACED = [*range(ORIENTATIONS.start, ORIENTATIONS.stop), ROTATIONS.start]
"""The quaternions that are told in ``place``; all other bones' are in their parents'."""


def _groups() -> Ints:
    """``(ROWS,)`` which part of the body each row belongs to: a part comes from one sensor."""
    names: list[object] = [None] * ROWS
    for point in Point:
        names[POSITIONS.start + point] = names[ORIENTATIONS.start + point] = point
    names[GAZE] = "gaze"
    for i, shape in enumerate(SHAPES):
        names[FACE.start + i] = "eyes" if shape.startswith(("eye", "brow")) else "mouth"
    for i, bone in enumerate(BONES):
        names[ROTATIONS.start + i] = _part(bone)
    order = list(dict.fromkeys(names))
    return np.array([order.index(name) for name in names], dtype=np.int64)


def _part(bone: str) -> str:
    side = next((side for side in ("left", "right") if bone.startswith(side)), "")
    if "Eye" in bone or bone in ("neck", "head", "jaw"):
        return "head"
    if not side:
        return "trunk"
    if any(word in bone for word in ("Leg", "Foot", "Toes")):
        return "legs"
    arm = ("Shoulder", "UpperArm", "LowerArm", "Hand")
    return f"{side} arm" if bone.removeprefix(side) in arm else f"{side} fingers"


_GROUP = _groups()
_COUNT = int(_GROUP.max()) + 1
_SIZES = np.bincount(_GROUP).astype(np.float64)


class Fusion:
    """Joins sensors. State: what each said last, where its place lies, whom each part comes from,
    and what is still to fade.
    """

    def __init__(self) -> None:
        """Nothing was sensed yet."""
        self._sources: list[_Source] = []
        self._anchor: _Source | None = None
        self._chosen = np.full(_COUNT, -1, dtype=np.int64)
        self._chosen_ns = np.full(_COUNT, -DWELL_NS, dtype=np.int64)
        self._from = np.full(ROWS, -1, dtype=np.int64)
        self._crossed_ns = np.full(ROWS, -CROSSING_NS, dtype=np.int64)
        self._offset = _no_offset()
        self._said = np.zeros((ROWS, 4))
        self._distance = 0.0

    def fuse(self, sources: Sequence[Sensed | None], time_ns: int) -> Sensed | None:
        """The person as all sources together know them at ``time_ns``; None if none does.

        Args:
            sources: what each sensor knows now, always in the same order: the first of them that
                has seen the head has the place that counts, and the others' are laid on it by where
                they have the head and whither it faces. None: this one has nothing new.
            time_ns: now, by the clock of the sources' ``capture_ns``.
        """
        while len(self._sources) < len(sources):
            self._sources.append(_Source())
        for source, sensed in zip(self._sources, sources, strict=False):
            if sensed is not None:
                source.take(sensed)
        if len(self._sources) == 1:
            return self._sources[0].alone(time_ns)
        fresh = [source for source in self._sources if source.freshness(time_ns) > 0.0]
        if not fresh:
            return None
        moved = self._align(time_ns)
        confidence = np.stack([source.confidence_at(time_ns) for source in self._sources])
        self._choose(confidence, time_ns)
        where = self._where_from(confidence)
        values = np.stack([source.placed for source in self._sources])
        rows = np.arange(ROWS)
        taken = values[np.maximum(where, 0), rows]
        sure = np.where(where >= 0, confidence[np.maximum(where, 0), rows], 0.0)
        crossed = (where >= 0) & (self._from >= 0) & ((where != self._from) | moved)
        result = self._crossed(taken, where, crossed, time_ns)
        self._said, self._from = result.copy(), where
        if where[GAZE] >= 0:
            self._distance = self._sources[int(where[GAZE])].gaze_distance
        return from_rows(
            result,
            sure,
            capture_ns=max(source.capture_ns for source in fresh),
            gaze_distance=self._distance or 2.0,
            present=any(source.present for source in fresh),
        )

    def _align(self, time_ns: int) -> bool:
        """Lay all places on that of the first source that has seen a head.

        Returns:
            Whether another's place counts from now on.
        """
        anchor = next((s for s in self._sources if s.has_seen_head), None)
        moved = self._anchor is not None and anchor is not self._anchor
        self._anchor = anchor
        for source in self._sources:
            if source is anchor or anchor is None:
                source.lie_as_told()
            elif anchor.knows_head(time_ns) and source.knows_head(time_ns):
                source.align(anchor, time_ns)
            source.place()
        return moved

    def _choose(self, confidence: Floats, time_ns: int) -> None:
        """Whom each part comes from: the same as before, unless another is plainly surer."""
        pairs = zip(self._sources, confidence, strict=True)
        parts = np.stack([source.parts(sure, time_ns) for source, sure in pairs])
        groups = np.arange(_COUNT)
        best = np.argmax(parts, axis=0)
        most = parts[best, groups]
        now = np.where(self._chosen >= 0, parts[np.maximum(self._chosen, 0), groups], 0.0)
        settled = time_ns - self._chosen_ns >= DWELL_NS
        # Who is fading is not waited for.
        over = (most > SURER * now) & (settled | (now < 0.5 * most))
        self._chosen = np.where(over, best, self._chosen)
        self._chosen_ns[over] = time_ns

    def _where_from(self, confidence: Floats) -> Ints:
        """``(ROWS,)`` the source of each row: that of its part, else who knows it."""
        chosen = self._chosen[_GROUP]
        rows = np.arange(ROWS)
        knows = (chosen >= 0) & (confidence[np.maximum(chosen, 0), rows] > 0.0)
        best = np.argmax(confidence, axis=0)
        other = np.where(confidence[best, rows] > 0.0, best, -1)
        where: Ints = np.where(knows, chosen, other)
        return where

    def _crossed(
        self, taken: Floats, where: Ints, crossed: NDArray[np.bool_], time_ns: int
    ) -> Floats:
        """``taken``, and of the difference to what was said before what has not faded yet."""
        if crossed.any():
            self._offset[crossed] = _difference(taken, self._said)[crossed]
            self._crossed_ns[crossed] = time_ns
        # Whoever comes from nowhere is where they are.
        self._crossed_ns[(self._from < 0) | (where < 0)] = time_ns - CROSSING_NS
        done = np.clip((time_ns - self._crossed_ns) / CROSSING_NS, 0.0, 1.0)
        fading = np.flatnonzero(done < 1.0)
        if not len(fading):
            return taken
        left = 1.0 - done * done * (3.0 - 2.0 * done)
        vectors, turns = fading[fading < VECTORS], fading[fading >= VECTORS]
        taken[vectors] += left[vectors, None] * self._offset[vectors]
        turn = quat_slerp(IDENTITY, self._offset[turns], left[turns])
        taken[turns] = quat_mul(turn, taken[turns])
        return taken


class _Source:
    """One sensor. State: what it said last, and how its place lies in the one that counts."""

    def __init__(self) -> None:
        self._sensed: Sensed | None = None
        self._values, self._confidence = np.zeros((ROWS, 4)), np.zeros(ROWS)
        self._values[VECTORS:] = IDENTITY
        self._yaw: float | None = None
        self._shift: Floats | None = None
        self._aligned_ns = 0
        self._parts = np.zeros(_COUNT)
        self._judged_ns = 0
        self.placed = self._values
        """``(ROWS, 4)`` what it said, in the place that counts."""
        self.has_seen_head = False

    @property
    def capture_ns(self) -> int:
        return self._sensed.capture_ns if self._sensed is not None else 0

    @property
    def present(self) -> bool:
        return self._sensed is not None and self._sensed.present

    @property
    def gaze_distance(self) -> float:
        return self._sensed.gaze_distance if self._sensed is not None else 0.0

    def take(self, sensed: Sensed) -> None:
        """Take in what it says now."""
        if sensed is self._sensed:
            return
        self._sensed = sensed
        self._values, self._confidence = to_rows(sensed)
        if not sensed.present:
            self._confidence = np.zeros(ROWS)
        self.has_seen_head |= bool(self._confidence[_HEAD] > 0.0)

    def alone(self, time_ns: int) -> Sensed | None:
        """What it said, where there is no other sensor; None once that is too long ago."""
        sensed, fresh = self._sensed, self.freshness(time_ns)
        if sensed is None or fresh <= 0.0:
            return None
        if fresh >= 1.0 and sensed.present:
            return sensed
        return from_rows(
            self._values.copy(),
            self.confidence_at(time_ns),
            capture_ns=sensed.capture_ns,
            gaze_distance=sensed.gaze_distance,
            present=sensed.present,
        )

    def freshness(self, time_ns: int) -> float:
        """1 while it is fresh, 0 once it is of no use."""
        if self._sensed is None:
            return 0.0
        over_ns = time_ns - self._sensed.capture_ns - FRESH_NS
        return float(np.clip(1.0 - over_ns / FADING_NS, 0.0, 1.0))

    def confidence_at(self, time_ns: int) -> Floats:
        """``(ROWS,)``."""
        sure: Floats = self._confidence * self.freshness(time_ns)
        return sure

    def parts(self, confidence: Floats, time_ns: int) -> Floats:
        """``(groups,)`` how sure it is of each part of the body, of late; nothing once it is lost.

        What is surer for one frame is not surer.
        """
        now = np.bincount(_GROUP, confidence, minlength=_COUNT) / _SIZES
        share = 1.0 - float(np.exp(-max(time_ns - self._judged_ns, 0) / SECOND / JUDGING_S))
        self._judged_ns = time_ns
        late = self._parts + share * (now - self._parts)
        self._parts = np.where((now > 0.0) & (self._parts > 0.0), late, now)
        return self._parts

    def knows_head(self, time_ns: int) -> bool:
        """Whether it knows now which way the head faces."""
        return self.freshness(time_ns) >= 1.0 and bool(
            self._confidence[ORIENTATIONS.start + _HEAD] > 0.0
        )

    def lie_as_told(self) -> None:
        """Its own place is the one that counts."""
        self._yaw, self._shift = None, None

    def align(self, anchor: _Source, time_ns: int) -> None:
        """Learn how its place lies in the anchor's, by the head that both see."""
        step_s = max(time_ns - self._aligned_ns, 0) / SECOND
        self._aligned_ns = time_ns
        share = 1.0 - float(np.exp(-step_s / ALIGNING_S))
        turned = _heading(anchor.head_turn) - _heading(self.head_turn)
        left = 0.0 if self._yaw is None else float(np.angle(np.exp(1j * (turned - self._yaw))))
        if self._yaw is None or abs(left) > _ELSEWHERE_RAD:
            # Learnt anew, as after the headset was recentred.
            self._yaw, self._shift = turned, None
        else:
            self._yaw += share * left
        if anchor.head is None or self.head is None:
            return
        shift = anchor.head - quat_rotate(quat_from_axis_angle(UP, self._yaw), self.head)
        if self._shift is None or np.linalg.norm(shift - self._shift) > _ELSEWHERE_M:
            self._shift = shift
        else:
            self._shift = self._shift + share * (shift - self._shift)

    @property
    def head(self) -> Floats | None:
        """``(3,)`` where it has the head in its own place; None if it does not know."""
        return self._values[_HEAD, :3] if self._confidence[_HEAD] > 0.0 else None

    @property
    def head_turn(self) -> Floats:
        """``(4,)``."""
        turn: Floats = self._values[ORIENTATIONS.start + _HEAD]
        return turn

    def place(self) -> None:
        """Lay what it said into the place that counts."""
        if self._yaw is None:
            self.placed = self._values
            return
        turn = quat_from_axis_angle(UP, self._yaw)
        self.placed = self._values.copy()
        positions = quat_rotate(turn, self._values[POSITIONS, :3])
        self.placed[POSITIONS, :3] = positions + (self._shift if self._shift is not None else 0.0)
        self.placed[_PLACED] = quat_mul(turn, self._values[_PLACED])


def _heading(turn: Floats) -> float:
    """Radians about +Y: whither a head faces, seen from above; from its crown if it looks up."""
    ahead = quat_rotate(turn, FORWARD)
    if np.hypot(ahead[0], ahead[2]) < 0.3:
        crown = quat_rotate(turn, UP)
        ahead = -crown if ahead[1] > 0.0 else crown
    return float(np.arctan2(-ahead[0], -ahead[2]))


def _no_offset() -> Floats:
    offset = np.zeros((ROWS, 4))
    offset[VECTORS:] = IDENTITY
    return offset


def _difference(start: Floats, end: Floats) -> Floats:
    """``(ROWS, 4)`` what leads from one to the other: to add, or to turn by."""
    apart = np.empty_like(start)
    apart[:VECTORS] = end[:VECTORS] - start[:VECTORS]
    apart[VECTORS:] = quat_mul(end[VECTORS:], quat_conjugate(start[VECTORS:]))
    return apart
