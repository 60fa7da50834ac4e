"""Another relay in the same room: what comes of its people, and what goes to them.

What comes by a trunk goes to this relay's own people alone, never to another trunk. So every two
relays of a room have one between them, and nothing takes more than one hop more, or goes round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from presence.relay.limits import RelayLimits
from presence.relay.member import Expelled, Member
from presence.relay.source import Source
from presence.transport.carrier import Carrier

NOBODY = 0
"""No participant's number: a trunk is everybody's who is at the other relay."""


class Trunk(Member):
    """One. State: besides a member's, a source for each who is at the other relay."""

    elsewhere = True

    def __init__(
        self,
        node: str,
        carrier: Carrier,
        on_end: Callable[[Expelled], None],
        limits: RelayLimits,
        now_ns: int,
    ) -> None:
        """It has just opened.

        Args:
            node: The other relay.
            carrier: How it is reached.
            on_end: Is told when the room parts from it.
            limits: Of one participant; a trunk has as many as a room.
            now_ns: The time.
        """
        people = limits.capacity
        room_for_all = replace(
            limits,
            envelopes_per_s=limits.envelopes_per_s * people,
            kib_per_s=limits.kib_per_s * people,
            bundles_per_s=limits.bundles_per_s * people,
            requests_per_s=limits.requests_per_s * people,
        )
        super().__init__(NOBODY, carrier, on_end, room_for_all, now_ns)
        self.node = node
        self.sources: dict[int, Source] = {}
        self.pinged_ns = now_ns
        self._heard: dict[int, int] = {}

    def source_of(self, stream: int, now_ns: int) -> Source:
        """Whoever at the other relay has that number."""
        self._heard[stream] = now_ns
        source = self.sources.get(stream)
        if source is None:
            source = self.sources[stream] = Source(stream, now_ns)
        return source

    def forget_silent(self, now_ns: int) -> bool:
        """Forget those who are at the other relay no more; gives whether there were any."""
        gone = [s for s, heard_ns in self._heard.items() if now_ns - heard_ns > self.lost_ns]
        for stream in gone:
            del self._heard[stream], self.sources[stream]
        return bool(gone)
