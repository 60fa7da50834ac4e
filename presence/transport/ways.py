"""By which ways the others may be reached: what the person allows, and what answers."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from presence.errors import LinkError, TransportError
from presence.transport.path_choice import PathChoice
from presence.transport.turn_probe import Probed, Problem, TurnServer, probe
from presence.transport.websocket_carrier import HostLine
from presence.wire.ice_url import IceUrl, parse_ice_url
from presence.wire.signalling import IceServer

HEAD_START_S = 1.2
"""Seconds that a TURN server gets to answer by UDP before another way to it will do: enough for a
packet to be lost and sent again."""
_FRESH_S = 5.0
"""Seconds for which an answer is believed; links that are made together share one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways by which to seek one connection."""

    path: PathChoice = "auto"
    stun: IceUrl | None = None
    turn: TurnServer | None = None
    line: HostLine | None = None
    """The way through the room's host; None: it is shut, or the host does not carry."""
    note: str = ""
    """What is wrong with the TURN server, as a sentence without its full stop; else empty."""


STRAIGHT = Ways()
"""Without any server."""


class WayFinder:
    """Knows the servers that the host named, and which of them answer.

    State: the servers, and what they last answered.
    """

    def __init__(
        self,
        path: PathChoice = "auto",
        ask: Callable[[TurnServer], Awaitable[Probed]] = probe,
        line: HostLine | None = None,
    ) -> None:
        """No server is known yet.

        Args:
            path: What the person allows.
            ask: Finds out whether a TURN server would relay for us.
            line: The way through the room's host.
        """
        self.path = path
        self._stale_s = math.inf
        self._ask = ask
        self._line = line
        self._stun: IceUrl | None = None
        self._turn: list[TurnServer] = []
        self._search: asyncio.Task[list[Probed]] | None = None
        self._searched_s = 0.0

    def use(self, servers: Iterable[IceServer]) -> None:
        """The host names its servers, or gives fresh credentials for them."""
        servers = tuple(servers)
        stuns = [url for server in servers for url in _urls(server) if url.kind == "stun"]
        self._stun = stuns[0] if stuns else None
        self._turn = relays_of(servers)
        lifetimes = [s.lifetime_s for s in servers if s.lifetime_s is not None]
        now_s = asyncio.get_running_loop().time()
        self._stale_s = now_s + 0.75 * min(lifetimes) if lifetimes else math.inf
        self._forget()

    @property
    def stale(self) -> bool:
        """Whether the credentials are so old that the host should be asked for others."""
        return asyncio.get_running_loop().time() > self._stale_s

    async def find(self) -> Ways:
        """The ways that are open now.

        Raises:
            TransportError: the one that the person wants is not.
        """
        line = self._line if self._line is not None and self._line.token is not None else None
        if self.path == "websocket":
            if line is None:
                raise TransportError(
                    "--path websocket needs a host that carries, and this one does not; run a "
                    "newer `presence host`, or leave --path out"
                )
            return Ways(self.path, line=line)
        if self.path != "auto":
            line = None
        if self.path == "direct" or not self._turn:
            if self.path == "turn":
                raise TransportError(
                    "--path turn needs a TURN server, and the host names none: start "
                    "`presence host` with --turn, or leave --path out"
                )
            return Ways(self.path, self._stun, line=line)
        probed = await self._probed()
        note = describe(probed)
        working = [one.server for one in probed if one.problem is None]
        if not working and self.path == "turn":
            raise TransportError(note)
        if note:
            log.info("%s", note)
        # Who cannot reach a TURN server by UDP will not reach STUN there, and waits seconds.
        by_udp = any(server.url.way == "UDP" for server in working)
        beside = self._stun is not None and self._stun.host != self._turn[0].url.host
        return Ways(
            self.path,
            stun=self._stun if by_udp or beside else None,
            turn=working[0] if working else None,
            line=line,
            note="" if working else note,
        )

    async def close(self) -> None:
        """Stop asking."""
        search = self._forget()
        if search is not None:
            await asyncio.gather(search, return_exceptions=True)

    def _forget(self) -> asyncio.Task[list[Probed]] | None:
        search, self._search = self._search, None
        if search is not None:
            search.cancel()
        return search

    async def _probed(self) -> list[Probed]:
        """What the TURN server answers, each way; those who ask at once share one answer."""
        now_s = asyncio.get_running_loop().time()
        search = self._search
        if search is None or (search.done() and now_s - self._searched_s > _FRESH_S):
            search = asyncio.create_task(best_first(self._turn, self._ask))
            search.add_done_callback(self._finished)
            self._search = search
        # Shielded: one who gives up must not take the answer from the others.
        return await asyncio.shield(search)

    def _finished(self, search: asyncio.Task[list[Probed]]) -> None:
        self._searched_s = search.get_loop().time()


def relays_of(servers: Iterable[IceServer]) -> list[TurnServer]:
    """The ways to relays among the servers that a host names, best first."""
    return [
        TurnServer(url, server.username, server.credential, server.pin)
        for server in servers
        if server.username is not None and server.credential is not None
        for url in _urls(server)
        if url.kind != "stun"
    ]


def _urls(server: IceServer) -> list[IceUrl]:
    """Those addresses of a server that are understood."""
    urls = []
    for text in server.urls:
        try:
            urls.append(parse_ice_url(text))
        except LinkError as error:
            log.info("%s", error)
    return urls


async def best_first(
    servers: Sequence[TurnServer], ask: Callable[[TurnServer], Awaitable[Probed]] = probe
) -> list[Probed]:
    """Ask a server by all ways to it at once; gives what they answered, what works first.

    Waits no longer than it must: for the first of the ways in the order given, or, once that had
    its head start, for any.
    """
    asking = [asyncio.ensure_future(ask(server)) for server in servers]
    loop = asyncio.get_running_loop()
    patient_until_s = loop.time() + HEAD_START_S
    try:
        pending = set(asking)
        while pending:
            patience_s = patient_until_s - loop.time()
            _, pending = await asyncio.wait(
                pending,
                timeout=patience_s if patience_s > 0 else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            answers = [task.result() if task.done() else None for task in asking]
            if _enough(answers, patient=loop.time() < patient_until_s):
                break
        known = [task.result() for task in asking if task.done()]
        return sorted(known, key=lambda one: one.problem is not None)
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


def _enough(answers: Sequence[Probed | None], *, patient: bool) -> bool:
    """Whether no answer that is still out would change what is done."""
    for answer in answers:
        if answer is None and patient:
            return False
        # Whoever does not believe us by one way does not by another.
        if answer is not None and answer.problem in (None, Problem.CREDENTIALS):
            return True
    return False


def describe(probed: Sequence[Probed]) -> str:
    """What is wrong, and what to do about it; empty if the first way of all works.

    Args:
        probed: What one TURN server answered, by each way to it.
    """
    if not probed:
        return ""
    if probed[0].problem is None:
        way = probed[0].server.url.way
        if way == "UDP":
            return ""
        return (
            f"the TURN server {probed[0].server.url.server} is reached by {way} alone, since UDP "
            "does not pass; expect more delay, or let UDP pass to it"
        )
    url = probed[0].server.url
    problems = {one.problem: one for one in reversed(probed)}
    if Problem.CREDENTIALS in problems:
        return (
            f"the TURN server {url.server} refuses the host's credentials; give `presence host` "
            "the secret that the server knows as static-auth-secret, and set both clocks right"
        )
    if Problem.REFUSED in problems:
        return (
            f"the TURN server {url.server} will not relay ({problems[Problem.REFUSED].detail}); "
            "its log says why"
        )
    if Problem.NAME in problems:
        return (
            f"the name of the TURN server, {url.host}, leads to no address; check --turn of the "
            "host, and that this machine can look names up"
        )
    if Problem.NO_ROUTE in problems:
        return (
            f"there is no route from this machine to the TURN server {url.server} "
            f"({problems[Problem.NO_ROUTE].detail}); check this machine's network"
        )
    if Problem.CERTIFICATE in problems:
        return (
            f"the TURN server {url.server} is reached by TLS alone, and its certificate is not "
            f"trusted ({problems[Problem.CERTIFICATE].detail}); give `presence host` the "
            "certificate by --turn-certificate, or let UDP pass"
        )
    if Problem.SHUT in problems:
        return (
            f"nothing listens at the TURN server's port, {url.server}, though the machine is "
            "there; start the server, or correct the port in --turn of the host"
        )
    ways = ", ".join(dict.fromkeys(one.server.url.way for one in probed))
    return (
        f"the TURN server {url.server} does not answer ({ways}); check that it runs, and that no "
        "firewall between blocks its ports"
    )
