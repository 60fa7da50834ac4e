"""The host's end of signalling: WebSockets around a :class:`~presence.room.members.Room`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from presence.allowance import Allowance
from presence.clock import MILLISECOND, SECOND, Clock
from presence.errors import SignallingError
from presence.host.kept_places import KeptPlaces
from presence.host.limits import Limits
from presence.host.relay_desk import RelayDesk
from presence.host.switchboard import Switchboard
from presence.room.members import LAST_STREAM, RETURNING_NS, Outgoing, Room
from presence.room.resume import KEY_BYTES, ResumeTokens
from presence.wire.signalling import (
    ClientMessage,
    HostMessage,
    IceServer,
    IceServers,
    IceServersRequest,
    Join,
    MemberLeft,
    NoRelay,
    Refused,
    RelayPlace,
    RelayRequest,
    decode_client_message,
    encode_message,
)

TICK_NS = 200 * MILLISECOND
"""How often the silent are looked for."""
_NORMAL, _POLICY = 1000, 1008
"""WebSocket close codes (RFC 6455, section 7.4.1)."""
_LAST_WORDS_S = 1.0
"""Seconds to say why a connection is closed, to whom may not be reading."""

_BUSY = "Too many people are at the door at once. Try again in a few seconds."

_log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """Somebody is told no, and goes. It never leaves this module."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.message = Refused(code=code, sentence=sentence)


class _AnsweredError(Exception):
    """Somebody who did not want in has their answer. It never leaves this module."""

    def __init__(self, message: HostMessage) -> None:
        super().__init__("answered")
        self.message = message


@dataclass(frozen=True, slots=True, eq=False)
class _Connection:
    """A member's connection. State: what waits to be sent over it."""

    stream: int
    name: str
    unsent: asyncio.Queue[Outgoing]


class Reception:
    """Lets people into one room and carries their messages. State: the room and its connections."""

    def __init__(
        self,
        room: str,
        limits: Limits,
        clock: Clock,
        report: Callable[[str], None],
        *,
        resume_key: bytes | None = None,
        reopened: bool = False,
        ice_servers: Callable[[str], tuple[IceServer, ...]] = lambda user: (),
        places: KeptPlaces | None = None,
        relay: RelayDesk | None = None,
    ) -> None:
        """Receive the people of the room named ``room``; ``report`` takes a line about each.

        Args:
            room: The room's name.
            limits: What people may do.
            clock: The time.
            report: Takes a line about each who comes or goes.
            resume_key: Signs what people get to prove who they were; None makes one, and after a
                restart nobody can.
            reopened: Whether people may have been let in before, by a host that was restarted.
            places: Where it is written down who has which place; None: nowhere.
            ice_servers: Gives the STUN and TURN servers, with credentials for one user.
            relay: Knows of the room's relay; None: nothing is ever said of one.
        """
        self._room = room
        self._limits = limits
        self._clock = clock
        self._report = report
        self._members = Room(
            ResumeTokens(resume_key or secrets.token_bytes(KEY_BYTES), room),
            lambda: secrets.randbits(32),
            limits.capacity if relay is None or not relay.possible else limits.relayed_capacity,
            last_stream=secrets.randbelow(LAST_STREAM) if reopened else 0,
            returning_until_ns=clock.now_ns() + RETURNING_NS if reopened else 0,
            returning=places.read() if reopened and places is not None else (),
        )
        self._places = places
        self._ice_servers = ice_servers
        self._relay = relay
        if relay is not None:
            relay.on_change = self._tell_of_relay
        self.switchboard = Switchboard(limits, clock)
        """Carries what members cannot send one another otherwise."""
        self._connections: dict[int, _Connection] = {}
        self._waiting = 0
        self._joins = Allowance(limits.joins_per_s, 2 * limits.joins_per_s, clock.now_ns())

    @property
    def people(self) -> int:
        """How many are in the room."""
        return len(self._members.members)

    def is_room(self, name: str) -> bool:
        """Whether the room has this name; how long that takes tells nothing about the name."""
        return secrets.compare_digest(name.encode(), self._room.encode())

    async def keep_time(self) -> None:
        """Look for the silent, until cancelled."""
        while True:
            await asyncio.sleep(TICK_NS / SECOND)
            self._members.tick(self._clock.now_ns())
            self._deliver()

    async def receive(self, websocket: WebSocket, room: str) -> None:
        """Serve one connection to ``room`` from its opening to its end."""
        try:
            await self._receive(websocket, room)
        except WebSocketDisconnect:
            pass
        except _AnsweredError as answered:
            await _say_last(websocket, answered.message, _NORMAL)
        except _RefusedError as refused:
            _log.info("refused a connection: %s", refused)
            await _say_last(websocket, refused.message, _POLICY)
        except Exception:
            # A fault of ours costs this connection, not the room.
            _log.exception("a connection ended by a fault of the host's own")
            if websocket.application_state is WebSocketState.CONNECTED:
                await websocket.close(1011)

    async def _receive(self, websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        connection = await self._admit(websocket, room)
        hearing = asyncio.create_task(self._hear(websocket, connection))
        telling = asyncio.create_task(_tell(websocket, connection.unsent))
        try:
            done, _ = await asyncio.wait((hearing, telling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # One that was replaced takes nobody along.
            if self._connections.get(connection.stream) is connection:
                self._members.disconnected(connection.stream)
                self._deliver()
            for task in (hearing, telling):
                task.cancel()
            await asyncio.gather(hearing, telling, return_exceptions=True)
        for task in done:
            task.result()

    async def _admit(self, websocket: WebSocket, room: str) -> _Connection:
        """Hear who it is, and let them in."""
        if self._waiting >= self._limits.waiting:
            raise _RefusedError("busy", _BUSY)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.join_timeout_s):
                text = await _next_text(websocket)
        except TimeoutError:
            raise _RefusedError(
                "malformed", "You did not say who you are in time. Try again."
            ) from None
        finally:
            self._waiting -= 1
        # Whatever the answer, only once they have spoken: closing with their words unread would
        # reset the connection, and they might never read why.
        if not self._joins.take(self._clock.now_ns()):
            raise _RefusedError("busy", _BUSY)
        if not self.is_room(room):
            raise _RefusedError(
                "no-such-room",
                "There is no such room on this host. Ask for the link again: it is new each time "
                "that a room is opened.",
            )
        join = _decode(text)
        if isinstance(join, IceServersRequest):
            raise _AnsweredError(IceServers(ice_servers=self._ice_servers("visitor")))
        if not isinstance(join, Join):
            raise _RefusedError("malformed", "The first message must be a Join.")
        answer = self._members.join(join, self._clock.now_ns())
        if isinstance(answer, Refused):
            raise _RefusedError(answer.code, answer.sentence)
        # If this one replaces another of the same number, that one's last words come first. What
        # is noted of them is before they hear of it.
        self._deliver()
        answer = msgspec.structs.replace(
            answer,
            ice_servers=self._ice_servers(f"member-{answer.stream}"),
            carrier=self.switchboard.expect(answer.stream),
        )
        unsent: asyncio.Queue[Outgoing] = asyncio.Queue(self._limits.unsent)
        unsent.put_nowait(Outgoing(answer.stream, answer))
        connection = _Connection(answer.stream, join.name, unsent)
        self._connections[answer.stream] = connection
        if self._relay is not None:
            self._relay.people(self._connections.keys())
            if self._relay.wanted:
                self._tell_of_relay(answer.stream)
        self._report(f"{join.name} came; {self._count()}")
        return connection

    async def _hear(self, websocket: WebSocket, connection: _Connection) -> None:
        """Take in what a member says until they go."""
        per_s = self._limits.messages_per_s
        allowance = Allowance(per_s, 2 * per_s, self._clock.now_ns())
        while True:
            text = await _next_text(websocket)
            now_ns = self._clock.now_ns()
            if not allowance.take(now_ns):
                raise _RefusedError(
                    "busy", "You sent too many messages at once. Join again, more slowly."
                )
            if self._connections.get(connection.stream) is not connection:
                continue  # They are being told that they went, or were replaced.
            message = _decode(text)
            if isinstance(message, IceServersRequest):
                servers = self._ice_servers(f"member-{connection.stream}")
                self._enqueue(Outgoing(connection.stream, IceServers(ice_servers=servers)))
            if isinstance(message, RelayRequest):
                self._answer_of_relay(connection.stream, message)
            try:
                self._members.receive(connection.stream, message, now_ns)
            except SignallingError as error:
                raise _RefusedError(
                    "malformed", f"The host does not understand: {error}."
                ) from None
            self._deliver()

    def _deliver(self) -> None:
        """Hand what the room has to say to the connections, and note who has which place."""
        if self._places is not None:
            self._places.write(self._members.claims)
        while outgoings := self._members.collect():
            for outgoing in outgoings:
                self._enqueue(outgoing)

    def _answer_of_relay(self, stream: int, request: RelayRequest) -> None:
        relay = self._relay
        if relay is None:
            word = NoRelay(sentence="this host has no relay; leave --path relay out")
            self._enqueue(Outgoing(stream, word))
            return
        if request.alone:
            relay.takes_no_other_way(stream, self._connections.keys())
        self._enqueue(Outgoing(stream, relay.word_for(stream)))

    def _tell_of_relay(self, stream: int | None = None) -> None:
        """Tell one member, or everybody, what is to be known of the relay now."""
        if self._relay is None:
            return
        for one in [stream] if stream is not None else list(self._connections):
            word = self._relay.word_for(one)
            # That it is about to begin is for nobody to know who did not ask.
            if isinstance(word, RelayPlace) or not self._relay.wanted:
                self._enqueue(Outgoing(one, word))

    def _enqueue(self, outgoing: Outgoing) -> None:
        connection = self._connections.get(outgoing.stream)
        if connection is None:
            return
        unsent = connection.unsent
        if isinstance(outgoing.message, MemberLeft) and outgoing.last:
            del self._connections[outgoing.stream]
            self.switchboard.dismiss(outgoing.stream)
            if self._relay is not None:
                self._relay.people(self._connections.keys())
            self._report(f"{connection.name} {_WENT[outgoing.message.reason]}; {self._count()}")
            while unsent.full():
                unsent.get_nowait()
        elif unsent.full():
            # They do not read, and memory does not wait for their silence to be noticed.
            self._members.disconnected(outgoing.stream)
            return
        unsent.put_nowait(outgoing)

    def _count(self) -> str:
        count = self.people
        return f"{count} {'person is' if count == 1 else 'people are'} in the room"


_WENT = {"left": "left", "lost": "was lost", "replaced": "came back by a new connection"}


async def _tell(websocket: WebSocket, unsent: asyncio.Queue[Outgoing]) -> None:
    """Send a member what there is to be told, up to the last."""
    while True:
        outgoing = await unsent.get()
        if outgoing.last:
            await _say_last(websocket, outgoing.message, _NORMAL)
            return
        await websocket.send_text(encode_message(outgoing.message))


async def _say_last(websocket: WebSocket, message: HostMessage, code: int) -> None:
    """Send one more message and close; to somebody who is gone, that does nothing."""
    with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(_LAST_WORDS_S):
            await websocket.send_text(encode_message(message))
            await websocket.close(code)


async def _next_text(websocket: WebSocket) -> str:
    event = await websocket.receive()
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event["code"], event.get("reason"))
    text = event.get("text")
    if text is None:
        raise _RefusedError("malformed", "Signalling messages are text, but bytes came.")
    return str(text)


def _decode(text: str) -> ClientMessage:
    try:
        return decode_client_message(text)
    except SignallingError as error:
        raise _RefusedError("malformed", f"The host does not understand: {error}.") from None
