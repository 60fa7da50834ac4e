"""Whether a key of a terminal is held.

A terminal tells when a key goes down, and then, while it is held, again and again; it never tells
that it was let go. So it was when it has not been told of again for a while.
"""

from __future__ import annotations

from presence.clock import MILLISECOND

_FIRST_NS = 700 * MILLISECOND
"""Until a held key is told of again for the first time: 250 ms on a Linux console, 660 under X."""
_NEXT_NS = 200 * MILLISECOND
"""From then on it is every 25 to 40 ms, and somewhat unevenly through a network."""


class HeldKey:
    """See the module. State: until when the key counts as held."""

    def __init__(self) -> None:
        """It is not held."""
        self._until_ns: int | None = None

    def press(self, now_ns: int) -> None:
        """It was told of."""
        self._until_ns = now_ns + (_NEXT_NS if self.held(now_ns) else _FIRST_NS)

    def held(self, now_ns: int) -> bool:
        """Whether it is held."""
        if self._until_ns is not None and now_ns >= self._until_ns:
            self._until_ns = None
        return self._until_ns is not None
