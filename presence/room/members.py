"""Who is in a room: joining, leaving, being lost, and who is told of it.

A pure protocol core: it is told what came and what time it is, and collects what is to be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from presence.errors import SignallingError
from presence.room.resume import Claim, ResumeTokens
from presence.wire.signalling import (
    SILENCE_NS,
    ClientMessage,
    Description,
    Heartbeat,
    HostMessage,
    Join,
    KeyPackage,
    KeyRequest,
    Leave,
    Member,
    MemberJoined,
    MemberLeft,
    Pairing,
    Reason,
    Refused,
    Welcome,
)

CAPACITY = 5
"""Members of a room whose people connect straight to one another."""
RELAYED_CAPACITY = 30
"""And of one whose people may go by a relay."""
LAST_STREAM = 0xFFFF
HELD_NS = 600_000_000_000
"""For how long the place of somebody who was lost is kept."""
RETURNING_NS = 10_000_000_000
"""How long those who were there before a host's restart may need to find it again."""


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
    nonce: int
    heard_ns: int


@dataclass(frozen=True, slots=True)
class _Held:
    """The place of a member who was lost, or who was here before a restart."""

    seat: int
    nonce: int
    until_ns: int
    who: tuple[str, int] | None
    """Their name and look; None: before a restart, when nobody wrote those down."""


class Room:
    """One room. State: its members, the places of those lost, and what waits to be sent.

    After each call, :meth:`collect` gives what is to be sent because of it.
    """

    def __init__(
        self,
        tokens: ResumeTokens,
        new_nonce: Callable[[], int],
        capacity: int = CAPACITY,
        *,
        last_stream: int = 0,
        returning_until_ns: int = 0,
        returning: Iterable[Claim] = (),
    ) -> None:
        """Nobody is here.

        Args:
            tokens: Make and read what proves who somebody was.
            new_nonce: Gives 32 bits that are seldom the same.
            capacity: How many may be here at once.
            last_stream: The number after which to count. Where people may be who were let in
                before a restart, a random one: so no newcomer gets a number that is in use.
            returning_until_ns: Until then such people may come; newcomers get other seats than
                those that are usually taken.
            returning: What those had who were here before a restart, as :attr:`claims` said then;
                until that time it is kept for them.
        """
        self._tokens = tokens
        self._new_nonce = new_nonce
        self._capacity = capacity
        self._last_stream = last_stream
        self._returning_until_ns = returning_until_ns
        self._present: dict[int, _Present] = {}
        self._held = {
            claim.stream: _Held(claim.seat, claim.nonce, returning_until_ns, None)
            for claim in returning
        }
        self._outgoing: list[Outgoing] = []

    @property
    def members(self) -> tuple[Member, ...]:
        """Who is here, in the order of their joining."""
        return tuple(present.member for present in self._present.values())

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What those have who are here, and those whose places are kept: to outlast a restart."""
        here = [
            Claim(s, present.member.seat, present.nonce) for s, present in self._present.items()
        ]
        return (*here, *(Claim(s, held.seat, held.nonce) for s, held in self._held.items()))

    def collect(self) -> list[Outgoing]:
        """What is to be sent, in this order; each message is given once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def join(self, join: Join, now_ns: int) -> Welcome | Refused:
        """Let somebody in, or say why not; the answer goes to them before anything collected.

        Who proves to have been a member has their number and seat back. If that member is still
        here by an old connection, that one is told that it is replaced, and is not to be listened
        to any more; the others hear no more than that the member came, again.
        """
        self._forget_held(now_ns)
        stream, seat, nonce = self._claim(join)
        if len(self._present) + len(self._held) >= self._capacity:
            return self._full()
        member = Member(
            stream=stream or self._free_stream(),
            seat=self._free_seat(seat, now_ns),
            name=join.name,
            look=join.look,
            carriers=join.carriers,
            identity=join.identity,
        )
        others = self.members
        for other in others:
            self._outgoing.append(Outgoing(other.stream, MemberJoined(member=member)))
        self._present[member.stream] = _Present(member, nonce, now_ns)
        token = self._tokens.make(Claim(member.stream, member.seat, nonce))
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
            case Description(to=to) | KeyPackage(to=to) | KeyRequest(to=to) | Pairing(to=to):
                # To somebody who has just left, it is too late: the sender is being told of that.
                if to in self._present and to != stream:
                    forwarded = msgspec.structs.replace(message, sender=stream)
                    self._outgoing.append(Outgoing(to, forwarded))
            case Leave():
                self._remove(stream, "left")
            case Join():
                raise SignallingError("a member who is in the room asked to join it again")

    def disconnected(self, stream: int) -> None:
        """A member's connection ended; unless they left before, they are lost."""
        if stream in self._present:
            self._lose(stream)

    def tick(self, now_ns: int) -> None:
        """Lose whoever was silent for too long; call it several times a second."""
        silent = [
            stream
            for stream, present in self._present.items()
            if now_ns - present.heard_ns >= SILENCE_NS
        ]
        for stream in silent:
            self._lose(stream)
        self._forget_held(now_ns)

    def _claim(self, join: Join) -> tuple[int | None, int | None, int]:
        """The stream and seat that somebody has a claim to, and their nonce.

        Whoever has that place now, or for whom it is kept, is them: it is taken from there.
        """
        claim = self._tokens.read(join.resume) if join.resume is not None else None
        if claim is not None and claim.stream in self._present:
            present = self._present[claim.stream]
            if present.nonce == claim.nonce:
                del self._present[claim.stream]
                replaced = MemberLeft(stream=claim.stream, reason="replaced")
                self._outgoing.append(Outgoing(claim.stream, replaced, last=True))
                return claim.stream, present.member.seat, claim.nonce
        elif claim is not None and claim.stream in self._held:
            held = self._held[claim.stream]
            if held.nonce == claim.nonce:
                del self._held[claim.stream]
                return claim.stream, held.seat, claim.nonce
        elif claim is not None:
            # Before a restart of the host, or longer ago than places are kept.
            return claim.stream, claim.seat, claim.nonce
        # Somebody whose program was killed and begun again has no token any more.
        for stream, held in self._held.items():
            if held.who == (join.name, join.look):
                del self._held[stream]
                return None, held.seat, self._new_nonce()
        return None, join.seat, self._new_nonce()

    def _full(self) -> Refused:
        here, kept = len(self._present), ""
        if self._held:
            places = "1 place is" if len(self._held) == 1 else f"{len(self._held)} places are"
            kept = f", and {places} kept for somebody who was lost"
        return Refused(
            code="full",
            sentence=f"The room is full: {here} people are in it{kept}. "
            "Try again when somebody has left.",
        )

    def _free_stream(self) -> int:
        while True:
            self._last_stream = self._last_stream % LAST_STREAM + 1
            if self._last_stream not in self._present and self._last_stream not in self._held:
                return self._last_stream

    def _free_seat(self, wished: int | None, now_ns: int) -> int:
        taken = {present.member.seat for present in self._present.values()}
        taken |= {held.seat for held in self._held.values()}
        free = [seat for seat in range(self._capacity) if seat not in taken]
        if wished is not None and wished in free:
            return wished
        return free[-1 if now_ns < self._returning_until_ns else 0]

    def _forget_held(self, now_ns: int) -> None:
        self._held = {s: held for s, held in self._held.items() if now_ns < held.until_ns}

    def _lose(self, stream: int) -> None:
        present = self._present[stream]
        member, until_ns = present.member, present.heard_ns + HELD_NS
        who = (member.name, member.look)
        self._held[stream] = _Held(member.seat, present.nonce, until_ns, who)
        self._remove(stream, "lost")

    def _remove(self, stream: int, reason: Reason) -> None:
        del self._present[stream]
        left = MemberLeft(stream=stream, reason=reason)
        self._outgoing.append(Outgoing(stream, left, last=True))
        self._outgoing += [Outgoing(other, left) for other in self._present]
