"""What leaves fits the narrowest path that IPv6 allows, whatever carries it."""

import asyncio

import aioice.ice
import pytest

from presence.clock import MonotonicClock
from presence.transport.peer import Peer
from presence.wire.bundle import BUNDLE_LIMIT

LEAST_MTU = 1280
"""Of any link that carries IPv6 (RFC 8200 section 5)."""
HEADERS = 40 + 8
"""Of IPv6 and UDP."""
RELAYED = 4
"""Of ChannelData, round what goes to a TURN server (RFC 8656 section 12.4)."""


@pytest.mark.parametrize("name", ["rtp", "data"])
def test_a_bundle_as_long_as_allowed_leaves_unsplit_in_a_datagram_that_any_path_takes(
    monkeypatch, name
):
    sizes = []
    send = aioice.ice.StunProtocol.send_data

    async def noted(protocol, data, address):
        sizes.append(len(data))
        await send(protocol, data, address)

    monkeypatch.setattr(aioice.ice.StunProtocol, "send_data", noted)

    async def main():
        one, other = (Peer(MonotonicClock(), [name]) for _ in range(2))
        await one.accept(await other.answer(await one.offer()))
        carriers = [await one.opened(), await other.opened()]
        assert [carrier.name for carrier in carriers] == [name, name]
        heard = []
        carriers[1].on_bundle = lambda bundle, _: heard.append(bundle)
        bundle = bytes(BUNDLE_LIMIT)
        async with asyncio.timeout(20.0):
            while not heard:
                carriers[0].send(bundle)
                await asyncio.sleep(0.02)
        assert heard[0] == bundle
        await one.close()
        await other.close()

    asyncio.run(main())
    # It went whole, and so did all of the handshake.
    assert BUNDLE_LIMIT < max(sizes) <= LEAST_MTU - HEADERS - RELAYED
