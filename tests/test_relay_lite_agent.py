"""An agent of ICE that only answers: whom it believes, and where it follows them."""

import asyncio

import pytest
from aioice import stun
from test_relay_binding import PASSWORD, check

from presence.clock import SECOND, ManualClock
from presence.relay import binding
from presence.relay.datagrams import Way
from presence.relay.lite_agent import CHECKS_AT_ONCE, CONSENT_NS, LiteAgent

THEIRS = "t" * 24
HERE, THERE, ELSEWHERE = ("192.0.2.1", 1000), ("192.0.2.2", 2000), ("192.0.2.3", 3000)


class Port:
    """What an agent is on. State: what it was told, and what was sent."""

    def __init__(self):
        self.ways, self.questions, self.sent, self.ended = {}, [], [], []

    def candidates(self):
        return []

    def known(self, way):
        self.ways[way.key] = way

    def forgotten(self, way):
        del self.ways[way.key]

    def asked(self, transaction, agent):
        self.questions.append(transaction)

    def gone(self, agent):
        self.ended.append(agent)

    def send(self, data, way):
        self.sent.append((data, way.key))


class Scene:
    """One agent, and whoever speaks to it."""

    def __init__(self):
        self.clock = ManualClock(100 * SECOND)
        self.port = Port()
        self.agent = LiteAgent(self.port, "relay", PASSWORD, self.clock)
        self.agent.remote_username, self.agent.remote_password = "them", THEIRS

    def way(self, address):
        return self.port.ways.get(address) or Way(self.port, address, address)

    def check(self, address, *, use=False, data=None, **claims):
        data = data or check(**claims, **({"USE-CANDIDATE": None} if use else {}))
        return self.agent.checked(data, data[8:20], self.way(address), self.clock.now_ns())

    def hear(self, address):
        """Something else comes from there."""
        way = self.port.ways[address]
        way.heard_ns = self.clock.now_ns()
        if way is not self.agent.way:
            self.agent.elsewhere(way, self.clock.now_ns())

    def respond(self, address, password=THEIRS):
        """They answer the last challenge."""
        challenge = stun.parse_message(self.port.sent[-1][0])
        data = binding.answer(_as_controlling(challenge), address, password)
        self.agent.answered(data, challenge.transaction_id, address)

    @property
    def at(self):
        return self.agent.way and self.agent.way.key


def _as_controlling(challenge):
    del challenge.attributes["ICE-CONTROLLED"]
    return challenge


def test_who_proves_that_they_were_let_in_is_answered_and_their_choice_believed():
    scene = Scene()
    assert binding.proven(scene.check(HERE), PASSWORD).attributes["XOR-MAPPED-ADDRESS"] == HERE
    assert scene.at is None
    scene.check(HERE, use=True)
    assert scene.at == HERE
    assert scene.port.ways[HERE].owner is scene.agent


def test_who_proves_nothing_is_not_answered_and_not_known():
    scene = Scene()
    assert scene.check(HERE, use=True, password="x" * 24) is None
    assert scene.at is None
    assert scene.port.ways == {}
    assert scene.agent.refused == 1


def test_a_check_that_is_sent_again_from_elsewhere_proves_nothing():
    scene = Scene()
    data = check(**{"USE-CANDIDATE": None})
    assert scene.check(HERE, data=data)
    assert scene.check(HERE, data=data)
    assert scene.check(THERE, data=data) is None
    assert scene.at == HERE
    assert THERE not in scene.port.ways


def test_whoever_moves_is_followed_once_they_show_that_they_hear_there():
    scene = Scene()
    scene.check(HERE, use=True)
    scene.check(THERE, use=True)
    assert scene.at == HERE
    ((challenge, to),) = scene.port.sent
    assert to == THERE
    assert binding.proven(challenge, THEIRS).attributes["USERNAME"] == "them:relay"
    scene.respond(THERE)
    assert scene.at == THERE
    # And back, which takes as much: nothing was shown of the first place.
    scene.check(HERE, use=True)
    assert scene.at == THERE
    scene.respond(HERE)
    assert scene.at == HERE
    # Now both are known.
    scene.check(THERE, use=True)
    assert scene.at == THERE


@pytest.mark.parametrize("wrong", [{"password": "x" * 24}, {"address": ELSEWHERE}])
def test_an_answer_that_is_not_theirs_moves_nobody(wrong):
    scene = Scene()
    scene.check(HERE, use=True)
    scene.check(THERE, use=True)
    scene.respond(**{"address": THERE} | wrong)
    assert scene.at == HERE


def test_who_falls_silent_and_is_heard_from_elsewhere_is_asked_whether_they_are_there():
    scene = Scene()
    scene.check(HERE, use=True)
    scene.check(THERE)
    scene.hear(THERE)
    assert scene.port.sent == []
    scene.clock.advance(2 * SECOND)
    scene.hear(THERE)
    assert scene.port.sent[-1][1] == THERE
    # Once, until it had time to be answered.
    scene.hear(THERE)
    assert len(scene.port.sent) == 1
    scene.clock.advance(SECOND // 5)
    scene.hear(THERE)
    assert len(scene.port.sent) == 2
    scene.respond(THERE)
    assert scene.at == THERE


def test_of_too_many_checks_no_more_are_looked_at_until_later():
    scene = Scene()
    answered = [scene.check(HERE) for _ in range(2 * int(CHECKS_AT_ONCE))]
    assert sum(one is not None for one in answered) == CHECKS_AT_ONCE
    scene.clock.advance(SECOND)
    assert scene.check(HERE)


def test_only_so_many_places_are_kept_and_never_the_one_in_use_is_given_up():
    scene = Scene()
    scene.check(HERE, use=True)
    for port in range(50):
        scene.check(("198.51.100.1", port))
    assert len(scene.port.ways) == 4
    assert scene.at == HERE
    assert HERE in scene.port.ways


def test_whoever_stops_asking_has_no_more_sent_to_them():
    scene = Scene()
    scene.check(HERE, use=True)
    scene.clock.advance(CONSENT_NS)
    assert not scene.agent.expired(scene.clock.now_ns())
    scene.clock.advance(1)
    assert scene.agent.expired(scene.clock.now_ns())
    scene.check(HERE)
    assert not scene.agent.expired(scene.clock.now_ns())


def test_what_waits_for_a_way_ends_when_the_agent_does():
    async def go():
        scene = Scene()
        with pytest.raises(ConnectionError):
            await scene.agent.send(b"too early")
        connecting = asyncio.ensure_future(scene.agent.connect())
        event = asyncio.ensure_future(scene.agent.get_event())
        await asyncio.sleep(0)
        await scene.agent.close()
        await scene.agent.close()
        with pytest.raises(ConnectionError):
            await connecting
        assert await event is not None
        assert await scene.agent.get_event() is None
        assert scene.port.ended == [scene.agent]

    asyncio.run(go())


def test_what_nobody_reads_is_bounded():
    scene = Scene()
    for _ in range(5000):
        scene.agent.data_received(b"x", 1)
    assert scene.agent._queue.qsize() < 1000
