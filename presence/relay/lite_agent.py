"""An ICE agent that only answers (RFC 8445 section 2.5), on a port that others use as well.

Towards aiortc it is what :class:`aioice.ice.Connection` is. The other side looks for a way, and
says which it took; here that is believed of whoever proves that they were let in.

Where somebody is heard from later, because a router gave them another address, they are followed
there, but not before they have shown that they hear what is sent there: else a member could have
all that they are sent go to somebody who never asked for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Protocol

from aioice import Candidate
from aioice.ice import ConnectionClosed, ConnectionEvent

from presence.allowance import Allowance
from presence.clock import MILLISECOND, SECOND, Clock
from presence.relay import binding
from presence.relay.datagrams import Datagrams, Way

CONSENT_NS = 30 * SECOND
"""Whoever has not asked for so long whether it is still there is sent nothing more (RFC 7675
section 5.1)."""
CHECKS_A_SECOND, CHECKS_AT_ONCE = 20.0, 100.0
"""Checks in one agent's name that are looked at."""
_WAYS = 4
_TRANSACTIONS = 32
_QUEUED = 256
_AGAIN_NS = 100 * MILLISECOND
_SILENT_NS = SECOND
"""When nothing has come for so long from where somebody was, they may be somewhere else."""


class Lobby(Protocol):
    """What an agent asks of the port on which it is."""

    def candidates(self) -> list[Candidate]:
        """At which addresses the port is reached."""
        ...

    def known(self, way: Way) -> None:
        """Somebody has shown that they are at an address."""
        ...

    def forgotten(self, way: Way) -> None:
        """They are not looked for there any more."""
        ...

    def asked(self, transaction: bytes, agent: LiteAgent) -> None:
        """An answer with that number is for an agent."""
        ...

    def gone(self, agent: LiteAgent) -> None:
        """An agent is closed."""
        ...


class LiteAgent:
    """One participant's. State: where they are, and what came that nobody took yet."""

    def __init__(self, lobby: Lobby, username: str, password: str, clock: Clock) -> None:
        """Nobody has come yet.

        Args:
            lobby: The port.
            username: By which checks ask for this agent; no other's on the port.
            password: Which proves that they may.
            clock: Says when something came.
        """
        self.ice_controlling = False
        self.remote_is_lite = False
        self.remote_username: str | None = None
        self.remote_password: str | None = None
        self.stun_server = self.turn_server = None
        self.local_username = username
        self.local_password = password
        self.remote_candidates: list[Candidate] = []
        self.way: Way | None = None
        """Where the other side is."""
        self.on_rtp: Callable[[Datagrams, int, int], None] | None = None
        """Takes a datagram whose first byte is RTP's: where it lies, and how long it is."""
        self.checked_ns = clock.now_ns()
        """When a check last proved that the other side wants to be sent something."""
        self.refused = 0
        """Checks that proved nothing, or were too many."""
        self._lobby = lobby
        self._clock = clock
        self._checks = Allowance(CHECKS_A_SECOND, CHECKS_AT_ONCE, self.checked_ns)
        self._ways: dict[Hashable, Way] = {}
        self._shown: set[Hashable] = set()
        """Where they have shown that they hear."""
        self._nominated: dict[int, Way] = {}
        """For those who ask an agent of aioice which pair it chose: never any."""
        self._protocols: list[object] = []
        self._wanted: Hashable = None
        """Where they said last that they want to be."""
        self._transactions: dict[bytes, Hashable] = {}
        """Of the last checks, from where each came: repeated elsewhere, it proves nothing."""
        self._challenged: tuple[bytes, Way] | None = None
        self._challenged_ns = 0
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._found = asyncio.Event()
        self._closed = False
        self._waiter: asyncio.Future[ConnectionEvent] | None = None

    # What aiortc asks of an agent.

    @property
    def local_candidates(self) -> list[Candidate]:
        """At which addresses the other side may look."""
        return [] if self._closed else self._lobby.candidates()

    async def gather_candidates(self) -> None:
        """Nothing has to be looked for."""

    async def add_remote_candidate(self, candidate: Candidate | None) -> None:
        """Where the other side might be; it is believed only when heard from there."""
        if candidate is not None and len(self.remote_candidates) < 64:
            self.remote_candidates.append(candidate)

    async def connect(self) -> None:
        """Wait until the other side has found a way.

        Raises:
            ConnectionError: it was closed before.
        """
        await self._found.wait()
        if self._closed:
            raise ConnectionError("closed before a way was found")

    async def send(self, data: bytes) -> None:
        """Send a datagram.

        Raises:
            ConnectionError: there is no way, or no way any more.
        """
        if self.way is None or self._closed:
            raise ConnectionError("Cannot send data, not connected")
        self.way.datagrams.send(data, self.way)

    async def recv(self) -> bytes:
        """The next datagram that is neither STUN's nor anybody's who took it before.

        Raises:
            ConnectionError: there is no way, or no way any more.
        """
        if self.way is None or self._closed:
            raise ConnectionError("Cannot receive data, not connected")
        data = await self._queue.get()
        if data is None:
            raise ConnectionError("Connection lost while receiving data")
        return data

    def data_received(self, data: bytes, component: int) -> None:
        """A datagram came that is not STUN's."""
        if self._queue.qsize() < _QUEUED:
            self._queue.put_nowait(data)

    async def get_event(self) -> ConnectionEvent | None:
        """Wait until it is closed; None: it is."""
        if self._closed:
            return None
        self._waiter = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._waiter)

    async def close(self) -> None:
        """Be asked for no more; closing twice is no error."""
        self.end()

    # What the port asks of it.

    def end(self) -> None:
        """The same, at once."""
        if self._closed:
            return
        self._closed = True
        for way in self._ways.values():
            self._lobby.forgotten(way)
        self._ways.clear()
        self._lobby.gone(self)
        self._found.set()
        self._queue.put_nowait(None)
        self.on_rtp = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(ConnectionClosed())

    def expired(self, now_ns: int) -> bool:
        """Whether the other side has not asked for too long."""
        return now_ns - self.checked_ns > CONSENT_NS

    def checked(self, data: bytes, transaction: bytes, way: Way, now_ns: int) -> bytes | None:
        """A check came that asks for this agent; gives the answer to it; None: it gets none.

        Args:
            data: The check.
            transaction: Its number.
            way: From where it came; the same one that the agent had before, if it had.
            now_ns: The time.
        """
        if not self._checks.take(now_ns):
            self.refused += 1
            return None
        check = binding.proven(data, self.local_password)
        if check is None or self._transactions.setdefault(transaction, way.key) != way.key:
            self.refused += 1
            return None
        if len(self._transactions) > _TRANSACTIONS:
            del self._transactions[next(iter(self._transactions))]
        response = binding.answer(check, way.address, self.local_password)
        if "ICE-CONTROLLED" in check.attributes:
            return response
        self.checked_ns = now_ns
        way.heard_ns = now_ns
        self._remember(way)
        if "USE-CANDIDATE" in check.attributes:
            self._wanted = way.key
            if self.way is None:
                # Nothing but a handshake is sent there, which nobody can answer who does not hear.
                self.way = way
                self._found.set()
        if way is not self.way:
            self.elsewhere(way, now_ns)
        return response

    def elsewhere(self, way: Way, now_ns: int) -> None:
        """Something came from where they are known to be, but not from where they are sent to."""
        if self.way is None:
            return
        if way.key != self._wanted and now_ns - self.way.heard_ns < _SILENT_NS:
            return
        if way.key in self._shown:
            self.way = way
            return
        if self.remote_username is None or self.remote_password is None:
            return
        if self._challenged is not None and now_ns - self._challenged_ns < _AGAIN_NS:
            return
        number, request = binding.challenge(
            self.remote_username, self.local_username, self.remote_password
        )
        self._challenged, self._challenged_ns = (number, way), now_ns
        self._lobby.asked(number, self)
        way.datagrams.send(request, way)

    def answered(self, data: bytes, transaction: bytes, key: Hashable) -> None:
        """An answer came to what was asked of whoever is at an address."""
        if self._challenged is None or self._challenged[0] != transaction:
            return
        way = self._challenged[1]
        if way.key != key or self.remote_password is None:
            return
        if binding.proven(data, self.remote_password) is None:
            self.refused += 1
            return
        self._challenged = None
        self._shown.add(key)
        if key in self._ways:
            self.way = way

    def _remember(self, way: Way) -> None:
        if way.key in self._ways:
            return
        while len(self._ways) >= _WAYS:
            oldest = next(key for key, one in self._ways.items() if one is not self.way)
            self._shown.discard(oldest)
            self._lobby.forgotten(self._ways.pop(oldest))
        self._ways[way.key] = way
        way.owner = self
        self._lobby.known(way)
