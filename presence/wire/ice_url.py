"""Addresses of STUN and TURN servers: ``turn:HOST:PORT?transport=udp`` (RFC 7064 and RFC 7065)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from presence.errors import LinkError

PLAIN_PORT, TLS_PORT = 3478, 5349
"""The ports that RFC 8489 and RFC 8656 give to STUN and TURN."""

_URL = re.compile(
    r"(?P<kind>stun|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})"
    r"(:(?P<port>[0-9]{1,5}))?(\?transport=(?P<transport>udp|tcp))?"
)
_SERVER = re.compile(
    r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]{1,253}))(:(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class IceUrl:
    """One server, and how it is spoken to."""

    kind: Literal["stun", "turn", "turns"]
    """``turns`` is TURN over TLS."""
    host: str
    """A name or an address; an IPv6 address without its brackets."""
    port: int
    transport: Literal["udp", "tcp"] = "udp"

    @property
    def way(self) -> str:
        """What it goes by, for a person: ``UDP``, ``TCP`` or ``TLS``."""
        return "TLS" if self.kind == "turns" else self.transport.upper()

    @property
    def server(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        query = "" if self.kind == "stun" else f"?transport={self.transport}"
        return f"{self.kind}:{self.server}{query}"


def parse_ice_url(text: str) -> IceUrl:
    """The server that ``text`` names.

    Raises:
        LinkError: it names none that can be used.
    """
    match = _URL.fullmatch(text)
    kind = match["kind"] if match else ""
    transport = (match and match["transport"]) or ("tcp" if kind == "turns" else "udp")
    port = int((match and match["port"]) or (TLS_PORT if kind == "turns" else PLAIN_PORT))
    # TURN over DTLS exists and nobody here speaks it; STUN names no transport.
    odd = (kind, transport) == ("turns", "udp") or (kind == "stun" and "?" in text)
    if match is None or odd or not 1 <= port <= 0xFFFF:
        raise LinkError(f"{text!r} is no address of a STUN or TURN server that can be used here")
    host = match["host"].strip("[]")
    match kind, transport:
        case "stun", _:
            return IceUrl("stun", host, port)
        case "turns", _:
            return IceUrl("turns", host, port, "tcp")
        case _, "tcp":
            return IceUrl("turn", host, port, "tcp")
        case _:
            return IceUrl("turn", host, port)


def parse_server(text: str, option: str) -> tuple[str, int | None]:
    """Host and port of ``HOST[:PORT]``, where an IPv6 address stands in brackets.

    Raises:
        LinkError: it is none; the message names the ``option`` that it was given to.
    """
    match = _SERVER.fullmatch(text)
    port = int(match["port"]) if match and match["port"] else None
    if match is None or (port is not None and not 1 <= port <= 0xFFFF):
        raise LinkError(
            f"{option} {text!r} is no server; give HOST or HOST:PORT, an IPv6 address in brackets"
        )
    return match["six"] or match["host"], port
