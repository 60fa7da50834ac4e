"""What a host is told to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from presence.host.certificate import Certificate
from presence.host.ice_servers import IceSettings
from presence.host.limits import Limits
from presence.room.members import CAPACITY
from presence.wire.link import RoomLink

DEFAULT_PORT = 8440
OWN_RELAY = "own"
"""The relay is a process that the host begins when it is wanted."""


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One host's settings."""

    bind: str | None = None
    """The address to listen on; None: all of this machine's, IPv4 and IPv6."""
    port: int = DEFAULT_PORT
    """0 takes any port that is free."""
    address: str | None = None
    """The name or address in the link; None finds this machine's own."""
    room: str | None = None
    """The room's name; None makes one that nobody can guess."""
    secret: str | None = None
    """The secret in the link; None makes one."""
    certificate: Certificate | None = None
    """What is shown by TLS; None: plain HTTP alone."""
    ice: IceSettings = field(default_factory=IceSettings)
    """The STUN and TURN servers that members are told of."""
    limits: Limits = field(default_factory=Limits)
    relay: str | None = None
    """:data:`OWN_RELAY`, the address of an operator's relay's WebSocket, or None: none."""
    relay_above: int = CAPACITY
    """More people than these go by the relay."""

    @classmethod
    def reopening(cls, link: RoomLink, bind: str | None = None) -> HostSettings:
        """Those that open the room of ``link`` again, as after a restart."""
        return cls(bind, link.port, link.host, link.room, link.secret)
