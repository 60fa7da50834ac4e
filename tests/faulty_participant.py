"""A participant whose network, or whose manners, a test spoils while the call goes on.

Its settings are the only argument, as JSON. What to do comes by standard input, a JSON line each:
``{"network": {…}}`` with the fields of Conditions, ``{"cut": true}``, or ``{"send": ["garbage" or
"pongs", bundles a second, to whom by name]}``.
"""

import asyncio
import json
import os
import signal
import sys
import time

import msgspec

from presence.bench.impaired import impaired_arrivals
from presence.client.media import Media
from presence.client.preparing import prepare_loops
from presence.client.settings import Settings
from presence.clock import MonotonicClock
from presence.transport.data_channel import DataChannelCarrier
from presence.transport.lossy import PERFECT, Conditions
from presence.transport.rtp import encode_rtp
from presence.wire.bundle import pack_bundles
from presence.wire.control import Pong, encode_control
from presence.wire.envelope import Envelope, Kind, encode_envelope


class Faults:
    """What the test wants. State: the network, and what is sent besides a participant's own."""

    def __init__(self, network, media):
        self.network = network
        self.media = media
        self.sending = None
        self.flood = None

    def listen(self):
        asyncio.get_running_loop().add_reader(sys.stdin, self._read)

    def _read(self):
        line = sys.stdin.readline()
        if not line:
            asyncio.get_running_loop().remove_reader(sys.stdin)
            return
        match json.loads(line):
            case {"network": conditions}:
                self.network.conditions = Conditions(**conditions)
            case {"cut": _}:
                self.network.cut()
            case {"send": [what, rate, victim]}:
                self.sending = asyncio.create_task(self._send(what, rate, victim))

    async def _send(self, what, rate, victim):
        members = self.media.company.roster.members.values()
        stream = next(member.stream for member in members if member.name == victim)
        began, sent = time.monotonic(), 0
        while link := self.media.exchange.mesh.links.get(stream):
            # Past everything that would have it wait; not all at once, so that it leaves at all.
            due = int(rate * (time.monotonic() - began)) - sent
            for _ in range(min(due, 50)):
                push(link._carrier, self._bundle(what))
            sent += max(0, due)
            await asyncio.sleep(0.01)

    def _bundle(self, what):
        if what == "garbage":
            return os.urandom(200)
        # A message like any other, but too many of them.
        if self.flood is None:
            media = self.media
            pong = Envelope.single(
                Kind.CONTROL,
                media.exchange.mesh.own_stream,
                sequence=next(media.exchange.trust.control_numbers),
                capture_ns=0,
                payload=encode_control([Pong(0)]),
            )
            (self.flood,) = pack_bundles([encode_envelope(media.exchange.trust.seal(pong))])
        return self.flood


def push(carrier, bundle):
    """Send, though the carrier be full."""
    if isinstance(carrier, DataChannelCarrier):
        carrier._channel.send(bundle)
        return
    carrier._sequence += 1
    own = carrier._own
    packet = encode_rtp(own.payload_type, carrier._sequence, 0, own.ssrc, bundle)
    carrier._path.send_rtp(packet)


def say(status):
    print(msgspec.json.encode(status).decode(), flush=True)


async def main(settings):
    with impaired_arrivals(PERFECT, MonotonicClock(), seed=os.getpid()) as network:
        media = Media(settings, None)
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        Faults(network, media).listen()
        await media.run(ended, say)


if __name__ == "__main__":
    prepare_loops(lambda words: None)
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Settings)))
