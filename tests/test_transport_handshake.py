"""A handshake that loses much is over soon all the same."""

import asyncio
import time

import aioice.ice
import pytest
from quiet_loop import run

from presence.clock import MonotonicClock
from presence.transport import handshake
from presence.transport.peer import CARRIERS, Peer


def is_dtls(data):
    return 20 <= data[0] <= 63 and data[0] != 23


@pytest.fixture
def each_lost_once(monkeypatch):
    """Of every datagram of the handshake the first copy is lost."""
    receive = aioice.ice.StunProtocol.datagram_received
    seen = []

    def lossy(protocol, data, address):
        if is_dtls(data) and data not in seen:
            seen.append(data)
            return
        receive(protocol, data, address)

    monkeypatch.setattr(aioice.ice.StunProtocol, "datagram_received", lossy)
    return seen


async def opened(carriers):
    first, second = Peer(MonotonicClock(), carriers), Peer(MonotonicClock(), carriers)
    await first.accept(await second.answer(await first.offer()))
    began = time.monotonic()
    await first.opened()
    await second.opened()
    return first, second, time.monotonic() - began


@pytest.mark.parametrize("carriers", [CARRIERS, ("data",)], ids=["rtp", "data"])
def test_when_every_datagram_is_lost_once_it_opens_within_four_seconds(each_lost_once, carriers):
    async def main():
        first, second, took_s = await opened(carriers)
        # OpenSSL alone waits a second for the first, two for the next, and four for the third.
        assert took_s < 4.0
        assert len(each_lost_once) >= 4
        await first.close()
        await second.close()

    run(main)


def test_on_a_good_path_nothing_goes_again_and_nothing_is_in_the_way(monkeypatch):
    again = []
    monkeypatch.setattr(handshake.Hastener, "_again", lambda self: again.append(self))

    async def main():
        first, second, _ = await opened(CARRIERS)
        heard = []
        first.carrier.on_bundle = second.carrier.on_bundle = lambda *one: heard.append(one)
        first.carrier.send(b"there")
        second.carrier.send(b"back")
        async with asyncio.timeout(10):
            while len(heard) < 2:
                await asyncio.sleep(0.005)
        for peer in (first, second):
            ice = peer.carrier._path._ice
            assert ice._send == peer._hastener._send
            assert ice._connection.data_received == peer.carrier._path._received
        await first.close()
        await second.close()

    run(main)
    assert again == []


def test_a_side_that_closes_meanwhile_sends_nothing_again(each_lost_once):
    async def main():
        first, second = Peer(MonotonicClock()), Peer(MonotonicClock())
        await first.accept(await second.answer(await first.offer()))
        await asyncio.sleep(0.1)
        await first.close()
        await second.close()
        count = len(each_lost_once)
        await asyncio.sleep(0.4)
        assert len(each_lost_once) == count

    run(main)
