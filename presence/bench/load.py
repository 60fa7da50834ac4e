"""The load of a benchmark: several performers in one process, over the in-memory carrier.

The performances are encoded before the run, as they are known for any time, so that while it runs
this process does what a media process does for those whom it hears: it receives, decodes and
passes on.
"""

from __future__ import annotations

import asyncio
import gc
import sys

import msgspec

from presence.client.receiving import Receiver
from presence.client.records import Record, Seated, pack_record
from presence.client.sending import Sender
from presence.client.settings import Settings
from presence.clock import MILLISECOND, SECOND, MonotonicClock
from presence.shared_memory import Block, Ring
from presence.tracking.performer import Performer
from presence.transport.lossy import Conditions
from presence.transport.memory import memory_pair
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.envelope import Envelope, decode_envelope, encode_envelope

_PREPARE_NS = 4 * MILLISECOND
"""Allowed for each sample that is prepared."""


class LoadTask(msgspec.Struct, frozen=True, kw_only=True):
    """What the load is told."""

    ring: Block
    people: int
    rate: int
    seconds: float
    loss: float
    delay_ns: int
    jitter_ns: int


def prepare(task: LoadTask, begins_ns: int) -> list[tuple[int, list[bytes]]]:
    """Everything that is sent: at each time of the machine's clock, the bundles."""
    clock = Settings(link="").clock
    senders = [
        Sender(stream, Performer(stream, seat=stream, cast=task.people + 1), clock)
        for stream in range(1, task.people + 1)
    ]
    sent = []
    for tick in range(round(task.seconds * task.rate)):
        machine_ns = begins_ns + tick * SECOND // task.rate
        envelopes: list[Envelope | None] = [sender.capture(machine_ns) for sender in senders]
        if tick % task.rate == 0:
            envelopes = [*(sender.profile(machine_ns) for sender in senders), *envelopes]
        sent.append(
            (machine_ns, pack_bundles([encode_envelope(e) for e in envelopes if e is not None]))
        )
    return sent


async def play(task: LoadTask) -> None:
    """Prepare, say so, and send everything in its time through a network that loses some of it."""
    clock = MonotonicClock()
    ring = Ring(task.ring.open())

    def pass_on(record: Record) -> None:
        ring.write(pack_record(record))

    receiver = Receiver(Settings(link="").clock, pass_on, lambda stream, request: None)
    pass_on(Seated(0))
    for stream in range(1, task.people + 1):
        receiver.came(stream, f"performer {stream}", stream)

    def take(bundle: bytes, arrival_ns: int) -> None:
        for part in unpack_bundle(bundle):
            receiver.hear(decode_envelope(part), arrival_ns)

    conditions = Conditions(loss=task.loss, delay_ns=task.delay_ns, jitter_ns=task.jitter_ns)
    near, far = memory_pair(clock, there=conditions, loop=asyncio.get_running_loop())
    far.on_bundle = take
    # A performer is known for any time: the run is encoded for when it will have begun.
    lead_ns = round(task.seconds * task.rate * task.people) * _PREPARE_NS + SECOND
    begins_ns = clock.now_ns() + lead_ns
    sent = prepare(task, begins_ns)
    gc.collect()
    gc.freeze()
    print(msgspec.json.encode(begins_ns).decode(), flush=True)
    for machine_ns, bundles in sent:
        await asyncio.sleep(max(0, machine_ns - clock.now_ns()) / SECOND)
        for bundle in bundles:
            near.send(bundle)
    await asyncio.sleep(0.5)
    await near.close()
    print(ring.dropped, flush=True)


if __name__ == "__main__":
    asyncio.run(play(msgspec.json.decode(sys.argv[1], type=LoadTask)))
