"""The rooms of one relay process, and the time that passes in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from presence.clock import SECOND, Clock
from presence.relay.limits import RelayLimits
from presence.relay.member import Expelled, Member
from presence.relay.room import TICK_NS, Room
from presence.transport.carrier import Carrier


class _Timed:
    """One room on an event loop. State: when it is flushed next."""

    def __init__(self, limits: RelayLimits, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self.room = Room(self._wake, limits)
        self._clock = clock
        self._loop = loop
        self._handle: asyncio.Handle | None = None

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _wake(self, delay_ns: int) -> None:
        if self._handle is not None:
            self._handle.cancel()
        # At once is after everything that came in the same turn of the loop: voices that came
        # together leave together.
        self._handle = (
            self._loop.call_later(delay_ns / SECOND, self._flush)
            if delay_ns > 0
            else self._loop.call_soon(self._flush)
        )

    def _flush(self) -> None:
        self._handle = None
        began_ns = self._clock.now_ns()
        self.room.flush(began_ns)
        self.room.flush_took(self._clock.now_ns() - began_ns)


class Hall:
    """All rooms. State: the rooms by name; one without members is forgotten."""

    def __init__(self, limits: RelayLimits, clock: Clock) -> None:
        """To be made on the event loop that carries it."""
        self._limits = limits
        self._clock = clock
        self._rooms: dict[str, _Timed] = {}

    @property
    def rooms(self) -> dict[str, Room]:
        """The rooms that somebody is in."""
        return {name: timed.room for name, timed in self._rooms.items()}

    def has_place(self, name: str, stream: int) -> bool:
        """Whether somebody could join now."""
        timed = self._rooms.get(name)
        if timed is None:
            return len(self._rooms) < self._limits.rooms
        return not timed.room.full or stream in timed.room.members

    def join(
        self, name: str, stream: int, carrier: Carrier, on_end: Callable[[Expelled], None]
    ) -> Member:
        """Somebody comes into a room; see :meth:`Room.join`."""
        timed = self._rooms.get(name)
        if timed is None:
            loop = asyncio.get_running_loop()
            timed = self._rooms[name] = _Timed(self._limits, self._clock, loop)
        return timed.room.join(stream, carrier, on_end, self._clock.now_ns())

    async def keep_time(self) -> None:
        """Let time pass in all rooms, until cancelled."""
        while True:
            await asyncio.sleep(TICK_NS / SECOND)
            now_ns = self._clock.now_ns()
            for name, timed in list(self._rooms.items()):
                timed.room.tick(now_ns)
                if not timed.room.members:
                    timed.stop()
                    del self._rooms[name]

    def close(self, why: Expelled) -> None:
        """Say goodbye to everybody, and part from them."""
        now_ns = self._clock.now_ns()
        for timed in self._rooms.values():
            timed.stop()
            timed.room.close(why, now_ns)
        self._rooms.clear()
