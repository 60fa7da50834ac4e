"""People in a room who believe each other or not, a host between them, and a clock by hand."""

from __future__ import annotations

import itertools

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from presence.client.trust import Trust
from presence.clock import SECOND
from presence.room.members import Room
from presence.room.resume import ResumeTokens
from presence.wire.envelope import Envelope, Kind
from presence.wire.identity import OwnIdentity, RoomSecret
from presence.wire.link import RoomLink
from presence.wire.signalling import Join, KeyPackage, MemberJoined, MemberLeft

LINK = RoomLink("192.0.2.7", 8440, "garden", "hush-hush")


def someone(link: RoomLink = LINK, device: Ed25519PrivateKey | None = None) -> OwnIdentity:
    """A person with a device of their own, if none is given, in a new call."""
    return OwnIdentity(
        device or Ed25519PrivateKey.generate(), X25519PrivateKey.generate(), RoomSecret.of(link)
    )


class Villager:
    """One person. State: whom they believe, and what they said last."""

    def __init__(self, name: str, own: OwnIdentity) -> None:
        self.name = name
        self.own = own
        self.trust = Trust(own)
        self.stream = 0
        self.numbers = itertools.count()

    def says(self) -> Envelope:
        """Something sealed."""
        return self.trust.seal(
            Envelope.single(
                Kind.VOICE,
                self.stream,
                sequence=next(self.numbers),
                capture_ns=0,
                payload=self.name.encode(),
            )
        )


class Village:
    """A room. State: who is in it, what waits to be delivered, and the time."""

    def __init__(self) -> None:
        self.now = SECOND
        nonces = itertools.count()
        self.room = Room(ResumeTokens(bytes(32), LINK.room), lambda: next(nonces))
        self.people: dict[int, Villager] = {}
        self.delivered: list[KeyPackage] = []
        """Every key package that a host saw, as it was delivered."""
        self.dropping = False
        """Whether the host loses what people say about keys."""

    def join(self, name: str, own: OwnIdentity | None = None) -> Villager:
        own = own or someone()
        person = Villager(name, own)
        welcome = self.room.join(Join(name=name, identity=own.introduce(name, 0)), self.now)
        person.stream = welcome.stream
        self.people[welcome.stream] = person
        person.trust.welcome(welcome.stream, welcome.members, self.now)
        self.run()
        return person

    def leave(self, person: Villager) -> None:
        self.room.disconnected(person.stream)
        self.people.pop(person.stream)
        self.run()

    def run(self, seconds: float = 0.0) -> None:
        """Deliver everything; then let time pass."""
        end = self.now + round(seconds * SECOND)
        while True:
            self._deliver()
            if self.now >= end:
                return
            self.now += SECOND // 60
            for person in self.people.values():
                person.trust.tick(self.now)

    def _deliver(self) -> None:
        while True:
            for stream, person in list(self.people.items()):
                for message in person.trust.collect():
                    if not self.dropping:
                        self.room.receive(stream, message, self.now)
            outgoing = self.room.collect()
            if not outgoing:
                return
            for one in outgoing:
                if one.stream in self.people:
                    self._tell(self.people[one.stream].trust, one.message)

    def _tell(self, trust: Trust, message: object) -> None:
        match message:
            case MemberJoined(member=member):
                trust.came(member, self.now)
            case MemberLeft(stream=stream):
                trust.went(stream, self.now)
            case KeyPackage(sender=sender, box=box):
                self.delivered.append(message)
                trust.package(sender, box)
            case _:
                trust.asked(message.sender, self.now)

    def hears(self, listener: Villager, speaker: Villager) -> bool:
        """Whether what one says now is understood by the other."""
        opened = listener.trust.open(speaker.says(), self.now)
        return opened is not None and opened.core == speaker.name.encode()
