"""The rooms of one process: who comes into them, how they are, and the time that passes in them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from presence.clock import Clock
from presence.relay.account import Account
from presence.relay.admission import Admission
from presence.relay.door import Rooms, Welcome
from presence.relay.hall import Hall
from presence.relay.limits import RelayLimits
from presence.relay.member import Expelled
from presence.relay.port import Port
from presence.relay.reception import Reception

CLOSED = Expelled("closed", "the relay is shut down; it is made up for")


class Staff(Rooms, Protocol):
    """Whoever carries a relay's rooms: this process alone, or workers that it watches over."""

    @property
    def accounts(self) -> Mapping[int, Account | None]:
        """How each process that carries rooms is, by its number; None: it does not run."""

    @property
    def restarts(self) -> Mapping[int, int]:
        """How often each was started again."""

    @property
    def people(self) -> int:
        """In all rooms."""

    def drain(self) -> None:
        """Open no more rooms."""

    async def close(self) -> None:
        """Say goodbye to everybody, and end."""


class House:
    """State: the rooms, the connections to people, and the time."""

    def __init__(
        self,
        limits: RelayLimits,
        clock: Clock,
        salt: bytes,
        port: Port,
        on_people: Callable[[str, int], None] | None = None,
    ) -> None:
        """To be made on the event loop that carries it.

        Args:
            limits: What rooms and participants are allowed.
            clock: Passes.
            salt: Makes the names by which rooms are called where it is written of them.
            port: By which people are reached; it is the house's to close.
            on_people: Is told the name of a room, and how many are in it, whenever that changes.
        """
        self.hall = Hall(limits, clock, salt=salt, on_people=on_people, leave=port.flush)
        self.port = port
        self.restarts: Counter[int] = Counter()
        self._reception = Reception(self.hall, port, clock)
        self._keeping = asyncio.create_task(self.hall.keep_time())

    async def connect(
        self, admission: Admission, sdp: str, welcome: Welcome, *, again_only: bool = False
    ) -> None:
        """See :class:`presence.relay.door.Rooms`; ``again_only`` lets in only who is in already."""
        await self._reception.connect(admission, sdp, welcome, again_only=again_only)

    def why_not_ready(self) -> str | None:
        """See :class:`presence.relay.door.Rooms`."""
        return self.hall.why_not_ready()

    @property
    def accounts(self) -> Mapping[int, Account | None]:
        """How this process is."""
        return {1: self.account()}

    def account(self) -> Account:
        """The same, for whoever carries rooms for others."""
        return self.hall.account(self.port.dropped)

    @property
    def people(self) -> int:
        """In all rooms."""
        return self.hall.people

    def drain(self) -> None:
        """Open no more rooms."""
        self.hall.draining = True

    async def close(self) -> None:
        """Say goodbye to everybody, and end."""
        self._keeping.cancel()
        self.hall.close(CLOSED)
        await self._reception.close()
        await asyncio.gather(self._keeping, return_exceptions=True)
        self.port.close()
