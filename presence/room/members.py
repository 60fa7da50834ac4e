"""Who is in a room: joining, leaving, being lost, and who is told of it.

A pure protocol core: it is told what came and what time it is, and collects what is to be sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from presence.errors import SignallingError
from presence.wire.signalling import (
    SILENCE_NS,
    ClientMessage,
    Description,
    Heartbeat,
    HostMessage,
    Join,
    Leave,
    Member,
    MemberJoined,
    MemberLeft,
    Reason,
    Refused,
    Welcome,
)

CAPACITY = 5
"""Members of a room whose people connect straight to one another."""
LAST_STREAM = 0xFFFF


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent to one member."""

    stream: int
    message: HostMessage
    last: bool = False
    """Whether the connection is to be closed after it."""


@dataclass(slots=True)
class _Present:
    """A member. State: when they were last heard."""

    member: Member
    token: str
    heard_ns: int


class Room:
    """One room. State: its members, how many ever joined, and what waits to be sent.

    After each call, :meth:`collect` gives what is to be sent because of it.
    """

    def __init__(self, new_token: Callable[[], str], capacity: int = CAPACITY) -> None:
        """``new_token`` gives a resume token that nobody can guess, another each time."""
        self._new_token = new_token
        self._capacity = capacity
        self._present: dict[int, _Present] = {}
        self._joins = 0
        self._outgoing: list[Outgoing] = []

    @property
    def members(self) -> tuple[Member, ...]:
        """Who is here, in the order of their joining."""
        return tuple(present.member for present in self._present.values())

    def collect(self) -> list[Outgoing]:
        """What is to be sent, in this order; each message is given once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def join(self, join: Join, now_ns: int) -> Welcome | Refused:
        """Let somebody in, or say why not; the answer goes to them before anything collected."""
        seat = join.seat
        for stream, present in self._present.items():
            if present.token == join.resume:
                seat = present.member.seat
                self._remove(stream, "replaced")
                break
        if len(self._present) >= self._capacity:
            return Refused(
                code="full",
                sentence=f"The room is full: {self._capacity} people are in it. "
                "Try again when somebody has left.",
            )
        if self._joins >= LAST_STREAM:
            return Refused(
                code="worn-out",
                sentence="This room has seen too many people come. "
                "Ask whoever hosts it to open a new one.",
            )
        self._joins += 1
        member = Member(
            stream=self._joins,
            seat=self._free_seat(seat),
            name=join.name,
            look=join.look,
            carriers=join.carriers,
        )
        others = self.members
        for other in others:
            self._outgoing.append(Outgoing(other.stream, MemberJoined(member=member)))
        token = self._new_token()
        self._present[member.stream] = _Present(member, token, now_ns)
        return Welcome(stream=member.stream, seat=member.seat, resume=token, members=others)

    def receive(self, stream: int, message: ClientMessage, now_ns: int) -> None:
        """Take in what a member said; somebody who is no member is not listened to.

        Raises:
            SignallingError: a member may not say that.
        """
        present = self._present.get(stream)
        if present is None:
            return
        present.heard_ns = now_ns
        match message:
            case Heartbeat():
                self._outgoing.append(Outgoing(stream, Heartbeat()))
            case Description(to=to, kind=kind, sdp=sdp):
                # To somebody who has just left, it is too late: the sender is being told of that.
                if to in self._present and to != stream:
                    forwarded = Description(to=to, sender=stream, kind=kind, sdp=sdp)
                    self._outgoing.append(Outgoing(to, forwarded))
            case Leave():
                self._remove(stream, "left")
            case Join():
                raise SignallingError("a member who is in the room asked to join it again")

    def disconnected(self, stream: int) -> None:
        """A member's connection ended; unless they left before, they are lost."""
        if stream in self._present:
            self._remove(stream, "lost")

    def tick(self, now_ns: int) -> None:
        """Lose whoever was silent for too long; call it several times a second."""
        silent = [
            stream
            for stream, present in self._present.items()
            if now_ns - present.heard_ns >= SILENCE_NS
        ]
        for stream in silent:
            self._remove(stream, "lost")

    def _free_seat(self, wished: int | None) -> int:
        taken = {present.member.seat for present in self._present.values()}
        free = [seat for seat in range(self._capacity) if seat not in taken]
        return wished if wished is not None and wished in free else free[0]

    def _remove(self, stream: int, reason: Reason) -> None:
        del self._present[stream]
        left = MemberLeft(stream=stream, reason=reason)
        self._outgoing.append(Outgoing(stream, left, last=True))
        self._outgoing += [Outgoing(other, left) for other in self._present]
