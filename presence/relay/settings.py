"""What a relay is told to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from presence.relay.bus import BusSettings
from presence.relay.limits import RelayLimits
from presence.relay.logs import LogSettings


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """One relay's settings."""

    keys: tuple[Ed25519PublicKey, ...]
    """Of the hosts whose tokens are good."""
    bind: str | None = None
    """The address to listen on; None: all of this machine's, IPv4 and IPv6."""
    port: int = 0
    """Where people come; 0 takes any port that is free."""
    media_port: int | None = None
    """The UDP port by which people are reached then, of the first worker, and each further one has
    the next; None: the one of the number of ``port``."""
    advertise: tuple[str, ...] = ()
    """The addresses at which they reach it; none: this machine's own."""
    workers: int = 1
    """Processes that carry rooms; one does it all alone."""
    metrics: tuple[str, int] | None = None
    """Address and port where metrics are told; None: nowhere."""
    certificate: Path | None = None
    """What is shown by TLS, in PEM; None: plain."""
    key: Path | None = None
    """The key of the certificate."""
    drain_s: float = 0.0
    """Seconds that those inside get after SIGTERM before they are told goodbye."""
    idle_s: float | None = None
    """It ends by itself when nobody was inside for so long; None: never."""
    cluster: BusSettings | None = None
    """How the others are found that this one shares rooms with; None: it is alone."""
    url: str | None = None
    """Where people who are sent here by others come; None: by this machine's own address."""
    limits: RelayLimits = field(default_factory=RelayLimits)
    log: LogSettings = field(default_factory=LogSettings)
    read_keys: Callable[[], tuple[Ed25519PublicKey, ...]] | None = None
    """Reads the keys anew, at SIGHUP; None: they stay as they are."""
