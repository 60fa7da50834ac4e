"""Meshes that know a way to a relay, over real connections, and a host that is a dictionary."""

import asyncio
import dataclasses
import itertools
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.clock import MonotonicClock
from presence.relay.admission import Admission, sign_admission
from presence.transport.mesh import Mesh
from presence.transport.relay_link import RELAY
from presence.transport.relay_way import RelayWay
from presence.transport.ways import WayFinder
from presence.wire.envelope import Envelope, Kind
from presence.wire.signalling import RelayPlace

KEY = Ed25519PrivateKey.generate()


def pose(stream, sequence):
    return Envelope(
        kind=Kind.POSE,
        stream=stream,
        sequence=sequence,
        capture_us=0,
        core=bytes(116),
        priority=2,
        epoch=1,
    )


class Marks:
    """Seals as a relay sees it: by the number of a key, and by nothing else."""

    def __init__(self):
        self.control_numbers = itertools.count()

    def seal(self, envelope):
        return dataclasses.replace(envelope, epoch=1, core=envelope.core + bytes(16))

    def open(self, envelope, now_ns):
        return dataclasses.replace(envelope, epoch=0, core=envelope.core[:-16])


class Participant:
    """A mesh that knows a way to a relay. State: what it told, and what it asked of the host."""

    def __init__(self, room, stream, path):
        self.stream = stream
        self.heard = []
        self.asked = 0
        ways = WayFinder(path)
        self.way = RelayWay(ways, self._ask)
        self._room = room
        self.mesh = Mesh(
            stream,
            MonotonicClock(),
            send_description=lambda to, kind, text: room.carry(stream, to, kind, text),
            on_envelope=lambda envelope, at: self.heard.append((envelope, at)),
            ways=ways,
            seals=Marks(),
            relay=self.way,
        )

    async def _ask(self):
        self.asked += 1

    def sequences(self, stream):
        return {e.sequence for e, _ in self.heard if e.stream == stream and e.kind == Kind.POSE}

    def missed(self, stream):
        """How many poses did not come of those between the first and the last that did.

        On loopback one is lost at most because a newer overtook it where the machine is busy.
        """
        came = self.sequences(stream)
        return max(came) - min(came) + 1 - len(came)

    def longest_gap_ms(self, stream):
        came = [at for e, at in self.heard if e.stream == stream and e.kind == Kind.POSE]
        return max(b - a for a, b in itertools.pairwise(came)) / 1e6

    @property
    def straight(self):
        return set(self.mesh.links) - {RELAY}


class Room:
    """A host that passes descriptions on, and says where the relay is."""

    def __init__(self, port):
        self.people = {}
        self.port = port

    async def carry(self, sender, to, kind, text):
        if to in self.people:
            self.people[to].mesh.description(sender, kind, text)
        return True

    def join(self, stream, path="auto"):
        newcomer = Participant(self, stream, path)
        others = list(self.people)
        for person in self.people.values():
            person.mesh.member_joined(stream)
        self.people[stream] = newcomer
        newcomer.mesh.connect_to(others)
        return newcomer

    def place(self, stream, **changes):
        token = sign_admission(KEY, Admission("room", stream, int(time.time()) + 60))
        fields = {
            "url": f"ws://127.0.0.1:{self.port}/relay",
            "token": token,
            "lifetime_s": 60,
            "wanted": True,
        }
        return RelayPlace(**(fields | changes))

    def by_relay(self, wanted, streams=None, **changes):
        for stream in streams or self.people:
            person = self.people[stream]
            person.way.use(self.place(stream, wanted=wanted, **changes))
            person.mesh.relay_changed()

    async def until(self, what, within_s=20.0):
        async with asyncio.timeout(within_s):
            while not what():
                await asyncio.sleep(0.02)

    async def until_straight(self):
        people = self.people.values()
        await self.until(
            lambda: all(
                person.straight == set(self.people) - {person.stream}
                and RELAY not in person.mesh.links
                for person in people
            )
        )

    async def until_relayed(self):
        await self.until(
            lambda: all(set(person.mesh.links) == {RELAY} for person in self.people.values())
        )


async def send_steadily(room):
    sequence = 0
    while True:
        for person in room.people.values():
            person.mesh.broadcast(pose(person.stream, sequence))
        sequence += 1
        await asyncio.sleep(1 / 60)
