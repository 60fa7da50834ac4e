"""Meshes over real connections, with a room host that is a dictionary."""

import asyncio

import quiet_loop

from presence.clock import MonotonicClock
from presence.transport.mesh import Mesh
from presence.wire.envelope import Envelope, Kind


def pose(stream, sequence):
    return Envelope(
        kind=Kind.POSE, stream=stream, sequence=sequence, capture_us=0, core=bytes(100), priority=2
    )


class Participant:
    """A mesh, and what it told."""

    def __init__(self, room, stream):
        self.heard = []
        self.events = []
        self.mesh = Mesh(
            stream,
            MonotonicClock(),
            send_description=lambda to, kind, text: room.carry(stream, to, kind, text),
            on_envelope=lambda envelope, _: self.heard.append(envelope),
            on_link_up=lambda other: self.events.append(("up", other)),
            on_link_down=lambda other, reason: self.events.append(("down", other, reason)),
        )

    def sequences(self, stream):
        return [e.sequence for e in self.heard if e.stream == stream and e.kind == Kind.POSE]


class Room:
    """A host that passes on who is here and what they describe to each other."""

    def __init__(self):
        self.people = {}
        self.reachable = True
        self.carried = []

    async def carry(self, sender, to, kind, text):
        self.carried.append((sender, to, kind))
        if self.reachable and to in self.people:
            self.people[to].mesh.description(sender, kind, text)
        return self.reachable

    def join(self, stream):
        newcomer = Participant(self, stream)
        others = list(self.people)
        for person in self.people.values():
            person.mesh.member_joined(stream)
        self.people[stream] = newcomer
        newcomer.mesh.connect_to(others)
        return newcomer

    async def leave(self, stream):
        await self.people.pop(stream).mesh.close()
        for person in self.people.values():
            await person.mesh.member_left(stream)

    def complete(self):
        """Whether everyone is linked to everyone else."""
        return all(
            set(person.mesh.links) == set(self.people) - {stream}
            for stream, person in self.people.items()
        )

    async def all_connected(self, within_s=10.0):
        await until(self.complete, within_s)

    async def close(self):
        await asyncio.gather(*(person.mesh.close() for person in self.people.values()))


async def until(condition, within_s=10.0):
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


def run(main):
    """Run ``main(room)``; nothing may be left over, or only have been logged by the loop."""

    async def in_a_room():
        room = Room()
        await main(room)
        await room.close()

    quiet_loop.run(in_a_room)
