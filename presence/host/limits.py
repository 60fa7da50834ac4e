"""What a host allows, so that nobody can wear it out."""

from __future__ import annotations

from dataclasses import dataclass

from presence.room.members import CAPACITY, RELAYED_CAPACITY


@dataclass(frozen=True, slots=True)
class Limits:
    """A host's limits."""

    capacity: int = CAPACITY
    """Members of a room without a relay."""
    relayed_capacity: int = RELAYED_CAPACITY
    """Members of one with a relay."""
    waiting: int = 32
    """Connections that have not joined yet."""
    join_timeout_s: float = 5.0
    """Seconds that a connection may take to say that it joins."""
    joins_per_s: float = 5.0
    """Attempts to join a second, from everywhere together, over time; twice as many at once."""
    messages_per_s: float = 50.0
    """Messages a second from one member, over time; twice as many at once."""
    frames_per_s: float = 1000.0
    """Frames a second that one member has carried through the host; twice as many at once."""
    carried_kib_per_s: float = 256.0
    """KiB a second of the same."""
    unsent: int = 256
    """Messages waiting to be sent to one member, after which the member is given up."""
