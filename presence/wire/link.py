"""Room links: ``http://ADDRESS:PORT/r/ROOM#SECRET.PIN``, what a host prints and a person opens.

The secret is in the fragment, which no browser and no participant sends to the host. So is the pin,
which says by which certificate the host is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from presence.errors import LinkError

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PIN = re.compile(r"[A-Za-z0-9_-]{43}")
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}(%[A-Za-z0-9._-]{1,32})?")
_PATH = re.compile(r"/r/([^/]+)/?")


@dataclass(frozen=True, slots=True)
class RoomLink:
    """Where a room is. Raises LinkError, when made, for what cannot be written as a link."""

    host: str
    """A name or an address; an IPv6 address without its brackets."""
    port: int
    room: str
    """The room's name: letters, digits, ``-`` and ``_``."""
    secret: str = ""
    """The same characters; known to whom the link was given, and not to the host."""
    tls: bool = False
    """Whether the host's pages come by TLS."""
    pin: str = ""
    """Of the host's certificate; with one, participants speak TLS whatever the pages come by."""

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise LinkError(f"{self.host!r} is no host name or address; check the link")
        if not 1 <= self.port <= 0xFFFF:
            raise LinkError(f"{self.port} is no port; a port is a number from 1 to 65535")
        if not _TOKEN.fullmatch(self.room):
            raise LinkError(f"{self.room!r} is no name of a room; check the link")
        if self.secret and not _TOKEN.fullmatch(self.secret):
            raise LinkError("the part of the link after # is damaged; copy the whole link again")
        if self.pin and not _PIN.fullmatch(self.pin):
            raise LinkError("the last part of the link is damaged; copy the whole link again")

    @property
    def origin(self) -> str:
        """Where the host's pages are, as ``http://192.0.2.7:8443``."""
        return f"http{'s' if self.tls else ''}{self._address}"

    @property
    def signalling_url(self) -> str:
        """Where the room's WebSocket is; without the secret."""
        return f"{self._websocket}/r/{self.room}/signalling"

    @property
    def carrier_url(self) -> str:
        """Where the WebSocket is that carries bundles; without the secret."""
        return f"{self._websocket}/r/{self.room}/carrier"

    @property
    def secure(self) -> bool:
        """Whether participants speak TLS with the host."""
        return self.tls or bool(self.pin)

    @property
    def _websocket(self) -> str:
        return f"ws{'s' if self.secure else ''}{self._address}"

    @property
    def _address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"://{host}:{self.port}"

    def __str__(self) -> str:
        """The link itself, secret and all."""
        pin = f".{self.pin}" if self.pin else ""
        fragment = f"#{self.secret}{pin}" if self.secret or pin else ""
        return f"{self.origin}/r/{self.room}{fragment}"


def parse_link(text: str) -> RoomLink:
    """The link that ``text`` is.

    Raises:
        LinkError: it is no room link.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise LinkError(f"{text!r} is no room link: {error}") from None
    path = _PATH.fullmatch(parts.path)
    if parts.scheme not in ("http", "https") or not host or not path or parts.query:
        raise LinkError(
            f"{text!r} is no room link; one looks like http://ADDRESS:PORT/r/ROOM#SECRET, "
            "as `presence host` prints it"
        )
    if parts.username is not None:
        raise LinkError(f"{text!r} names a user, which no room link does; check where it came from")
    tls = parts.scheme == "https"
    secret, dot, pin = parts.fragment.partition(".")
    if dot and not pin:
        raise LinkError("the last part of the link is missing; copy the whole link again")
    return RoomLink(
        host=host,
        port=(443 if tls else 80) if port is None else port,
        room=path[1],
        secret=secret,
        tls=tls,
        pin=pin,
    )
