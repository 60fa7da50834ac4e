"""The rooms of one relay process, and the time that passes in them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator

from presence.clock import SECOND, Clock
from presence.relay.account import Account, account
from presence.relay.limits import RelayLimits
from presence.relay.logs import name_in_logs, tell
from presence.relay.member import Expelled, Member
from presence.relay.refusal import GOING, NO_ROOM_LEFT, RELAY_FULL, ROOM_FULL, RefusalError
from presence.relay.room import TICK_NS, Room
from presence.relay.tally import Tally
from presence.transport.carrier import Carrier

EMPTY = Expelled("left", "nobody is here any more")
"""Why trunks of a room end."""

log = logging.getLogger(__name__)


class _Timed:
    """One room on an event loop. State: when it is flushed next."""

    def __init__(
        self,
        limits: RelayLimits,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        tally: Tally,
        leave: Callable[[], None],
    ) -> None:
        self.room = Room(self._wake, limits, tally=tally)
        self._clock = clock
        self._loop = loop
        self._leave = leave
        self.holds = 0
        """How many are about to come, for whom it is kept."""
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
        self._leave()
        self.room.flush_took(self._clock.now_ns() - began_ns)


class Hall:
    """All rooms. State: the rooms by name, and the counts; one without members is forgotten."""

    def __init__(
        self,
        limits: RelayLimits,
        clock: Clock,
        *,
        salt: bytes = b"",
        on_people: Callable[[str, int], None] | None = None,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        """To be made on the event loop that carries it.

        Args:
            limits: What rooms and participants are allowed.
            clock: Passes.
            salt: Makes the names by which rooms are called where it is written of them.
            on_people: Is told the name of a room, and how many are in it, whenever that changes.
            leave: Has what carriers were given leave together.
        """
        self.tally = Tally()
        self.late_ns = 0
        """How much later than planned it was of late that this process got to its work."""
        self.draining = False
        """Whether nobody is let into a room that is not here yet."""
        self._limits = limits
        self._clock = clock
        self._salt = salt
        self._on_people = on_people
        self._leave = leave
        self._rooms: dict[str, _Timed] = {}
        self._told: dict[str, int] = {}

    @property
    def rooms(self) -> dict[str, Room]:
        """The rooms that somebody is in."""
        return {name: timed.room for name, timed in self._rooms.items()}

    @property
    def people(self) -> int:
        """How many are in all rooms."""
        return sum(len(timed.room.members) for timed in self._rooms.values())

    def check_place(self, name: str, stream: int, *, again_only: bool = False) -> None:
        """See whether somebody could join now.

        Args:
            name: The room.
            stream: Who would come.
            again_only: Only who is in the room may come, once more.

        Raises:
            RefusalError: they could not.
        """
        timed = self._rooms.get(name)
        if timed is None:
            why = self.why_not_ready()
            if why is not None:
                raise RefusalError("busy" if why == GOING else "full", why)
        elif stream in timed.room.members:
            return
        elif timed.room.full:
            raise RefusalError("full", ROOM_FULL)
        elif again_only or self.people >= self._limits.people:
            raise RefusalError("full", RELAY_FULL)

    def why_not_ready(self) -> str | None:
        """Why nobody can come into a new room; None: they can."""
        if self.draining:
            return GOING
        if len(self._rooms) >= self._limits.rooms:
            return NO_ROOM_LEFT
        return RELAY_FULL if self.people >= self._limits.people else None

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Have a room be here within the block, though nobody is in it yet."""
        timed = self._opened(name)
        timed.holds += 1
        try:
            yield
        finally:
            timed.holds -= 1

    def join(
        self, name: str, stream: int, carrier: Carrier, on_end: Callable[[Expelled], None]
    ) -> Member:
        """Somebody comes into a room; see :meth:`Room.join`."""
        member = self._opened(name).room.join(stream, carrier, on_end, self._clock.now_ns())
        self._tell()
        return member

    def open_trunk(
        self, name: str, node: str, carrier: Carrier, on_end: Callable[[Expelled], None]
    ) -> None:
        """A room that is here is linked to another relay; see :meth:`Room.open_trunk`.

        Raises:
            KeyError: it is not here any more.
        """
        self._rooms[name].room.open_trunk(node, carrier, on_end, self._clock.now_ns())

    async def keep_time(self) -> None:
        """Let time pass in all rooms, until cancelled."""
        while True:
            before_ns = self._clock.now_ns()
            await asyncio.sleep(TICK_NS / SECOND)
            now_ns = self._clock.now_ns()
            self.late_ns = max(0, now_ns - before_ns - TICK_NS)
            self.tally.late.add(self.late_ns / SECOND)
            for name, timed in list(self._rooms.items()):
                timed.room.tick(now_ns)
                if not timed.room.members and not timed.holds:
                    timed.room.close(EMPTY, now_ns)
                    timed.stop()
                    del self._rooms[name]
                    tell(
                        log, logging.INFO, "room_closed", "a room is empty", room=self.called(name)
                    )
            self._tell()

    def _opened(self, name: str) -> _Timed:
        timed = self._rooms.get(name)
        if timed is None:
            loop = asyncio.get_running_loop()
            timed = self._rooms[name] = _Timed(
                self._limits, self._clock, loop, self.tally, self._leave
            )
            tell(log, logging.INFO, "room_opened", "a room is opened", room=self.called(name))
        return timed

    def called(self, name: str) -> str:
        """What a room is called where it is written of it."""
        return name_in_logs(name, self._salt)

    def account(self, datagrams_dropped: dict[str, int]) -> Account:
        """How this process is now.

        Args:
            datagrams_dropped: Of which its port made nothing, by why.
        """
        members = [m for timed in self._rooms.values() for m in timed.room.members.values()]
        counted = self.tally.everything(members)
        rooms, people = len(self._rooms), len(members)
        return account(self.tally, counted, datagrams_dropped, rooms=rooms, people=people)

    def close(self, why: Expelled) -> None:
        """Say goodbye to everybody, and part from them."""
        now_ns = self._clock.now_ns()
        for timed in self._rooms.values():
            timed.stop()
            timed.room.close(why, now_ns)
        self._rooms.clear()

    def _tell(self) -> None:
        """Say of which rooms there are more or fewer people than was said last."""
        if self._on_people is None:
            return
        now = {name: len(timed.room.members) for name, timed in self._rooms.items()}
        for name in self._told.keys() | now.keys():
            people = now.get(name, 0)
            if people != self._told.get(name):
                self._on_people(name, people)
        self._told = now
