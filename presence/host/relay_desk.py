"""Whether a room goes by a relay, where that is, and what lets each member come to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.errors import HostError
from presence.relay.admission import Admission, sign_admission
from presence.wire.signalling import NoRelay, RelayPlace

TOKEN_S = 3600
"""Seconds for which a token is good: so long a member finds back to the relay without the host."""
LOOK_S = 0.3
"""How often it is looked whether the relay runs."""
_NOT_YET = "the room's relay is being started; wait a moment"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0

log = logging.getLogger(__name__)


class RelayServer(Protocol):
    """A relay that is somewhere, or can be begun."""

    @property
    def url(self) -> str | None:
        """Where people come; None: it does not run."""

    @property
    def others(self) -> tuple[str, ...]:
        """Where else the same tokens are good."""

    @property
    def pin(self) -> str | None:
        """Of a certificate that it made itself."""

    async def begin(self) -> object:
        """Have it run.

        Raises:
            HostError: it does not begin.
        """


class RelayDesk:
    """One room's. State: how many are there, who takes no other way, and whether it runs."""

    def __init__(
        self,
        room: str,
        key: Ed25519PrivateKey,
        server: RelayServer | None,
        above: int,
        *,
        now_s: Callable[[], int],
        report: Callable[[str], None] = log.info,
        why_none: str = "",
    ) -> None:
        """Nobody is there.

        Args:
            room: The room's name.
            key: Signs tokens.
            server: The relay; None: there is none, and ``why_none`` says why, for a person.
            above: More people than these go by it.
            report: Takes a line, for whoever runs the host, when the room goes another way.
            now_s: Gives the wall clock's seconds since 1970, which a relay compares with its own.
            why_none: See ``server``.
        """
        self.on_change: Callable[[], None] | None = None
        """What :meth:`word_for` says has changed, for everybody."""
        self._room = room
        self._key = key
        self._server = server
        self._above = above
        self._now_s = now_s
        self._report = report
        self._why_none = why_none
        self._problem = ""
        self._alone: set[int] = set()
        self._wanted = False
        self._told: str | None = None

    @property
    def possible(self) -> bool:
        """Whether there is one, or can be."""
        return self._server is not None

    @property
    def wanted(self) -> bool:
        """Whether the room is to go by the relay."""
        return self._wanted

    def people(self, streams: Collection[int]) -> None:
        """These are in the room now."""
        self._alone.intersection_update(streams)
        if self._server is None:
            return
        # One fewer to go back than to come, so that somebody who comes and goes moves nobody.
        above = self._above - 1 if self._wanted and not self._alone else self._above
        wanted = len(streams) > above or bool(self._alone)
        if wanted != self._wanted:
            self._wanted = wanted
            if not wanted:
                self._report("the room needs its relay no more: all are linked straight again")
            self._say()

    def takes_no_other_way(self, stream: int, streams: Collection[int]) -> None:
        """A member can be reached by the relay alone."""
        self._alone.add(stream)
        self.people(streams)

    def word_for(self, stream: int) -> RelayPlace | NoRelay:
        """What a member is told of the relay now."""
        server = self._server
        url = server.url if server is not None else None
        if server is None or url is None:
            return NoRelay(sentence=self._why_none or self._problem or _NOT_YET)
        admission = Admission(self._room, stream, self._now_s() + TOKEN_S)
        return RelayPlace(
            url=url,
            pin=server.pin,
            others=server.others,
            token=sign_admission(self._key, admission),
            lifetime_s=TOKEN_S,
            wanted=self._wanted,
        )

    async def keep(self) -> None:
        """Have the relay run for as long as it is wanted, until cancelled."""
        pause_s = _FIRST_PAUSE_S
        while self._server is not None:
            await asyncio.sleep(LOOK_S)
            if not self._wanted:
                continue
            if self._server.url is None:
                # Who asks meanwhile is told that there is none.
                self._told = None
                try:
                    await self._server.begin()
                    self._problem = ""
                    pause_s = _FIRST_PAUSE_S
                except HostError as error:
                    self._problem = f"the room's relay is not there: {error}"
                    self._report(f"{self._problem}; trying again")
                    await asyncio.sleep(pause_s)
                    pause_s = min(2.0 * pause_s, _LONGEST_PAUSE_S)
            if self._server.url != self._told:
                self._say()
                self._report(f"the room goes by its relay, {self._told}")

    def _say(self) -> None:
        self._told = self._server.url if self._server is not None else None
        if self.on_change is not None:
            self.on_change()
