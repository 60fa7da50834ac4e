"""RTP over aiortc's connections: agreed on, secured, and given up where it cannot be had."""

import asyncio
import logging
import re
import struct

import aioice
import aiortc
import pytest
from aioice.ice import Connection as IceConnection
from quiet_loop import run

from presence.clock import MonotonicClock
from presence.errors import TransportError
from presence.transport import peer as peer_module
from presence.transport import srtp
from presence.transport.feedback import Feedback, encode_feedback
from presence.transport.peer import CARRIERS, Peer
from presence.transport.rtp import encode_rtp
from presence.transport.rtp_offer import RtpOffer, find_offer, new_offer, with_offer

DATA = ("data",)


async def until(condition, within_s=10.0):
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


async def pair(first_carriers=CARRIERS, second_carriers=CARRIERS):
    first = Peer(MonotonicClock(), first_carriers)
    second = Peer(MonotonicClock(), second_carriers)
    await first.accept(await second.answer(await first.offer()))
    await first.opened()
    await second.opened()
    return first, second


async def exchange(first, second):
    """Each hears what the other sends."""
    heard = {first: [], second: []}
    for one in heard:
        one.carrier.on_bundle = lambda bundle, _, one=one: heard[one].append(bundle)
    await until(lambda: first.carrier.send(b"there") and True)
    await until(lambda: second.carrier.send(b"back") and True)
    await until(lambda: heard[first] == [b"back"] and heard[second] == [b"there"])


def send_raw(peer, packet, *, feedback=False):
    path = peer.carrier._path
    (path.send_rtcp if feedback else path.send_rtp)(packet)


def test_the_versions_are_those_whose_private_parts_were_read():
    # If this fails, aiortc or aioice is new: read again what srtp.py touches of it, see the tests
    # of this file pass, and only then name the new version there.
    assert srtp.why_not() is None
    assert aiortc.__version__.startswith(srtp.KNOWN_AIORTC)
    assert aioice.__version__.startswith(srtp.KNOWN_AIOICE)


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (CARRIERS, CARRIERS, "rtp"),
        (CARRIERS, DATA, "data"),
        (DATA, CARRIERS, "data"),
        (DATA, DATA, "data"),
    ],
)
def test_rtp_is_used_where_both_know_it_and_the_data_channel_otherwise(first, second, name):
    async def main():
        one, two = await pair(first, second)
        assert one.carrier.name == two.carrier.name == name
        await exchange(one, two)
        await one.close()
        await two.close()

    run(main)


def test_who_does_not_know_the_line_reads_the_offer_as_ever():
    async def main():
        peer = Peer(MonotonicClock())
        offer = await peer.offer()
        assert find_offer(offer) is not None
        other = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        await other.setRemoteDescription(aiortc.RTCSessionDescription(offer, "offer"))
        await other.setLocalDescription(await other.createAnswer())
        channel = other.createDataChannel("presence", negotiated=True, id=0, ordered=False)
        heard = []
        channel.on("message", heard.append)
        await peer.accept(other.localDescription.sdp)
        carrier = await peer.opened()
        assert carrier.name == "data"
        await until(lambda: carrier.send(b"hello") and True)
        await until(lambda: heard == [b"hello"])
        await peer.close()
        await other.close()

    run(main)


@pytest.mark.parametrize(
    "line",
    [
        "a=presence-rtp:2 97 5",
        "a=presence-rtp:1 95 5",
        "a=presence-rtp:1 128 5",
        "a=presence-rtp:1 97 0",
        "a=presence-rtp:1 97 4294967296",
        "a=presence-rtp:1 97",
        "a=presence-rtp:1 97 5 6",
        "a=presence-rtp:x y z",
        " a=presence-rtp:1 97 5",
    ],
)
def test_a_line_that_is_not_understood_is_as_none(line):
    assert find_offer(f"v=0\r\n{line}\r\n") is None


def test_an_offer_is_found_again_and_the_answer_repeats_its_type():
    offer = RtpOffer(111, 0xFFFF_FFFF)
    assert find_offer(with_offer("v=0\r\nm=application\r\n", offer)) == offer
    answer = new_offer(offer)
    assert answer.payload_type == 111
    assert answer.ssrc != offer.ssrc


def test_an_answer_of_another_payload_type_is_not_agreed_to():
    async def main():
        first, second = Peer(MonotonicClock()), Peer(MonotonicClock())
        answer = await second.answer(await first.offer())
        await first.accept(re.sub(r"(a=presence-rtp:1) \d+", r"\1 100", answer))
        assert first.carrier.name == "data"
        await first.close()
        await second.close()

    run(main)


@pytest.mark.parametrize("part", ["aiortc", "aioice", "handler"])
def test_with_other_versions_the_data_channel_does_it_and_that_is_said_once(
    monkeypatch, caplog, part
):
    if part == "aiortc":
        monkeypatch.setattr(aiortc, "__version__", "1.17.0")
    elif part == "aioice":
        monkeypatch.setattr(aioice, "__version__", "0.14.0")
    else:
        monkeypatch.setattr(IceConnection, "data_received", lambda self, data: None)
    monkeypatch.setattr(peer_module, "_warned_of", set())
    offers = []

    async def main():
        for _ in range(2):
            peer = Peer(MonotonicClock())
            offers.append(await peer.offer())
            await peer.close()

    with caplog.at_level(logging.WARNING):
        run(main)
    assert [find_offer(offer) for offer in offers] == [None, None]
    assert len([r for r in caplog.records if "data channel" in r.message]) == 1


def test_what_was_sent_before_the_other_side_listens_is_heard():
    async def main():
        first, second = Peer(MonotonicClock()), Peer(MonotonicClock())
        first.on_open = lambda: first.carrier.send(b"first word")
        second.on_open = lambda: second.carrier.send(b"first answer")
        await first.accept(await second.answer(await first.offer()))
        await first.opened()
        await second.opened()
        await asyncio.sleep(0.05)
        heard = []
        first.carrier.on_bundle = lambda bundle, _: heard.append(bundle)
        second.carrier.on_bundle = lambda bundle, _: heard.append(bundle)
        await until(lambda: sorted(heard) == [b"first answer", b"first word"])
        await first.close()
        await second.close()

    run(main)


def test_garbage_is_counted_and_does_no_harm():
    async def main():
        first, second = await pair()
        carrier, path = second.carrier, second.carrier._path
        own, theirs = first.carrier._own, second.carrier._own
        ice = path._ice._connection
        # Without the keys: what looks like RTP or feedback, and what is too short to be either.
        for data in (
            encode_rtp(own.payload_type, 1, 2, own.ssrc, bytes(50)),
            b"\x8b\xcd" + bytes(40),
            b"\x8b\xcd" + bytes(4),
            bytes((0x80, own.payload_type)),
            bytes((0x80, own.payload_type)) + bytes(1490),
            bytes((0x80, 0xC9)) + bytes(30),
        ):
            ice.data_received(data, 1)
        assert path.refused == 3
        # With them: no packet; one of another stream; no report; one on another stream.
        send_raw(first, bytes((0xAF, own.payload_type)) + bytes(70))
        send_raw(first, encode_rtp(own.payload_type, 7, 0, own.ssrc ^ 1, b"stranger"))
        send_raw(first, b"\x8b\xcd\x00\x05" + bytes(20), feedback=True)
        stranger = encode_feedback(Feedback(own.ssrc, theirs.ssrc ^ 1, 0, 0, (1, 2)))
        send_raw(first, stranger, feedback=True)
        future = encode_feedback(Feedback(own.ssrc, theirs.ssrc, 40_000, 0, (1, None) * 100))
        send_raw(first, future, feedback=True)
        await until(lambda: carrier.malformed == 4)
        await exchange(first, second)
        await first.close()
        await second.close()

    run(main)


def test_a_packet_that_comes_twice_is_heard_once():
    async def main():
        first, second = await pair()
        heard = []
        second.carrier.on_bundle = lambda bundle, _: heard.append(bundle)
        ice = second.carrier._path._ice._connection
        receive = ice.data_received

        def twice(data, component):
            receive(data, component)
            receive(data, component)

        ice.data_received = twice
        for number in range(5):
            await until(lambda n=number: first.carrier.send(bytes((n,))) and True)
        await until(lambda: len(heard) == 5)
        await asyncio.sleep(0.05)
        assert sorted(heard) == [bytes((n,)) for n in range(5)]
        assert second.carrier._path.refused >= 5
        await first.close()
        await second.close()

    run(main)


def test_the_sequence_wraps_unnoticed():
    async def main():
        first, second = Peer(MonotonicClock()), Peer(MonotonicClock())
        answer = await second.answer(await first.offer())
        await first.accept(answer)
        await first.opened()
        await second.opened()
        first.carrier._sequence = 30_000
        heard = []
        second.carrier.on_bundle = lambda bundle, _: heard.append(struct.unpack(">I", bundle)[0])
        for start in (30_000, 50_000, 65_500):
            # No further than half a period, as in a call: who misses more has lost the link.
            first.carrier._sequence = start
            for number in range(start, start + 100):
                await until(lambda n=number: first.carrier.send(struct.pack(">I", n)))
        await until(lambda: len(heard) == 300)
        await until(lambda: first.carrier._congestion._ledger.unanswered_ns() is None)
        assert first.carrier.loss == 0.0
        await first.close()
        await second.close()

    run(main)


def test_a_bundle_that_is_too_long_is_refused_before_it_is_sent():
    async def main():
        first, second = await pair()
        with pytest.raises(TransportError, match="does not fit"):
            first.carrier.send(bytes(1151))
        assert first.carrier.send(bytes(1150))
        await first.close()
        assert not first.carrier.send(b"x")
        await second.close()

    run(main)


def test_a_way_that_is_gone_costs_packets_and_raises_nothing():
    async def main():
        first, second = await pair()
        first.carrier._path._ice._connection._nominated.clear()
        assert first.carrier.send(b"x")
        await second.close()
        await first.close()

    run(main)
