"""Finding the ways that are open, with a TURN server that is played."""

import asyncio
import socket

import pytest

from presence.errors import TransportError
from presence.transport import ways as ways_module
from presence.transport.turn_probe import Probed, Problem, TurnServer, probe
from presence.transport.ways import WayFinder
from presence.wire.ice_url import parse_ice_url
from presence.wire.signalling import IceServer

URLS = tuple(
    f"{scheme}:turn.example:{port}?transport={transport}"
    for scheme, port, transport in [
        ("turn", 3478, "udp"),
        ("turn", 3478, "tcp"),
        ("turns", 5349, "tcp"),
    ]
)
TURN = IceServer(urls=URLS, username="u", credential="c", lifetime_s=100)
STUN = IceServer(urls=("stun:turn.example:3478",))


class Server:
    """A TURN server that answers by each way after some seconds: in order UDP, TCP, TLS."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    async def ask(self, server):
        way = server.url.way
        self.asked.append(way)
        after_s, problem = self.answers[way]
        await asyncio.sleep(after_s)
        return Probed(server, problem, "so it says")


def find(server, servers=(TURN, STUN), path="auto", times=1):
    async def main():
        ways = WayFinder(path, server.ask)
        ways.use(servers)
        try:
            return (await asyncio.gather(*(ways.find() for _ in range(times))))[0]
        finally:
            await ways.close()

    return asyncio.run(main())


def test_udp_is_chosen_even_if_it_answers_a_little_later():
    ways = find(Server(UDP=(0.2, None), TCP=(0.0, None), TLS=(0.0, None)))
    assert ways.turn.url.way == "UDP"
    assert str(ways.stun) == STUN.urls[0]
    assert ways.note == ""


def test_who_has_no_udp_waits_for_it_no_longer_than_its_head_start(monkeypatch):
    monkeypatch.setattr(ways_module, "HEAD_START_S", 0.1)

    async def main():
        server = Server(UDP=(60.0, Problem.SILENT), TCP=(0.0, None), TLS=(60.0, None))
        ways = WayFinder("auto", server.ask)
        ways.use((TURN, STUN))
        async with asyncio.timeout(5.0):
            found = await ways.find()
        await ways.close()
        return found

    ways = asyncio.run(main())
    assert ways.turn.url.way == "TCP"
    # The same machine's STUN would be waited for in vain, for seconds.
    assert ways.stun is None


def test_who_is_not_believed_by_one_way_does_not_wait_for_the_others():
    async def main():
        refused = (0.0, Problem.CREDENTIALS)
        ways = WayFinder("auto", Server(UDP=refused, TCP=(60.0, None), TLS=(60.0, None)).ask)
        ways.use((TURN, STUN))
        async with asyncio.timeout(5.0):
            found = await ways.find()
        await ways.close()
        return found

    assert "refuses the host's credentials" in asyncio.run(main()).note


def test_links_that_are_made_together_ask_once():
    server = Server(UDP=(0.1, None), TCP=(9.0, None), TLS=(9.0, None))
    find(server, times=4)
    assert sorted(server.asked) == ["TCP", "TLS", "UDP"]


def test_no_server_is_asked_when_none_may_be_used():
    server = Server()
    assert find(server, path="direct").turn is None
    assert find(server, servers=()).turn is None
    assert server.asked == []


def test_a_relay_that_was_asked_for_and_is_not_named_is_a_sentence():
    with pytest.raises(TransportError, match=r"--path turn needs a TURN server.*--turn"):
        find(Server(), servers=(STUN,), path="turn")


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Problem.CREDENTIALS, "refuses the host's credentials; give `presence host` the secret"),
        (Problem.SHUT, "nothing listens at the TURN server's port, turn.example:3478"),
        (Problem.SILENT, r"does not answer \(UDP, TCP, TLS\); check that it runs"),
        (Problem.NO_ROUTE, "there is no route from this machine to the TURN server"),
        (Problem.NAME, "the name of the TURN server, turn.example, leads to no address"),
        (Problem.REFUSED, r"will not relay \(so it says\); its log says why"),
    ],
)
def test_each_problem_has_a_sentence_of_its_own(problem, sentence):
    server = Server(UDP=(0.0, problem), TCP=(0.0, problem), TLS=(0.0, problem))
    with pytest.raises(TransportError, match=sentence):
        find(server, path="turn")
    assert find(server).turn is None


def test_servers_that_nobody_could_use_are_passed_over():
    odd = IceServer(urls=("http://turn.example", "turns:turn.example?transport=udp", "stun:x:0"))
    without = IceServer(urls=("turn:turn.example",))
    assert find(Server(), servers=(odd, without)) == find(Server(), servers=())


def test_credentials_are_stale_before_they_run_out(monkeypatch):
    async def main():
        ways = WayFinder()
        loop = asyncio.get_running_loop()
        ways.use((TURN,))
        begun_s = loop.time()
        stale = []
        for after_s in (0.0, 70.0, 76.0):
            monkeypatch.setattr(loop, "time", lambda after_s=after_s: begun_s + after_s)
            stale.append(ways.stale)
        monkeypatch.undo()
        ways.use((STUN,))
        return [*stale, ways.stale]

    assert asyncio.run(main()) == [False, False, True, False]


def test_a_name_without_an_address_is_told(monkeypatch):
    def none(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", none)
    server = TurnServer(parse_ice_url("turn:turn.example"), "u", "c")
    probed = asyncio.run(probe(server))
    assert (probed.problem, probed.detail) == (
        Problem.NAME,
        "[Errno -2] Name or service not known",
    )
