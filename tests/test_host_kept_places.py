"""Places that outlast a host."""

import asyncio
import contextlib
import os
import time

from websockets.asyncio.client import connect

from presence.host.kept_places import KeptPlaces
from presence.host.limits import Limits
from presence.host.server import hosting
from presence.host.settings import HostSettings
from presence.room.resume import Claim
from presence.wire.signalling import Join, Refused, decode_host_message, encode_message

CLAIMS = (Claim(1, 0, 77), Claim(400, 4, 5))


def test_what_was_written_is_read_by_the_next_host_of_the_room(tmp_path):
    assert KeptPlaces("garden", tmp_path).read() == ()
    KeptPlaces("garden", tmp_path).write(CLAIMS)
    assert KeptPlaces("garden", tmp_path).read() == CLAIMS
    assert KeptPlaces("cellar", tmp_path).read() == ()


def test_when_all_left_nothing_is_kept_and_nothing_names_the_room(tmp_path):
    places = KeptPlaces("garden", tmp_path)
    places.write(CLAIMS)
    (file,) = tmp_path.iterdir()
    assert "garden" not in file.name
    assert b"garden" not in file.read_bytes()
    places.write(())
    assert list(tmp_path.iterdir()) == []


def test_it_is_written_only_when_it_changed(tmp_path):
    places = KeptPlaces("garden", tmp_path)
    places.write(CLAIMS)
    (file,) = tmp_path.iterdir()
    file.unlink()
    places.write(CLAIMS)
    assert list(tmp_path.iterdir()) == []
    places.write(CLAIMS[:1])
    assert KeptPlaces("garden", tmp_path).read() == CLAIMS[:1]


def test_what_is_damaged_or_cannot_be_written_is_as_if_it_were_not_there(tmp_path):
    places = KeptPlaces("garden", tmp_path)
    places.write(CLAIMS)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"[{")
    assert places.read() == ()
    nowhere = KeptPlaces("garden", tmp_path / "none")
    nowhere.write(CLAIMS)
    assert nowhere.read() == ()


def test_a_room_of_days_ago_is_forgotten(tmp_path):
    KeptPlaces("garden", tmp_path).write(CLAIMS)
    (file,) = tmp_path.iterdir()
    days_ago = time.time() - 3 * 86_400
    os.utime(file, (days_ago, days_ago))
    assert KeptPlaces("garden", tmp_path).read() == ()
    assert list(tmp_path.iterdir()) == []


def test_who_is_sooner_than_those_who_return_to_a_restarted_host_finds_it_full():
    settings = HostSettings(
        bind="127.0.0.1", port=0, room="garden", secret="s", limits=Limits(capacity=2)
    )

    async def joined(stack, link, **join):
        signalling = await stack.enter_async_context(connect(link.signalling_url, proxy=None))
        await signalling.send(encode_message(Join(**join)))
        return decode_host_message(await signalling.recv())

    async def main():
        async with hosting(settings) as link, contextlib.AsyncExitStack() as stack:
            before = [await joined(stack, link, name=name) for name in ("Ada", "Ben")]
        async with hosting(settings) as link, contextlib.AsyncExitStack() as stack:
            newcomer = await joined(stack, link, name="Zoe")
            after = [
                await joined(stack, link, name="again", resume=welcome.resume) for welcome in before
            ]
        assert isinstance(newcomer, Refused)
        places = [[(w.stream, w.seat) for w in welcomes] for welcomes in (before, after)]
        assert places[0] == places[1]

    asyncio.run(main())
