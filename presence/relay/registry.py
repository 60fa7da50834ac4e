"""What a relay knows of the others of its cluster: who runs, and which rooms are where.

All of it is hearsay, and gets old: a relay that said nothing for some seconds is taken for gone.
When nothing is heard of anybody, as when the bus is away, a relay goes on alone.

Sans-IO: it is told what was heard, and what time it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from presence.clock import SECOND

BEAT_NS = SECOND // 2
"""How often each relay says that it runs."""
SILENT_NS = 2 * SECOND
"""A relay of which nothing was heard for so long is gone."""
LEASE_NS = 10 * SECOND
"""For so long a room is at a relay that said so; then it must have said so again."""
_KEY_DIGITS = 32


class Card(msgspec.Struct, frozen=True):
    """What a relay says of itself."""

    node: str
    """Its name, another for each time that it begins."""
    url: str
    """Where people come to it."""
    people: int
    most: int
    """So many it takes."""
    draining: bool

    @property
    def open(self) -> bool:
        """Whether anybody else may come."""
        return not self.draining and self.people < self.most


@dataclass(slots=True)
class _Lease:
    since: int
    """The number of the entry by which it was first said: who has the lowest was first."""
    said_ns: int


class Registry:
    """State: the relays that were heard, and by room which of them have it."""

    def __init__(self, own: str) -> None:
        """Nothing is known of anybody; ``own`` is this relay's own name."""
        self._own = own
        self._cards: dict[str, tuple[Card, int]] = {}
        self._leases: dict[str, dict[str, _Lease]] = {}

    def heard(self, card: Card, now_ns: int) -> None:
        """A relay says how it is."""
        if card.node != self._own:
            self._cards[card.node] = card, now_ns

    def left(self, node: str) -> None:
        """A relay says that it ends."""
        self._cards.pop(node, None)
        for leases in self._leases.values():
            leases.pop(node, None)

    def has(self, room: str, node: str, number: int, now_ns: int) -> None:
        """A relay has a room.

        Args:
            room: By :func:`room_key`.
            node: The relay.
            number: Of the entry that says so; they count up over the whole cluster.
            now_ns: The time.
        """
        if node == self._own:
            return
        leases = self._leases.setdefault(room, {})
        lease = leases.get(node)
        if lease is None:
            leases[node] = _Lease(number, now_ns)
        else:
            lease.said_ns = now_ns

    def has_not(self, room: str, node: str) -> None:
        """A relay has a room no more."""
        leases = self._leases.get(room, {})
        leases.pop(node, None)
        if not leases:
            self._leases.pop(room, None)

    def nodes(self, now_ns: int) -> dict[str, Card]:
        """The other relays that run, by name."""
        return {
            node: card
            for node, (card, heard_ns) in self._cards.items()
            if now_ns - heard_ns < SILENT_NS
        }

    def partners(self, room: str, now_ns: int) -> list[Card]:
        """The others that have a room, who had it first before the rest."""
        running = self.nodes(now_ns)
        leases = self._leases.get(room, {})
        return [
            running[node]
            for node, lease in sorted(leases.items(), key=lambda item: item[1].since)
            if node in running and now_ns - lease.said_ns < LEASE_NS
        ]

    def elsewhere(self, room: str, *, here: bool, open_here: bool, now_ns: int) -> Card | None:
        """Where somebody who comes should rather go; None: nowhere.

        A room stays at one relay as long as that takes people, so that nothing needs a hop more.

        Args:
            room: By :func:`room_key`.
            here: Whether this relay has it.
            open_here: Whether this relay takes anybody.
            now_ns: The time.
        """
        if here and open_here:
            return None
        at = next((card for card in self.partners(room, now_ns) if card.open), None)
        if at is not None or open_here:
            return at
        others = [card for card in self.nodes(now_ns).values() if card.open]
        return min(others, key=lambda card: card.people / card.most, default=None)


def room_key(room: str) -> str:
    """What a room is called between relays: its name is nobody else's business."""
    return hashlib.sha256(f"presence room {room}".encode()).hexdigest()[:_KEY_DIGITS]
