import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.errors import HostError
from presence.host import relay_desk
from presence.host.relay_desk import TOKEN_S, RelayDesk
from presence.relay.admission import Admission, read_admission
from presence.wire.signalling import NoRelay, RelayPlace

KEY = Ed25519PrivateKey.generate()
NOW_S = 1_700_000_000


class Server:
    """A relay that runs when it is begun. State: its address, and how often it was begun."""

    pin = "a pin"
    others = ()

    def __init__(self, faults=0):
        self.url = None
        self.begun = 0
        self.faults = faults

    async def begin(self):
        self.begun += 1
        if self.begun <= self.faults:
            raise HostError("no port is free")
        self.url = f"ws://a:{self.begun}/relay"


def desk(server, above=2, why=""):
    new = RelayDesk("room", KEY, server, above, now_s=lambda: NOW_S, why_none=why)
    new.changes = 0

    def changed():
        new.changes += 1

    new.on_change = changed
    return new


def run(test):
    asyncio.run(asyncio.wait_for(test(), 20.0))


async def kept(one, until):
    keeping = asyncio.create_task(one.keep())
    while not until():
        await asyncio.sleep(0.01)
    keeping.cancel()


def test_more_than_so_many_go_by_the_relay_which_is_begun_when_it_is_needed():
    async def main():
        server = Server()
        one = desk(server)
        one.people([1, 2])
        assert not one.wanted
        assert isinstance(one.word_for(1), NoRelay)
        one.people([1, 2, 3])
        assert one.wanted
        await kept(one, lambda: server.url is not None and one.changes >= 2)
        word = one.word_for(3)
        assert word == RelayPlace(
            url="ws://a:1/relay", pin="a pin", token=word.token, lifetime_s=TOKEN_S, wanted=True
        )
        admission = Admission("room", 3, NOW_S + TOKEN_S)
        assert read_admission(word.token, [KEY.public_key()], NOW_S) == admission

    run(main)


def test_one_who_comes_and_goes_moves_nobody():
    one = desk(Server())
    one.people([1, 2, 3])
    one.people([1, 2])
    assert one.wanted
    one.people([1])
    assert not one.wanted
    one.people([1, 2])
    assert not one.wanted


def test_one_who_takes_no_other_way_brings_all_to_the_relay_for_as_long_as_they_are_here():
    one = desk(Server())
    one.people([1, 2])
    one.takes_no_other_way(2, [1, 2])
    assert one.wanted
    one.people([1])
    assert not one.wanted


def test_a_relay_that_died_is_begun_again_and_everybody_is_told_where():
    async def main():
        server = Server()
        one = desk(server)
        one.people([1, 2, 3])
        await kept(one, lambda: server.begun == 1)
        server.url = None
        before = one.changes
        await kept(one, lambda: server.begun == 2 and one.changes > before)
        assert one.word_for(1).url == "ws://a:2/relay"

    run(main)


def test_a_relay_that_does_not_begin_is_a_sentence_until_it_does(monkeypatch):
    monkeypatch.setattr(relay_desk, "LOOK_S", 0.01)

    async def main():
        server = Server(faults=1)
        one = desk(server)
        one.people([1, 2, 3])
        await kept(one, lambda: server.begun == 1 and isinstance(one.word_for(1), NoRelay))
        assert "no port is free" in one.word_for(1).sentence
        await kept(one, lambda: isinstance(one.word_for(1), RelayPlace))

    run(main)


@pytest.mark.parametrize("streams", [[1, 2, 3], [1]])
def test_where_there_is_none_nobody_is_moved_and_who_asks_is_told_why(streams):
    one = desk(None, why="it is shut")
    one.people(streams)
    one.takes_no_other_way(1, streams)
    assert not one.wanted
    assert one.word_for(1) == NoRelay(sentence="it is shut")
