"""The one UDP port of a relay, for everybody: who speaks, and to whom it is given.

Whoever comes asks for their agent by name, in a check that proves that they were let in; from then
on they are known by their address. What is what shows in its first byte (RFC 7983). A datagram of
which neither address nor name is known costs a look into a table and is never answered.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
import socket
import string
from collections.abc import Hashable, Sequence

from aioice import Candidate
from aioice.candidate import candidate_foundation, candidate_priority

from presence.clock import SECOND, Clock
from presence.errors import HostError, UsageError
from presence.relay import binding
from presence.relay.datagrams import (
    LONGEST,
    STRIDE,
    TAKEN_AT_ONCE,
    Datagrams,
    Way,
    open_datagrams,
)
from presence.relay.lite_agent import LiteAgent
from presence.transport.ice import LOOPBACK, local_addresses

_STUN_LAST = 3
_DTLS_FIRST, _DTLS_LAST = 20, 63
_RTP_FIRST, _RTP_LAST = 128, 191
_BATCHES = 4
"""So many times at most what waits is taken before something else has its turn."""
_SWEEP_S = 1.0
_HELD_NS = 5 * SECOND
"""An address from which somebody was heard so lately is nobody else's."""
_NAME_LENGTH, _PASSWORD_LENGTH = 12, 24
_LETTERS = string.ascii_letters + string.digits
_QUESTIONS = 1024

log = logging.getLogger(__name__)


class Port:
    """State: the sockets, the agents by name, and who is at which address."""

    def __init__(self, sockets: Sequence[Datagrams], hosts: Sequence[str], clock: Clock) -> None:
        """To be made on the event loop that carries it.

        Args:
            sockets: One of each family of addresses, all of the same port.
            hosts: The addresses at which they are reached.
            clock: Says when something came.
        """
        self.strangers = 0
        """Datagrams from where nobody is known to be, of which nothing was made."""
        self.malformed = 0
        """Datagrams that are nothing that a relay is sent."""
        self.refused = 0
        """Checks that proved nothing, were too many, or came from another's address."""
        self._sockets = tuple(sockets)
        self._clock = clock
        self._now = clock.now_ns
        self._agents: dict[str, LiteAgent] = {}
        self._ways: dict[Hashable, Way] = {}
        self._questions: dict[bytes, LiteAgent] = {}
        self._candidates = [self._candidate(host) for host in hosts]
        self._loop = asyncio.get_running_loop()
        for datagrams in self._sockets:
            datagrams.on_first = self._something_leaves
            self._loop.add_reader(datagrams.socket, self._readable, datagrams)
        self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep)
        self._leaving = False
        self._closed = False

    @property
    def number(self) -> int:
        """The port's number."""
        return self._sockets[0].port

    @property
    def people(self) -> int:
        """How many agents there are, of people who are here or about to come."""
        return len(self._agents)

    @property
    def dropped(self) -> dict[str, int]:
        """Datagrams of which nothing was made, by why."""
        here = sum(agent.refused for agent in self._agents.values())
        return {
            "stranger": self.strangers,
            "malformed": self.malformed,
            "refused": self.refused + here,
        }

    def agent(self) -> LiteAgent:
        """One for somebody who is about to come."""
        name = _random(_NAME_LENGTH)
        while name in self._agents:
            name = _random(_NAME_LENGTH)
        agent = LiteAgent(self, name, _random(_PASSWORD_LENGTH), self._clock)
        self._agents[name] = agent
        return agent

    def flush(self) -> None:
        """Send what is to leave."""
        self._leaving = False
        for datagrams in self._sockets:
            if datagrams.slot:
                datagrams.flush()

    def close(self) -> None:
        """Part from everybody, and give the port back; closing twice is no error."""
        if self._closed:
            return
        self._closed = True
        self._sweeping.cancel()
        for agent in list(self._agents.values()):
            agent.end()
        self.flush()
        for datagrams in self._sockets:
            self._loop.remove_reader(datagrams.socket)
            datagrams.close()

    # What agents ask of it.

    def candidates(self) -> list[Candidate]:
        """At which addresses the port is reached."""
        return self._candidates.copy()

    def known(self, way: Way) -> None:
        """Somebody has shown that they are at an address."""
        self._ways[way.key] = way

    def forgotten(self, way: Way) -> None:
        """They are not looked for there any more."""
        if self._ways.get(way.key) is way:
            del self._ways[way.key]

    def asked(self, transaction: bytes, agent: LiteAgent) -> None:
        """An answer with that number is for an agent."""
        self._questions[transaction] = agent
        if len(self._questions) > _QUESTIONS:
            del self._questions[next(iter(self._questions))]

    def gone(self, agent: LiteAgent) -> None:
        """An agent is closed."""
        self.refused += agent.refused
        self._agents.pop(agent.local_username, None)

    # What comes.

    def _readable(self, datagrams: Datagrams) -> None:
        for _ in range(_BATCHES):
            count = datagrams.receive()
            now_ns = self._now()
            for number in range(count):
                self._take(datagrams, number, now_ns)
            if count < TAKEN_AT_ONCE:
                return

    def _take(self, datagrams: Datagrams, number: int, now_ns: int) -> None:
        length = datagrams.lengths[number]
        begin = number * STRIDE
        first = datagrams.came[begin]
        if not 0 < length <= LONGEST:
            self.malformed += 1
        elif first <= _STUN_LAST:
            data = bytes(datagrams.came[begin : begin + length])
            self._stun(datagrams, number, data, now_ns)
        elif (way := self._ways.get(datagrams.key(number))) is None:
            self.strangers += 1
        else:
            agent: LiteAgent = way.owner
            way.heard_ns = now_ns
            if way is not agent.way:
                agent.elsewhere(way, now_ns)
            if _RTP_FIRST <= first <= _RTP_LAST:
                if agent.on_rtp is not None:
                    agent.on_rtp(datagrams, number, length)
            elif _DTLS_FIRST <= first <= _DTLS_LAST:
                agent.data_received(bytes(datagrams.came[begin : begin + length]), 1)
            else:
                self.malformed += 1

    def _stun(self, datagrams: Datagrams, number: int, data: bytes, now_ns: int) -> None:
        what = binding.transaction_of(data)
        if what is None:
            self.malformed += 1
            return
        asks, transaction = what
        if not asks:
            agent = self._questions.pop(transaction, None)
            if agent is None:
                self.strangers += 1
            else:
                agent.answered(data, transaction, datagrams.key(number))
            return
        agent = self._agents.get(binding.asked_for(data) or "")
        if agent is None:
            self.strangers += 1
            return
        key = datagrams.key(number)
        way = self._ways.get(key)
        if way is None or way.owner is not agent:
            if way is not None and now_ns - way.heard_ns < _HELD_NS:
                # Else whoever was let in could take another's place by that one's address.
                self.refused += 1
                return
            way = datagrams.way(number)
        response = agent.checked(data, transaction, way, now_ns)
        if response is not None:
            datagrams.send(response, way)

    def _something_leaves(self) -> None:
        if not self._leaving:
            # With whatever else leaves in this turn of the loop.
            self._leaving = True
            self._loop.call_soon(self.flush)

    def _sweep(self) -> None:
        self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep)
        now_ns = self._now()
        for agent in list(self._agents.values()):
            if agent.expired(now_ns):
                log.debug("somebody has not asked for long whether the relay is there")
                agent.end()

    def _candidate(self, host: str) -> Candidate:
        return Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "host"),
            host=host,
            port=self.number,
            type="host",
        )


def open_port(number: int, advertise: Sequence[str], clock: Clock) -> Port:
    """A port on all of this machine's addresses, on the running loop.

    Args:
        number: Of the port; 0 takes any that is free.
        advertise: The addresses at which people reach it; none: this machine's own.
        clock: Says when something came.

    Raises:
        HostError: the port cannot be had.
        UsageError: what is to be advertised is no address.
    """
    for host in advertise:
        if not _is_address(host):
            raise UsageError(f"--advertise takes an address, as 192.0.2.7, and not {host!r}")
    sockets: list[Datagrams] = []
    try:
        sockets.append(open_datagrams(socket.AF_INET, number))
        if socket.has_ipv6:
            with_six = _six(sockets[0].port, needed=any(":" in host for host in advertise))
            sockets += with_six
    except OSError as error:
        for datagrams in sockets:
            datagrams.close()
        raise HostError(
            f"the relay cannot have UDP port {number}: {error}; choose another by --media-port"
        ) from error
    hosts = list(advertise) or sorted(local_addresses()) or [LOOPBACK]
    if len(sockets) == 1:
        hosts = [host for host in hosts if ":" not in host] or [LOOPBACK]
    return Port(sockets, hosts, clock)


def _six(number: int, *, needed: bool) -> list[Datagrams]:
    """The same port of IPv6; none where this machine has none."""
    try:
        return [open_datagrams(socket.AF_INET6, number)]
    except OSError:
        if needed:
            raise
        return []


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
