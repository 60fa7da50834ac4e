"""Are a room's host and its servers well, seen from here? What ``presence doctor LINK`` asks."""

from __future__ import annotations

import asyncio

from presence.client.finding import Finding, Verdict
from presence.errors import PresenceError
from presence.transport.signalling import ask_ice_servers
from presence.transport.turn_probe import Probed, probe
from presence.transport.ways import describe, relays_of
from presence.wire.link import RoomLink
from presence.wire.signalling import IceServer


def check_host(link: RoomLink) -> tuple[Finding, tuple[IceServer, ...]]:
    """Does the room's host answer? Gives the servers that it names, as well."""
    try:
        servers = asyncio.run(ask_ice_servers(link))
    except PresenceError as error:
        return Finding(Verdict.FAIL, str(error)), ()
    return Finding(Verdict.OK, f"the room host at {link.origin} answers"), servers


def check_turn(servers: tuple[IceServer, ...]) -> Finding:
    """Would the TURN server relay for this machine, and by which ways?"""
    relays = relays_of(servers)
    if not relays:
        return Finding(
            Verdict.WARN,
            "the host names no TURN server: some who are behind strict routers are not reached",
            "start `presence host` with --turn; docs/hosting.md says how to run one",
        )

    async def ask_all() -> list[Probed]:
        return await asyncio.gather(*(probe(relay) for relay in relays))

    probed = sorted(asyncio.run(ask_all()), key=lambda one: one.problem is not None)
    working = [one.server.url.way for one in probed if one.problem is None]
    sentence, _, cure = describe(probed).partition("; ")
    if not working:
        return Finding(Verdict.FAIL, sentence, cure)
    if sentence:
        return Finding(Verdict.WARN, sentence, cure)
    server = probed[0].server.url.server
    return Finding(Verdict.OK, f"the TURN server {server} relays, by {', '.join(working)}")
