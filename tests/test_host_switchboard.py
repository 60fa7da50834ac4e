"""Bundles through the host: who may, to whom they go, and what gives way."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from presence.clock import MILLISECOND, ManualClock
from presence.host.limits import Limits
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.host.switchboard import MALFORMED_LIMIT, _Line
from presence.transport.window import FIRST_GUESS_NS, SLACK_NS
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope
from presence.wire.forwarded import Count, Forwarded, decode_frame, encode_count, encode_forwarded
from presence.wire.signalling import Join, decode_host_message, encode_message

LATE_NS = FIRST_GUESS_NS + SLACK_NS + MILLISECOND
"""After so long nothing more is sent, and not yet what is sent for a trial."""


def pose(stream, sequence, golden=False):
    return Envelope(
        kind=Kind.POSE,
        stream=stream,
        sequence=sequence,
        capture_us=0,
        core=bytes(100),
        reference_distance=0 if golden else 1,
        droppable=not golden,
        priority=1,
    )


def bundle(stream, sequence, golden=False):
    (packed,) = pack_bundles([encode_envelope(pose(stream, sequence, golden))])
    return packed


class Member:
    """A member and their carrier. State: the connections."""

    def __init__(self, welcome, carrier):
        self.welcome = welcome
        self.carrier = carrier

    async def send(self, to, data):
        await self.carrier.send(encode_forwarded(to, data))

    async def frame(self):
        """The next frame that is no count."""
        while isinstance(frame := decode_frame(await self.carrier.recv()), Count):
            pass
        return frame


@contextlib.asynccontextmanager
async def member(link, name, token=None):
    async with connect(link.signalling_url, proxy=None) as signalling:
        await signalling.send(encode_message(Join(name=name)))
        welcome = decode_host_message(await signalling.recv())
        async with connect(link.carrier_url, proxy=None) as carrier:
            await carrier.send(token or welcome.carrier)
            yield Member(welcome, carrier)


def on_host(test, **limits):
    async def run():
        settings = replace(HostSettings(bind="127.0.0.1", port=0), limits=Limits(**limits))
        async with hosting(settings) as link, asyncio.timeout(20.0):
            return await test(link)

    return asyncio.run(run())


async def until_passed(sender, receiver, data):
    """Send until the other, who may just be connecting, gets it."""
    while True:
        await sender.send(receiver.welcome.stream, data)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                return await receiver.frame()


def test_a_bundle_goes_to_whom_it_is_for_and_says_whom_it_is_from():
    async def main(link):
        async with member(link, "Ada") as ada, member(link, "Ben") as ben:
            there = await until_passed(ada, ben, bundle(1, 7))
            return there, await until_passed(ben, ada, bundle(2, 9))

    assert on_host(main) == (Forwarded(1, bundle(1, 7)), Forwarded(2, bundle(2, 9)))


@pytest.mark.parametrize("token", ["guessed", "\0", b"bytes"])
def test_who_shows_no_token_carries_nothing(token):
    async def main(link):
        async with member(link, "Eve", token) as eve:
            with pytest.raises(ConnectionClosed):
                await eve.carrier.recv()
            return eve.carrier.close_code

    assert on_host(main) == 1008


def test_a_token_is_void_once_its_member_left():
    async def main(link):
        async with member(link, "Ada") as ada:
            token = ada.welcome.carrier
        async with connect(link.carrier_url, proxy=None) as carrier:
            await carrier.send(token)
            with pytest.raises(ConnectionClosed):
                await carrier.recv()
            return carrier.close_code

    assert on_host(main) == 1008


def test_who_sends_nothing_that_can_be_understood_is_cut_off_and_the_others_go_on():
    async def main(link):
        async with member(link, "Ada") as ada, member(link, "Ben") as ben:
            async with member(link, "Eve") as eve:
                for _ in range(MALFORMED_LIMIT):
                    await eve.carrier.send(b"?")
                with pytest.raises(ConnectionClosed):
                    while True:
                        await eve.carrier.recv()
            return await until_passed(ada, ben, bundle(1, 7))

    assert on_host(main) == Forwarded(1, bundle(1, 7))


def test_who_floods_is_cut_down_to_what_is_allowed():
    async def main(link):
        async with member(link, "Ada") as ada, member(link, "Ben") as ben:
            await until_passed(ada, ben, bundle(1, 0))
            for sequence in range(500):
                await ada.send(2, bundle(1, sequence, golden=True))
            got = 0
            with contextlib.suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(0.5):
                        await ben.frame()
                        got += 1
            return got

    assert on_host(main, frames_per_s=20.0) <= 60


def line_of_one(clock):
    """A member's line of one connection."""
    line = _Line(9, Limits(), clock)
    line.open(0)
    return line


def leaving(line):
    """The envelopes that leave a line now, and whose they are said to be."""
    end = line.ends[0]
    frames = [decode_frame(data) for data in end.leaving]
    end.leaving.clear()
    return [
        (frame.stream, decode_envelope(data).sequence)
        for frame in frames
        for data in unpack_bundle(frame.bundle)
    ]


def test_to_a_slow_member_the_newest_of_each_sender_goes_and_nothing_queues():
    clock = ManualClock()
    line = line_of_one(clock)
    line.pass_on(1, bundle(1, 0, golden=True))
    assert leaving(line) == [(1, 0)]
    clock.advance(LATE_NS)
    for sequence in range(1, 50):
        line.pass_on(1, bundle(1, sequence))
        line.pass_on(2, bundle(2, sequence))
    assert leaving(line) == []
    line.count(0, len(encode_forwarded(1, bundle(1, 0, golden=True))))
    assert sorted(leaving(line)) == [(1, 49), (2, 49)]


def test_what_waits_of_somebody_is_theirs_alone():
    clock = ManualClock()
    line = line_of_one(clock)
    line.pass_on(1, bundle(1, 0, golden=True))
    assert leaving(line) == [(1, 0)]
    clock.advance(LATE_NS)
    line.pass_on(1, bundle(2, 5))
    line.pass_on(1, bundle(1, 5))
    line.forget(2)
    line.count(0, 10**6)
    assert leaving(line) == []
    line.count(0, len(encode_forwarded(1, bundle(1, 0, golden=True))))
    assert leaving(line) == [(1, 5)]


def test_whoever_has_more_connections_gets_bundles_over_all_of_them():
    async def main(link):
        async with member(link, "Ada") as ada, member(link, "Ben") as ben:
            await until_passed(ada, ben, bundle(1, 0))
            async with connect(link.carrier_url, proxy=None) as second:
                await second.send(f"{ben.welcome.carrier} 1")
                for sequence in range(1, 100):
                    await ada.send(2, bundle(1, sequence, golden=True))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            return decode_frame(await second.recv())

    assert isinstance(on_host(main), Forwarded)


@pytest.mark.parametrize("number", ["8", "-1", "01", "one", "1 1", "\u0661"])
def test_a_connection_of_no_possible_number_carries_nothing(number):
    async def main(link):
        async with (
            member(link, "Ada") as ada,
            connect(link.carrier_url, proxy=None) as second,
        ):
            await second.send(f"{ada.welcome.carrier} {number}")
            with pytest.raises(ConnectionClosed):
                await second.recv()
            return second.close_code

    assert on_host(main) == 1008


def test_a_newer_connection_of_the_same_number_ends_the_older_and_no_other():
    async def main(link):
        async with member(link, "Ada") as ada, member(link, "Ben") as ben:
            await until_passed(ada, ben, bundle(1, 0))
            async with (
                connect(link.carrier_url, proxy=None) as older,
                connect(link.carrier_url, proxy=None) as newer,
            ):
                await older.send(f"{ben.welcome.carrier} 1")
                await asyncio.sleep(0.1)
                await newer.send(f"{ben.welcome.carrier} 1")
                with pytest.raises(ConnectionClosed):
                    while True:
                        await older.recv()
                for other in (newer, ben.carrier):
                    await (await other.ping())

    on_host(main)


def test_what_came_is_counted_for_whoever_sent_it():
    async def main(link):
        async with member(link, "Ada") as ada, member(link, "Ben") as ben:
            await until_passed(ada, ben, bundle(1, 7))
            while True:
                frame = decode_frame(await ada.carrier.recv())
                if isinstance(frame, Count):
                    return frame.received % len(encode_forwarded(2, bundle(1, 7)))

    assert on_host(main) == 0
    assert decode_frame(encode_count(5)) == Count(5)
