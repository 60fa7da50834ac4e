"""The latest-wins gate: what waits while a carrier is full, and what gives way to what.

A frame that waited is worth less than the next one, so nothing queues: of each stream's pose the
newest frame waits, and those reference frames that later ones need. A reference gives way to a
newer golden alone, since without it the frames after it are of no use. Of a stream's voice the
newest few packets wait: one that comes later than that is heard by nobody. Everything else is rare
and small, waits in a short queue, and leaves before any pose.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from presence.wire.bundle import BUNDLE_LIMIT, LENGTH_BYTES
from presence.wire.envelope import SEQUENCE_PERIOD, Envelope, Kind
from presence.wire.unwrap import unwrap

QUEUE_LIMIT = 32
"""Envelopes that are no pose, at most, that wait."""
VOICE_LIMIT = 3
"""Voice packets of one stream that wait, at most: 60 ms, more than playout makes up for."""
STREAM_LIMIT = 256
"""Streams whose pose waits, at most."""
REFERENCE_LIMIT = 24
"""Reference frames of one stream that wait, at most: more than come between two goldens."""


class Drop(StrEnum):
    """Why an envelope that was offered never left."""

    SUPERSEDED = "superseded"
    """A newer one of the same stream came while it waited."""
    STALE = "stale"
    """A newer one of the same stream was waiting already."""
    OVERFLOW = "overflow"
    """Too much waited, and this one had waited longest."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """An envelope that waits."""

    data: bytes
    header: Envelope
    since_ns: int

    @property
    def size(self) -> int:
        """What it takes up in a bundle."""
        return LENGTH_BYTES + len(self.data)


@dataclass(slots=True)
class _Pose:
    """What waits of one stream's pose; the dependent frame is the newest."""

    references: list[_Waiting] = field(default_factory=list)
    """In order of their sequence; a golden can only be the first."""
    dependent: _Waiting | None = None

    def frames(self) -> list[_Waiting]:
        """Those that wait, in order of their sequence."""
        return self.references + ([self.dependent] if self.dependent is not None else [])


class Gate:
    """What waits for one carrier. State: the waiting envelopes, and the count of those dropped."""

    def __init__(self, limit: int = BUNDLE_LIMIT) -> None:
        """Nothing waits yet; what leaves together fits a bundle of ``limit`` bytes."""
        self.dropped: Counter[Drop] = Counter()
        self._limit = limit
        self._queue: list[_Waiting] = []
        # In the order in which they began to wait. A stream whose frame is replaced keeps its
        # turn, so that none starves when not all fit into a bundle.
        self._poses: dict[int, _Pose] = {}

    def __len__(self) -> int:
        return len(self._queue) + sum(len(pose.frames()) for pose in self._poses.values())

    def oldest_age_ns(self, now_ns: int) -> int:
        """How long the frame that has waited longest has waited; 0 if none waits.

        Frames are poses and voice. Control messages that are in no hurry wait for the next frame,
        so that they cost no datagram; how long that is says nothing about the carrier.
        """
        waiting = [one for one in self._queue if one.header.kind != Kind.CONTROL]
        waiting += [f for pose in self._poses.values() for f in pose.frames()]
        return now_ns - min((one.since_ns for one in waiting), default=now_ns)

    def offer(self, data: bytes, header: Envelope, now_ns: int) -> None:
        """Let an encoded envelope wait, in the place of those that it makes useless.

        Raises:
            ValueError: it would not fit any bundle.
        """
        waiting = _Waiting(data, header, now_ns)
        if waiting.size > self._limit:
            raise ValueError(
                f"an envelope of {len(data)} bytes does not fit a bundle of {self._limit}"
            )
        if header.kind == Kind.POSE:
            self._offer_pose(waiting)
        else:
            self._offer_other(waiting)

    def take(self) -> list[bytes]:
        """The envelopes for the next bundle, the most urgent first; they wait no more."""
        room = self._limit
        taken: list[bytes] = []
        for waiting in self._in_order():
            room -= waiting.size
            if room < 0:
                break
            taken.append(waiting.data)
            self._remove(waiting)
        return taken

    def _in_order(self) -> list[_Waiting]:
        by_priority = sorted(self._queue, key=lambda waiting: -waiting.header.priority)
        return by_priority + [f for pose in self._poses.values() for f in pose.frames()]

    def _remove(self, waiting: _Waiting) -> None:
        stream = waiting.header.stream
        if waiting.header.kind != Kind.POSE:
            self._queue.remove(waiting)
            return
        pose = self._poses[stream]
        if pose.dependent is waiting:
            pose.dependent = None
        else:
            pose.references.remove(waiting)
        if not pose.frames():
            del self._poses[stream]

    def _offer_pose(self, new: _Waiting) -> None:
        stream = new.header.stream
        pose = self._poses.get(stream)
        if pose is None:
            if len(self._poses) == STREAM_LIMIT:
                oldest = next(iter(self._poses))
                self.dropped[Drop.OVERFLOW] += len(self._poses.pop(oldest).frames())
            pose = self._poses[stream] = _Pose()
        if new.header.reference:
            self._offer_reference(pose, new)
        elif any(not _newer(new, frame) for frame in pose.frames()):
            self.dropped[Drop.STALE] += 1
        else:
            if pose.dependent is not None:
                self.dropped[Drop.SUPERSEDED] += 1
            pose.dependent = new

    def _offer_reference(self, pose: _Pose, new: _Waiting) -> None:
        older = [one for one in pose.references if _newer(new, one)]
        later = pose.references[len(older) :]
        if any(one.header.golden or not _newer(one, new) for one in later):
            # It is there already, or a newer golden makes it useless.
            self.dropped[Drop.STALE] += 1
            return
        if new.header.golden and older:
            self.dropped[Drop.SUPERSEDED] += len(older)
            older = []
        pose.references = [*older, new, *later]
        if len(pose.references) > REFERENCE_LIMIT:
            # So far behind, whoever hears it will ask for what is missing, whichever it is.
            del pose.references[1 if pose.references[0].header.golden else 0]
            self.dropped[Drop.OVERFLOW] += 1
        # A dependent frame that is newer came out of order, or this one goes again; it stays.
        if pose.dependent is not None and not _newer(pose.dependent, new):
            self.dropped[Drop.SUPERSEDED] += 1
            pose.dependent = None

    def _offer_other(self, new: _Waiting) -> None:
        if new.header.kind == Kind.PROFILE:
            # A profile is whole: of one stream the newest says everything.
            for old in [o for o in self._queue if _same_stream(o, new)]:
                self._queue.remove(old)
                self.dropped[Drop.SUPERSEDED] += 1
        self._queue.append(new)
        if new.header.kind == Kind.VOICE:
            voice = [one for one in self._queue if _same_stream(one, new)]
            if len(voice) > VOICE_LIMIT:
                self._queue.remove(voice[0])
                self.dropped[Drop.OVERFLOW] += 1
        if len(self._queue) > QUEUE_LIMIT:
            del self._queue[0]
            self.dropped[Drop.OVERFLOW] += 1


def _same_stream(one: _Waiting, other: _Waiting) -> bool:
    return (one.header.kind, one.header.stream) == (other.header.kind, other.header.stream)


def _newer(one: _Waiting, other: _Waiting) -> bool:
    """Whether ``one`` was made after ``other``, whose sequence numbers may have wrapped."""
    reference = other.header.sequence
    return unwrap(one.header.sequence, SEQUENCE_PERIOD, reference) > reference
