"""A process of people who come to a relay and speak until they are killed or stopped.

Arguments: the relay's port, then a token for each person, in pairs with their number.
"""

import asyncio
import sys

from relay_room import pose

from presence.bench.relay_guest import RelayGuest
from presence.clock import MonotonicClock
from presence.wire.bundle import pack_bundles
from presence.wire.envelope import encode_envelope


async def main():
    port, people = int(sys.argv[1]), sys.argv[2:]
    carriers = {}
    for stream, token in zip(people[::2], people[1::2], strict=True):
        carriers[int(stream)] = await RelayGuest(MonotonicClock()).come(port, token)
    print("here", flush=True)
    sequence = 0
    while True:
        for stream, carrier in carriers.items():
            (bundle,) = pack_bundles([encode_envelope(pose(stream, sequence))])
            carrier.send(bundle)
        sequence += 1
        await asyncio.sleep(0.03)


if __name__ == "__main__":
    asyncio.run(main())
