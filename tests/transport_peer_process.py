"""The other of two processes: answers a WebRTC offer, then echoes or counts what it hears.

Speaks lines of JSON on its standard streams: reads ``{"offer": …}``, writes ``{"answer": …}``,
``{"open": …}``, and, told ``{"report": true}``, what it received.
"""

import asyncio
import json
import sys
import time

from presence.clock import MonotonicClock
from presence.transport.peer import Peer


def say(**message):
    print(json.dumps(message), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    peer = Peer(MonotonicClock())
    received = []

    def take(bundle, arrival_ns):
        sent_ns = int.from_bytes(bundle[4:12], "big")
        received.append((int.from_bytes(bundle[:4], "big"), arrival_ns - sent_ns))

    cpu_s = 0.0
    while line := await reader.readline():
        message = json.loads(line)
        if "offer" in message:
            say(answer=await peer.answer(message["offer"]))
            # Which carrier it is, the offer has settled.
            peer.carrier.on_bundle = take
            await peer.opened()
            cpu_s = time.process_time()
            say(open=str(peer.route))
        elif "report" in message:
            say(received=received, cpu_s=time.process_time() - cpu_s)
    await peer.close()


if __name__ == "__main__":
    asyncio.run(main())
