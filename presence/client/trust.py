"""Whom one believes in a room, and the keys that follow from it: one's own and everybody else's.

A host says who is there; only whoever proved to know the link's secret is believed, is given one's
key, and is opened. One's key is another after each change of membership: the new one is sent to
all, and seals a moment later, when it has come. Whoever misses a key asks for it again.

Sans-IO: it is told what happened and what time it is, and collects what is to be sent.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from presence.clock import MILLISECOND, SECOND
from presence.errors import SealError, UnknownKeyError
from presence.wire.envelope import Envelope
from presence.wire.identity import OwnIdentity, check_identity
from presence.wire.key_package import Party, generation_of, pack_key, unpack_key
from presence.wire.sealing import Opener, Sealer
from presence.wire.sframe import BASE_KEY_LENGTH
from presence.wire.signalling import Identity, KeyPackage, KeyRequest, Member

HANDOVER_NS = 250 * MILLISECOND
"""How long after it was sent a new key is used: by then most have it."""
ASK_AFTER_NS = 150 * MILLISECOND
"""How long to wait for a key that is missing before asking for it."""
ASK_AGAIN_NS = 300 * MILLISECOND
"""How long to wait for an answer before asking again."""
WANTED_NS = SECOND
"""So long after the last envelope that could not be opened, its key is wanted no more."""
ANSWER_AGAIN_NS = 100 * MILLISECOND
"""Requests of one member that come within this time are one request."""
PAST_LIMIT = 256
"""Members who went that are remembered, so that nobody can replay what they sent."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Trusted:
    """A member who is believed. State: their keys, and what was asked of and by them."""

    identity: Identity
    party: Party
    opener: Opener
    missed_ns: int | None = None
    """When an envelope came first that could not be opened, since a key came last."""
    wanted_ns: int = 0
    """When one came last."""
    asked_ns: int | None = None
    answered_ns: int | None = None


@dataclass(slots=True)
class _OwnKey:
    """One of one's own keys. State: to whom it was given."""

    sealer: Sealer
    given: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member who is not believed."""

    name: str
    """As they call themselves."""
    sentence: str


class Trust:
    """Who is believed in one room. State: those members' keys, one's own, and what waits."""

    def __init__(self, own: OwnIdentity, random: Callable[[int], bytes] = os.urandom) -> None:
        """Nobody is believed yet; ``random`` gives so many bytes that nobody can guess."""
        self.control_numbers: Iterator[int] = itertools.count()
        """Numbers one's control envelopes, whatever link they go over and whenever it is made."""
        self.refused: dict[int, Refusal] = {}
        """Members who are not believed, and why."""
        self.bad_packages = 0
        """Key packages that were not what they claimed to be."""
        self._own = own
        self._random = random
        self._stream = 0
        self._members: dict[int, _Trusted] = {}
        self._past: dict[bytes, Opener] = {}
        """By the agreement key of who went: what came of them, should they be there again."""
        self._generation = 0
        self._current: _OwnKey | None = None
        self._next: _OwnKey | None = None
        self._next_due_ns = 0
        self._outgoing: list[KeyPackage | KeyRequest] = []

    def collect(self) -> list[KeyPackage | KeyRequest]:
        """What is to be sent through the host, in this order; each message is given once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def believes(self, stream: int) -> bool:
        """Whether that member is believed."""
        return stream in self._members

    # -- who is here -----------------------------------------------------------------------------

    def changed(self, members: Iterable[Member]) -> list[int]:
        """The numbers that are believed no more once these are: each is to be taken for gone first.

        Somebody else has theirs by now, or they have another: as when a host was begun anew and
        could not tell who is who.
        """
        gone: list[int] = []
        for member in members:
            identity = member.identity
            before = [
                stream
                for stream, trusted in self._members.items()
                if (trusted.identity != identity and stream == member.stream)
                or (
                    identity is not None
                    and trusted.identity.agreement == identity.agreement
                    and stream != member.stream
                )
            ]
            if before and self._why_not(member) is None:
                gone += before
        return list(dict.fromkeys(gone))

    def welcome(self, stream: int, members: Iterable[Member], now_ns: int) -> bool:
        """The host let one in as ``stream``, and says who else is there.

        Whoever was believed before stays so, with the keys that they gave, until :meth:`went`:
        a host that was begun anew may not know everybody yet.

        Returns:
            Whether another key seals from now on.
        """
        moved = stream != self._stream or self._current is None
        self._stream = stream
        self.refused.clear()
        came = [member.stream for member in members if self._meet(member)]
        if moved:
            # The number is part of what a key seals.
            self._current, self._next = self._new_key(), None
            self._give(self._current, self._members)
        else:
            # What was sent while the host was away may be lost.
            for s in came:
                self._give_newest(s, now_ns)
        return moved

    def came(self, member: Member, now_ns: int) -> bool:
        """The host says that somebody came, or came back: whether they are believed."""
        if not self._meet(member):
            return False
        self._give_newest(member.stream, now_ns)
        return True

    def went(self, stream: int, now_ns: int) -> None:
        """Somebody is gone: they are not to read on."""
        self.refused.pop(stream, None)
        trusted = self._members.pop(stream, None)
        if trusted is None:
            return
        self._past.pop(trusted.identity.agreement, None)
        self._past[trusted.identity.agreement] = trusted.opener
        if len(self._past) > PAST_LIMIT:
            del self._past[next(iter(self._past))]
        for key in (self._current, self._next):
            if key is not None:
                key.given.discard(stream)
        self._rotate(now_ns)

    def _meet(self, member: Member) -> bool:
        """Believe a member, or note why not."""
        identity, stream = member.identity, member.stream
        known = self._members.get(stream)
        if known is not None and known.identity == identity:
            return True
        why_not = self._why_not(member)
        calls = {trusted.identity.agreement for trusted in self._members.values()}
        if why_not is None and (known or identity is None or identity.agreement in calls):
            why_not = "is said to be somebody who is in the room already"
        if why_not is not None or identity is None:
            cure = "" if identity is None else "; compare your links, to the last letter"
            words = f"not let in: {member.name} {why_not}{cure}"
            self.refused[stream] = Refusal(member.name, words)
            log.warning("%s", words)
            return False
        past = self._past.pop(identity.agreement, None)
        if past is None or past.stream != stream:
            # Under another number all keys are others, and of newer generations.
            past = Opener(stream, after=past.newest if past is not None else 0)
        self._members[stream] = _Trusted(identity, Party.of(stream, identity), past)
        return True

    def _why_not(self, member: Member) -> str | None:
        """Why a member cannot be believed, as half a sentence."""
        identity = member.identity
        if identity is None:
            return "does not say who they are: they ask for the link by a code, or are out of date"
        if identity.agreement == self._own.agreement_public:
            return "is said to be you"
        try:
            check_identity(identity, self._own.secret, member.name, member.look)
        except SealError as error:
            return str(error)
        return None

    # -- one's own key ---------------------------------------------------------------------------

    def seal(self, envelope: Envelope) -> Envelope:
        """One's own envelope, sealed by the key of now."""
        assert self._current is not None, "nothing is sent before the host has let one in"
        return self._current.sealer.seal(envelope)

    def tick(self, now_ns: int) -> bool:
        """Time has passed: whether a new key seals from now on, and a golden is due with it."""
        for stream, trusted in self._members.items():
            self._ask(stream, trusted, now_ns)
        current = self._current
        if current is not None and current.sealer.nearly_spent and self._next is None:
            self._rotate(now_ns)
        return self._next is not None and now_ns >= self._next_due_ns and self._hand_over()

    def link_up(self, stream: int) -> bool:
        """Somebody can be sent to: whether a new key seals from now on.

        They may know no other; and a link takes long enough to open for all to have it.
        """
        return self._next is not None and stream in self._next.given and self._hand_over()

    def asked(self, stream: int, now_ns: int) -> None:
        """Somebody asks for the keys again that they were given."""
        trusted = self._members.get(stream)
        if trusted is None:
            return
        if trusted.answered_ns is None or now_ns - trusted.answered_ns >= ANSWER_AGAIN_NS:
            trusted.answered_ns = now_ns
            for key in (self._current, self._next):
                if key is not None and stream in key.given:
                    self._give(key, [stream])

    def _hand_over(self) -> bool:
        self._current, self._next = self._next, None
        return True

    def _new_key(self) -> _OwnKey:
        self._generation += 1
        return _OwnKey(Sealer(self._stream, self._generation, self._random(BASE_KEY_LENGTH)))

    def _rotate(self, now_ns: int) -> None:
        """Make another key, for those who are here now and for nobody else."""
        if self._current is None:
            return
        new = self._new_key()
        self._give(new, self._members)
        if self._current.sealer.unused or not self._members:
            # Nobody has to get used to it.
            self._current, self._next = new, None
            return
        if self._next is None:
            self._next_due_ns = now_ns + HANDOVER_NS
        self._next = new

    def _give_newest(self, stream: int, now_ns: int) -> None:
        """Give somebody a key by which nothing was sealed before they came, or was for them too."""
        key = self._next or self._current
        if key is None:
            return
        if key.sealer.unused or stream in key.given:
            self._give(key, [stream])
        else:
            self._rotate(now_ns)

    def _give(self, key: _OwnKey, streams: Iterable[int]) -> None:
        for stream in streams:
            key.given.add(stream)
            sealer = key.sealer
            box = pack_key(
                self._own,
                self._stream,
                self._members[stream].party,
                sealer.generation,
                sealer.base_key,
            )
            self._outgoing.append(KeyPackage(to=stream, box=box))

    # -- the others' keys ------------------------------------------------------------------------

    def package(self, stream: int, box: bytes) -> bool:
        """A member's key came, by way of the host: whether it opens more than before."""
        trusted = self._members.get(stream)
        if trusted is None:
            return False
        try:
            # By another way the same may have come before.
            if generation_of(box) <= trusted.opener.newest:
                return False
            generation, base_key = unpack_key(self._own, self._stream, trusted.party, box)
        except SealError as error:
            self.bad_packages += 1
            log.warning("participant %d: %s", stream, error)
            return False
        if not trusted.opener.add(generation, base_key):
            return False
        trusted.missed_ns = trusted.asked_ns = None
        return True

    def open(self, envelope: Envelope, now_ns: int) -> Envelope | None:
        """What a member sealed; None if it is of no use, though nobody is to blame.

        Raises:
            UnknownKeyError: its key has not come yet.
            SealError: it is not from a member who is believed.
        """
        trusted = self._members.get(envelope.stream)
        if trusted is None:
            raise SealError(f"an envelope came of stream {envelope.stream}, which is not believed")
        try:
            return trusted.opener.open(envelope, now_ns)
        except UnknownKeyError:
            trusted.wanted_ns = now_ns
            if trusted.missed_ns is None:
                trusted.missed_ns = now_ns
            raise

    def _ask(self, stream: int, trusted: _Trusted, now_ns: int) -> None:
        """Ask for a key that has been missing for long enough."""
        if trusted.missed_ns is None or now_ns - trusted.missed_ns < ASK_AFTER_NS:
            return
        if now_ns - trusted.wanted_ns > WANTED_NS:
            trusted.missed_ns = trusted.asked_ns = None
        elif trusted.asked_ns is None or now_ns - trusted.asked_ns >= ASK_AGAIN_NS:
            trusted.asked_ns = now_ns
            self._outgoing.append(KeyRequest(to=stream))
