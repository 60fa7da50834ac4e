"""A sender's ledger of packets: what was sent, and what became of it by the receiver's reports.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

from presence.clock import MILLISECOND, SECOND
from presence.transport.feedback import TIME_PERIOD, Feedback, held_ns
from presence.transport.rtp import SEQUENCE_PERIOD
from presence.wire.unwrap import unwrap

OVERTAKEN_NS = 120 * MILLISECOND
"""A packet is lost when one that was sent so much later came, and it did not."""
FORGET_NS = 4 * SECOND
"""Of a packet of which no report tells for so long nothing will ever be known."""
PACKET_LIMIT = 8192
"""Packets whose fate is open, at most."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one packet."""

    size: int
    """Bytes on the path."""
    sent_ns: int
    """By the sender's clock."""
    came: bool
    arrived_ns: int | None
    """By the receiver's clock, which may show anything; None: it did not come, or when is not
    known."""
    trip_ns: int | None = None
    """From its leaving to the report's coming, without the time for which the report waited; None:
    as before."""


class Ledger:
    """Packets sent. State: those whose fate is open, and the time of the newest report."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._open: dict[int, tuple[int, int]] = {}
        """By number: bytes on the path, and when the packet left."""
        self._missing: set[int] = set()
        """Those that a report said had not come by then."""
        self._newest = 0
        self._known = -1
        self._time: int | None = None

    def sent(self, sequence: int, size: int, now_ns: int) -> None:
        """A packet left; ``sequence`` counts on without end."""
        self._newest = sequence
        self._open[sequence] = size, now_ns
        if len(self._open) > PACKET_LIMIT:
            self._drop_oldest()

    def unanswered_ns(self) -> int | None:
        """When the first packet left after the newest that came; None: there is none."""
        for number, (_, sent_ns) in self._open.items():
            if number > self._known:
                return sent_ns
        return None

    def settle(self, feedback: Feedback, now_ns: int) -> list[Fate]:
        """The fates that a report makes known, in the order of sending."""
        if self._time is None:
            self._time = feedback.time
        time = unwrap(feedback.time, TIME_PERIOD, self._time)
        self._time = max(self._time, time)
        begin = unwrap(feedback.begin, SEQUENCE_PERIOD, self._newest)
        fates: list[Fate] = []
        newest_ns = -1
        for number, (offset, arrived_ns) in enumerate(
            zip(feedback.offsets, feedback.arrivals(time), strict=True), begin
        ):
            if offset is None:
                if number in self._open:
                    self._missing.add(number)
            elif (one := self._open.pop(number, None)) is not None:
                size, sent_ns = one
                self._missing.discard(number)
                trip_ns = None if arrived_ns is None else now_ns - sent_ns - held_ns(offset)
                fates.append(Fate(size, sent_ns, True, arrived_ns, trip_ns))
                newest_ns = sent_ns
                self._known = max(self._known, number)
        fates += self._give_up(begin, newest_ns - OVERTAKEN_NS)
        fates.sort(key=lambda fate: fate.sent_ns)
        self._forget(now_ns)
        return fates

    def _give_up(self, begin: int, before_ns: int) -> list[Fate]:
        """Those that will not come, because they were overtaken by too much or are told of no more.

        What no report ever told of is not among them: those reports were lost, not the packets.
        """
        settled = []
        for number, (size, sent_ns) in self._open.items():
            if number >= begin and sent_ns >= before_ns:
                break
            if number < begin or number in self._missing:
                settled.append((number, size, sent_ns))
        lost: list[Fate] = []
        for number, size, sent_ns in settled:
            del self._open[number]
            if number in self._missing:
                self._missing.remove(number)
                lost.append(Fate(size, sent_ns, False, None))
        return lost

    def _forget(self, now_ns: int) -> None:
        while self._open and next(iter(self._open.values()))[1] < now_ns - FORGET_NS:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        number = next(iter(self._open))
        del self._open[number]
        self._missing.discard(number)
