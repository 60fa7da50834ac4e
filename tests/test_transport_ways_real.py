"""Ways to one another over real networks: NATs of both kinds, coturn, IPv6, firewalls."""

import asyncio
import contextlib
import queue
import re
import time

import pytest
from networks import internet
from turn_server import PORT, SECRET, turn_server

from presence.clock import MonotonicClock
from presence.errors import TransportError
from presence.host.certificate import pin_of_file
from presence.host.ice_servers import IceSettings, TurnServer
from presence.transport.peer import Peer
from presence.transport.ways import WayFinder
from presence.wire.ice_url import IceUrl

SERVER, SERVER_SIX = "203.0.113.10", "2001:db8::10"
NOW_S = int(time.time())


class World:
    """An internet with a TURN server on it, and two homes."""

    def __init__(self, stack, folder):
        self.net = stack.enter_context(internet())
        self.public = self.net.machine("turn", f"{SERVER}/24", f"{SERVER_SIX}/64")
        self.turn = stack.enter_context(turn_server(self.public, [SERVER, SERVER_SIX], folder))
        self.six = [self.net.machine(f"six{n}", f"2001:db8::5{n}/64") for n in range(2)]
        self.pin = pin_of_file(self.turn.certificate)
        self.homes = {
            name: self.net.home(name, number, nat)
            for number, (name, nat) in enumerate(
                [("cone1", "cone"), ("cone2", "cone"), ("sym1", "symmetric"), ("sym2", "symmetric")]
            )
        }

    def servers(self, host=SERVER, secret=SECRET, now_s=NOW_S, **options):
        server = TurnServer(host, secret, **{"pin": self.pin, **options})
        return IceSettings(turn=server).servers("somebody", now_s)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield World(stack, tmp_path_factory.mktemp("turn"))


@contextlib.contextmanager
def firewalled(router, *rules):
    """Keep a home's packets from passing its router."""
    lines = "\n".join(f"    {rule}" for rule in rules)
    router.firewall(
        "table ip shut {\n  chain c {\n    type filter hook forward priority 0;\n"
        f"{lines}\n  }}\n}}\n"
    )
    try:
        yield
    finally:
        router.run("nft", "delete", "table", "ip", "shut")


def call(first, second, servers, path="auto", other_path="auto", timeout_s=20.0):
    """Two machines connect and say hello; gives each one's route, or raises what went wrong."""
    offers, answers = queue.Queue(), queue.Queue()

    async def connect(path, introduce):
        ways = WayFinder(path)
        ways.use(servers)
        peer = Peer(MonotonicClock(), ways=await ways.find())
        heard = asyncio.Event()
        try:
            await introduce(peer)
            carrier = await peer.opened(timeout_s)
            carrier.on_bundle = lambda bundle, _: heard.set()
            route = peer.route
            while not heard.is_set():
                carrier.send(b"hello")
                await asyncio.sleep(0.02)
            # The other may not have heard yet; what is lost is not sent again by the channel.
            for _ in range(10):
                carrier.send(b"hello")
                await asyncio.sleep(0.02)
            return route
        finally:
            await peer.close()
            await ways.close()

    async def offer(peer):
        offers.put(await peer.offer())
        await peer.accept(await asyncio.to_thread(answers.get, True, 20.0))

    async def answer(peer):
        answers.put(await peer.answer(await asyncio.to_thread(offers.get, True, 20.0)))

    one = first.enter(lambda: connect(path, offer))
    other = second.enter(lambda: connect(other_path, answer))
    return one.result(40.0), other.result(40.0)


def finding(machine, servers, path="auto"):
    """The future of the ways that one machine finds."""

    async def find():
        ways = WayFinder(path)
        ways.use(servers)
        try:
            return await ways.find()
        finally:
            await ways.close()

    return machine.enter(find)


def found(*arguments):
    return finding(*arguments).result(20.0)


def test_two_behind_ordinary_routers_meet_straight_by_stun(world):
    one, other = call(world.homes["cone1"][0], world.homes["cone2"][0], world.servers())
    assert (one.kind, other.kind) == ("direct, udp", "direct, udp")


def test_two_behind_symmetric_routers_meet_over_the_turn_server(world):
    one, other = call(world.homes["sym1"][0], world.homes["sym2"][0], world.servers())
    assert one.relayed and other.relayed


def test_symmetric_routers_keep_them_apart_when_no_server_relays(world):
    stun = IceSettings(stun=IceUrl("stun", SERVER, PORT)).servers("somebody", NOW_S)
    cure = "no way was found.*203.0.113.10[23].*give the room's host a TURN server"
    with pytest.raises(TransportError, match=cure):
        call(world.homes["sym1"][0], world.homes["sym2"][0], stun, timeout_s=2.0)


def test_who_wants_a_straight_way_alone_is_not_relayed(world):
    (one, _), (other, _) = world.homes["sym1"], world.homes["sym2"]
    with pytest.raises(TransportError, match="leave --path direct out"):
        call(one, other, world.servers(), "direct", "auto", timeout_s=2.0)


@pytest.mark.parametrize(
    ("way", "rules"),
    [
        ("udp", ()),
        ("tcp", ("meta l4proto udp drop",)),
        ("tls", ("meta l4proto udp drop", f"tcp dport {PORT} drop")),
    ],
)
def test_a_relay_is_reached_by_whatever_passes(world, way, rules):
    (one, router), (other, _) = world.homes["cone1"], world.homes["sym1"]
    with firewalled(router, *rules) if rules else contextlib.nullcontext():
        route, other_route = call(one, other, world.servers(), "turn", "turn")
    assert (route.kind, other_route.kind) == (f"relayed, {way}", "relayed, udp")
    assert route.local.startswith(SERVER)
    assert route.remote.startswith(SERVER)


@pytest.mark.parametrize("path", ["direct", "turn"])
def test_machines_with_nothing_but_ipv6_meet_straight_and_over_the_relay(world, path):
    one, other = world.six
    route, other_route = call(one, other, world.servers(SERVER_SIX), path, path)
    kind = "relayed, udp" if path == "turn" else "direct, udp"
    assert (route.kind, other_route.kind) == (kind, kind)
    assert route.local.startswith(f"[{SERVER_SIX}]" if path == "turn" else "[2001:db8::50]")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"secret": "another"}, "refuses the host's credentials.*secret.*clocks"),
        ({"now_s": 1_000_000_000}, "refuses the host's credentials.*secret.*clocks"),
        ({"port": 3999, "tls_port": 3999}, "nothing listens at the TURN server's port, .*:3999"),
        ({"host": "turn..invalid"}, "the name of the TURN server, turn..invalid, leads to no"),
        ({"host": SERVER_SIX}, "no route from this machine to the TURN server"),
    ],
    ids=["wrong secret", "expired", "shut port", "no such name", "no route"],
)
def test_what_is_wrong_with_a_turn_server_is_told_apart(world, options, sentence):
    ways = found(world.homes["cone1"][0], world.servers(**options))
    assert ways.turn is None
    assert re.search(sentence, ways.note)


def test_a_firewall_that_lets_nothing_pass_is_told(world):
    machine, router = world.homes["cone1"]
    with firewalled(router, "drop"):
        ways = found(machine, world.servers())
    assert re.search(r"does not answer \(UDP, TCP, TLS\); .*firewall", ways.note)


def test_a_certificate_that_nobody_vouches_for_is_told_where_it_matters(world):
    machine, router = world.homes["cone1"]
    with firewalled(router, "meta l4proto udp drop", f"tcp dport {PORT} drop"):
        pins = (None, "A" * 43)
        looking = [finding(machine, world.servers(pin=pin)) for pin in pins]
        looked = [future.result(20.0) for future in looking]
    for ways in looked:
        assert ways.turn is None
        assert re.search("by TLS alone, and its certificate is not trusted", ways.note)


def test_who_insists_on_the_relay_hears_why_there_is_none(world):
    with pytest.raises(TransportError, match="refuses the host's credentials"):
        found(world.homes["cone1"][0], world.servers(secret="another"), "turn")
    with pytest.raises(TransportError, match="the host names none"):
        found(world.homes["cone1"][0], (), "turn")
