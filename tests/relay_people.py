"""People who come to a relay over real ICE and DTLS, for tests."""

import asyncio
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from relay_room import pose

from presence.bench.relay_guest import RelayGuest
from presence.clock import MonotonicClock
from presence.errors import TransportError
from presence.relay.admission import Admission, sign_admission
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope
from presence.wire.relaying import decode_relaying, encode_relaying

KEY = Ed25519PrivateKey.generate()
WAIT_S = 30.0


def token(stream, *, key=KEY, room="a room", lasts_s=600):
    return sign_admission(key, Admission(room, stream, int(time.time()) + lasts_s))


class Person:
    """Somebody in a room, in this process. State: what they heard."""

    def __init__(self, stream, carrier="rtp"):
        self.stream = stream
        self.guest = RelayGuest(MonotonicClock(), carrier)
        self.heard = []
        self.closed = False
        self.sequence = 0

    async def come(self, port, **claims):
        self.carrier = await self.guest.come(port, token(self.stream, **claims))
        self.carrier.on_bundle = self.hear
        self.carrier.on_closed = self.close
        return self

    def hear(self, bundle, arrival_ns):
        self.heard += [decode_envelope(data) for data in unpack_bundle(bundle)]

    def close(self):
        self.closed = True

    def say(self, *envelopes):
        (bundle,) = pack_bundles([encode_envelope(e) for e in envelopes])
        return self.carrier.send(bundle)

    def speak(self):
        """Send the next pose, golden, so that nothing depends on what came before."""
        self.say(pose(self.stream, self.sequence, core=20, detail=20))
        self.sequence += 1

    def ask(self, message):
        payload = encode_relaying([message])
        self.say(Envelope(Kind.RELAY, self.stream, self.sequence, 0, core=payload, priority=3))

    def told(self):
        return [m for e in self.heard if e.kind == Kind.RELAY for m in decode_relaying(e.core)]

    def heard_of(self, stream):
        return {e.sequence for e in self.heard if e.stream == stream and e.kind == Kind.POSE}


async def until(condition, meanwhile=None, seconds=WAIT_S):
    """Wait for a condition, doing something every 20 ms meanwhile."""
    async with asyncio.timeout(seconds):
        while not condition():
            if meanwhile is not None:
                meanwhile()
            await asyncio.sleep(0.02)


async def until_comes(person, port, **claims):
    """Try until the relay listens again."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                await person.come(port, **claims)
                return
            except (TransportError, OSError):
                await person.guest.leave()
                person.guest = RelayGuest(MonotonicClock())
                await asyncio.sleep(0.2)
