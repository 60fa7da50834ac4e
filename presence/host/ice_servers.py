"""The STUN and TURN servers that a host names, and the credentials that it mints for them.

A TURN server that shares a secret with the host needs no list of users: a user's name says until
when it holds, and the password is that name's HMAC. The scheme is coturn's ``use-auth-secret``,
described in draft-uberti-behave-turn-rest-00.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from pathlib import Path

from presence.errors import UsageError
from presence.host.certificate import pin_of_file
from presence.wire.ice_url import PLAIN_PORT, TLS_PORT, IceUrl, parse_server
from presence.wire.signalling import IceServer

LIFETIME_S = 3600
"""Seconds for which a credential is good; a participant asks for another before that."""


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A TURN server, which serves STUN as well."""

    host: str
    secret: str
    """What the server calls its ``static-auth-secret``."""
    port: int = PLAIN_PORT
    """By UDP and TCP."""
    tls_port: int = TLS_PORT
    """By TLS."""
    pin: str | None = None
    """Of a certificate that no authority signed."""

    def minted(self, user: str, now_s: int) -> IceServer:
        """The server as ``user`` may use it from ``now_s``, in seconds of Unix time."""
        username = f"{now_s + LIFETIME_S}:{user}"
        digest = hmac.digest(self.secret.encode(), username.encode(), "sha1")
        urls = (
            IceUrl("turn", self.host, self.port),
            IceUrl("turn", self.host, self.port, "tcp"),
            IceUrl("turns", self.host, self.tls_port, "tcp"),
        )
        return IceServer(
            urls=tuple(str(url) for url in urls),
            username=username,
            credential=base64.b64encode(digest).decode(),
            lifetime_s=LIFETIME_S,
            pin=self.pin,
        )


@dataclass(frozen=True, slots=True)
class IceSettings:
    """Which servers a host names to whoever is in its room."""

    turn: TurnServer | None = None
    stun: IceUrl | None = None
    """None: the TURN server serves, if there is one."""

    def servers(self, user: str, now_s: int) -> tuple[IceServer, ...]:
        """What to tell ``user`` at ``now_s``, in seconds of Unix time."""
        servers = []
        stun = self.stun
        if self.turn is not None:
            servers.append(self.turn.minted(user, now_s))
            stun = stun or IceUrl("stun", self.turn.host, self.turn.port)
        if stun is not None:
            servers.append(IceServer(urls=(str(stun),)))
        return tuple(servers)


def ice_settings(
    turn: str | None,
    secret_file: Path | None,
    stun: str | None = None,
    tls_port: int = TLS_PORT,
    certificate: Path | None = None,
) -> IceSettings:
    """What the options of ``presence host`` mean.

    Raises:
        UsageError: they contradict one another, or a file cannot be read.
    """
    if (turn is None) != (secret_file is None):
        raise UsageError(
            "--turn and --turn-secret-file belong together: the file holds the secret that the "
            "TURN server knows as static-auth-secret"
        )
    if turn is None and certificate is not None:
        raise UsageError("--turn-certificate is of a TURN server; name that with --turn")
    server = None
    if turn is not None and secret_file is not None:
        host, port = parse_server(turn, "--turn")
        server = TurnServer(
            host,
            _secret(secret_file),
            port or PLAIN_PORT,
            tls_port,
            None if certificate is None else pin_of_file(certificate),
        )
    where = None
    if stun is not None:
        host, port = parse_server(stun, "--stun")
        where = IceUrl("stun", host, port or PLAIN_PORT)
    return IceSettings(server, where)


def _secret(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(
            f"the secret of the TURN server cannot be read from {path}: {why}; "
            "name the file that holds its static-auth-secret"
        ) from None
    if not secret:
        raise UsageError(f"{path} is empty; write the TURN server's static-auth-secret into it")
    return secret
