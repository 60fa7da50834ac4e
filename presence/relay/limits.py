"""What a relay allows one participant, so that nobody can wear out the others."""

from __future__ import annotations

from dataclasses import dataclass

from presence.clock import SECOND


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """A relay's limits."""

    capacity: int = 100
    """People in one room."""
    rooms: int = 256
    """Rooms at the same time."""
    people: int = 2000
    """People in all rooms together."""
    envelopes_per_s: float = 300.0
    """Envelopes a second that are passed on of one participant, over time; as many at once. Two
    hundred and forty are 90 poses, their references again, and 50 packets of voice, with plenty."""
    kib_per_s: float = 96.0
    """KiB a second of the same."""
    bundles_per_s: float = 600.0
    """Bundles a second that are looked at; who sends more for two seconds is shown out."""
    malformed_per_s: float = 20.0
    """Bundles and envelopes a second that cannot be understood; more for five seconds likewise."""
    requests_per_s: float = 40.0
    """Messages a second to the relay itself."""
    lost_after_s: float = 3.0
    """Seconds without a word after which a participant is gone."""
    joins_per_s: float = 50.0
    """People who come a second, over time; whoever else comes is told when to come again."""
    joins_at_once: float = 200.0
    """People who come together after a quiet time."""
    address_joins_per_s: float = 10.0
    """The same from one address, which a whole office may share; of IPv6, from one /64."""
    address_joins_at_once: float = 100.0
    connections: int = 1024
    """WebSockets that are open at the same time; each is, for as long as somebody comes."""
    address_connections: int = 128
    """The same from one address."""


class Level:
    """A leaky bucket. State: how full it is, and when that was known."""

    __slots__ = ("_known_ns", "_limit", "_per_ns", "_value")

    def __init__(self, per_s: float, limit: float, now_ns: int) -> None:
        """``per_s`` leak out; ``limit`` fit."""
        self._per_ns = per_s / SECOND
        self._limit = limit
        self._value = 0.0
        self._known_ns = now_ns

    def add(self, amount: float, now_ns: int) -> bool:
        """Whether so much more fits; if so it is added."""
        value = max(0.0, self._value - (now_ns - self._known_ns) * self._per_ns)
        self._known_ns = now_ns
        fits = value + amount <= self._limit
        self._value = value + amount if fits else value
        return fits
