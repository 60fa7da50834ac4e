"""Who sends to a room: what of theirs goes to whom, and what is kept of it.

An envelope goes to everybody who is sent so much of the stream, by one loop over prepared lists:
that is what makes an envelope for each receiver cheap. The lists are made anew when somebody comes,
goes, asks for something else or is cut.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from presence.relay.cache import Cache
from presence.relay.meter import Meter
from presence.wire.bundle import LENGTH_BYTES
from presence.wire.envelope import HEADER_LENGTH, Envelope, Kind
from presence.wire.relaying import Sections, Want

Take = Callable[[bytes], None]
"""Puts an envelope, its length before it, with what leaves next to one receiver."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """One receiver, as a source sees it."""

    want: Want
    later: Take
    """Takes what may wait for a bundle to fill."""
    at_once: Take


@dataclass(slots=True)
class _Group:
    """Those who are sent the same of each pose."""

    divisor: int
    sections: Sections
    later: list[Take] = field(default_factory=list)
    at_once: list[Take] = field(default_factory=list)


class Source:
    """One sender. State: what is kept and weighed of theirs, and to whom it goes."""

    def __init__(self, stream: int, now_ns: int) -> None:
        """Nobody hears them yet."""
        self.stream = stream
        self.cache = Cache()
        self.meter = Meter(now_ns)
        self.stale = True
        """Whether :meth:`connect` is to be called before the next envelope."""
        self._poses: list[_Group] = []
        self._voices: list[Take] = []
        self._rest: tuple[list[Take], list[Take]] = ([], [])

    def connect(self, outlets: Iterable[Outlet]) -> None:
        """From now on what they send goes to these."""
        groups: dict[tuple[int, Sections], _Group] = {}
        self._voices = []
        self._rest = ([], [])
        for outlet in outlets:
            want = outlet.want
            self._rest[0].append(outlet.later)
            self._rest[1].append(outlet.at_once)
            if want.voice:
                self._voices.append(outlet.at_once)
            if want.pose:
                key = want.divisor, want.sections
                group = groups.setdefault(key, _Group(*key))
                group.later.append(outlet.later)
                group.at_once.append(outlet.at_once)
        self._poses = list(groups.values())
        self.stale = False

    def pass_on(
        self, framed: bytes, header: Envelope, urgent: bool, note: Callable[[bytes], None]
    ) -> None:
        """Give an envelope to everybody who is sent it.

        Args:
            framed: The envelope, its length before it.
            header: The same, decoded.
            urgent: Whether it leaves at once.
            note: Is told of a form of it that was cut short, before anybody takes it.
        """
        kind = header.kind
        if kind != Kind.POSE:
            takes = self._voices if kind == Kind.VOICE else self._rest[urgent]
            for take in takes:
                take(framed)
            return
        short: bytes | None = None
        reference = header.reference
        for group in self._poses:
            if not reference and (not group.divisor or header.sequence % group.divisor):
                continue
            data = framed
            if header.detail and not (
                group.sections == Sections.ALL or (reference and group.sections)
            ):
                if short is None:
                    short = without_detail(framed, header)
                    note(short)
                data = short
            for take in group.at_once if urgent else group.later:
                take(data)


def frame(data: bytes) -> bytes:
    """An envelope as a bundle holds it."""
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def without_detail(framed: bytes, header: Envelope) -> bytes:
    """A framed envelope whose bytes end after its core."""
    return frame(framed[LENGTH_BYTES : LENGTH_BYTES + HEADER_LENGTH + len(header.core)])
