"""Letting somebody in by a code that is spoken: a member's side, and the newcomer's."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace

from presence.errors import HostError, PresenceError, SealError, UsageError
from presence.transport.signalling import SignallingClient
from presence.wire.link import RoomLink
from presence.wire.pairing import Invitation, Newcomer, new_words, parse_code, stretched
from presence.wire.signalling import Join, MemberLeft, Pairing

ANSWER_SECONDS = 10.0
"""How long the member may take for each answer."""

log = logging.getLogger(__name__)


class Inviter:
    """Whoever lets others in. State: the code that is good now, if any, and what came of the last.

    After each who came by it there is another code. After too many wrong ones there is none: so
    nobody can go on guessing.
    """

    def __init__(self, link: RoomLink, random: Callable[[int], bytes] = os.urandom) -> None:
        """Nobody is let in before :meth:`renew`."""
        self._link = link
        self._random = random
        self._stream = 0
        self._invitation: Invitation | None = None
        self._guessed = False

    @property
    def note(self) -> str:
        """For the person: the code to say, or why there is none."""
        if self._guessed:
            return "wrong codes were tried: no more codes until you join again with --invite"
        if self._invitation is None:
            return ""
        bare = replace(self._link, secret="")
        return f"to let somebody in: presence join {bare} --code {self._invitation.code}"

    async def renew(self, stream: int, now_ns: int) -> None:
        """Have a code that is good, for the number that one has in the room now."""
        old = self._invitation
        void = old is None or old.void(now_ns)
        if old is not None and void and not old.used:
            self._guessed, self._invitation = True, None
        if self._guessed or (not void and stream == self._stream):
            return
        words = new_words(self._random)
        # Slow on purpose, and the loop has other things to do.
        w = await asyncio.to_thread(stretched, self._link.room, stream, words)
        self._stream = stream
        self._invitation = Invitation(self._link.room, stream, words, w, self._link.secret)

    def receive(self, sender: int, box: bytes, now_ns: int) -> Pairing | None:
        """What to answer to a step that somebody sent, if there is a code."""
        if self._invitation is None:
            return None
        return Pairing(to=sender, box=self._invitation.receive(sender, box, now_ns))

    def went(self, stream: int) -> None:
        """Somebody is in the room no more."""
        if self._invitation is not None:
            self._invitation.forget(stream)


async def link_by_code(link: RoomLink, code: str, name: str) -> RoomLink:
    """The whole link of a room, given to who knows a member's code.

    Raises:
        UsageError: the code is none, or the wrong one.
        HostError: the room or the member cannot be reached.
    """
    stream, words = parse_code(code)
    newcomer = await asyncio.to_thread(Newcomer, link.room, stream, words)
    async with SignallingClient.connect(link, Join(name=name)) as signalling:
        if all(member.stream != stream for member in signalling.welcome.members):
            raise UsageError(
                f"nobody in the room has the number {stream} any more; ask for a new code"
            )
        try:
            return await _exchange(signalling, link, stream, newcomer)
        except TimeoutError:
            raise HostError(
                f"whoever has the code did not answer within {ANSWER_SECONDS:.0f} s; ask them "
                "whether they joined with --invite, and for a new code"
            ) from None
        except SealError as error:
            raise UsageError(f"the code does not let you in: {error}; ask for a new one") from None


async def _exchange(
    signalling: SignallingClient, link: RoomLink, stream: int, newcomer: Newcomer
) -> RoomLink:
    box: bytes | None = newcomer.begin()
    while box is not None:
        await signalling.send(Pairing(to=stream, box=box))
        async with asyncio.timeout(ANSWER_SECONDS):
            box = newcomer.receive(await _answer(signalling, stream))
    try:
        return replace(link, secret=newcomer.secret or "")
    except PresenceError as error:
        raise SealError(f"what came is no secret ({error})") from None


async def _answer(signalling: SignallingClient, stream: int) -> bytes:
    """The member's next step."""
    async for message in signalling:
        match message:
            case Pairing(sender=sender, box=box) if sender == stream:
                return box
            case MemberLeft(stream=left) if left == stream:
                break
    raise SealError("who gave it left the room")
