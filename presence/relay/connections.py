"""Who holds how many connections at a relay's door open, from the first byte on."""

from __future__ import annotations

import asyncio
from collections import Counter

from websockets.asyncio.server import ServerConnection

from presence.relay.limits import RelayLimits
from presence.relay.turnstile import subscriber

_RUDE = 2
"""So many times what an address may have is closed unheard: not even a sentence is owed then."""


class Connections:
    """State: how many are open, by address."""

    def __init__(self, limits: RelayLimits) -> None:
        """None is open."""
        self._limits = limits
        self._open: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many are open."""
        return self._open.total()

    def too_many(self, address: str) -> bool:
        """Whether an address has more than it may, or all together have."""
        return (
            self._open[address] > self._limits.address_connections
            or self.total > self._limits.connections
        )

    @property
    def counted(self) -> type[ServerConnection]:
        """What makes connections that are counted here."""
        here = self

        class Counted(ServerConnection):
            """One connection. State: whose it is."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                self.address = address_of(transport)
                here._open[self.address] += 1
                if here._open[self.address] > _RUDE * here._limits.address_connections:
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                here._open[self.address] -= 1
                if not here._open[self.address]:
                    del here._open[self.address]
                super().connection_lost(exc)

        return Counted


def address_of(transport: asyncio.BaseTransport) -> str:
    """What stands for whoever is at the other end; empty if they are gone already."""
    name = transport.get_extra_info("peername")
    return subscriber(str(name[0])) if name else ""
