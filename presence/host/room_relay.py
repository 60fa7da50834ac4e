"""Which relay a room has: one that the host begins itself, an operator's, or none."""

from __future__ import annotations

from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.errors import UsageError
from presence.host.certificate import Certificate
from presence.host.kept_key import RELAY_KEY, kept_key
from presence.host.relay_desk import RelayServer
from presence.host.relay_process import RelayProcess, relay_possible
from presence.host.settings import OWN_RELAY, HostSettings
from presence.relay.admission import public_text
from presence.wire.link import RoomLink

_NEEDED = 'a relay needs more than this host has: install it with `pip install "presence[relay]"`'


class OwnRelay:
    """The host's own, begun when it is wanted. State: the process."""

    others: tuple[str, ...] = ()

    def __init__(self, process: RelayProcess, host: str, certificate: Certificate | None) -> None:
        """``host`` is how others call this machine."""
        self.pin = certificate.pin if certificate is not None else None
        self._scheme = "ws" if certificate is None else "wss"
        self._process = process
        self._host = f"[{host}]" if ":" in host else host

    @property
    def url(self) -> str | None:
        """Where people come; None: it does not run."""
        port = self._process.port
        return f"{self._scheme}://{self._host}:{port}/relay" if port is not None else None

    async def begin(self) -> None:
        """Have it run.

        Raises:
            HostError: it does not begin.
        """
        await self._process.begin()

    def close(self, *, at_once: bool) -> None:
        """The host ends; ``at_once`` if nobody is there whose call should go on."""
        if at_once:
            self._process.end()
        else:
            self._process.let_be()


class OperatorRelay:
    """One that somebody else runs, or several that belong together."""

    pin: str | None = None

    def __init__(self, urls: str) -> None:
        """``urls`` are of their WebSockets, with commas between.

        Raises:
            UsageError: one of them is none.
        """
        every = [url.strip() for url in urls.split(",")]
        for url in every:
            parts = urlsplit(url)
            if parts.scheme not in ("ws", "wss") or not parts.hostname:
                raise UsageError(
                    f"--relay {url!r} is no address of a relay; one looks like "
                    "wss://relay.example:8441/relay; or give own, or none"
                )
        self.url: str | None = every[0]
        self.others = tuple(every[1:])

    async def begin(self) -> None:
        """It runs, or its operator is to begin it."""


def relay_key() -> Ed25519PrivateKey:
    """The key by which this user's hosts sign what lets people come to a relay."""
    return Ed25519PrivateKey.from_private_bytes(kept_key(RELAY_KEY))


def make_relay(settings: HostSettings, link: RoomLink) -> RelayServer | None:
    """The relay of the room at ``link``; None: it has none.

    Raises:
        UsageError: the address given for one is none.
    """
    if settings.relay is None:
        return None
    if settings.relay != OWN_RELAY:
        return OperatorRelay(settings.relay)
    if not relay_possible():
        return None
    process = RelayProcess(
        link.room,
        public_text(relay_key()),
        bind=settings.bind,
        # Beside the host's own port, where a family opens both in their router.
        port=link.port + 1 if link.port < 0xFFFF else 0,
        tls=settings.certificate.files if settings.certificate is not None else None,
        name=settings.address,
    )
    return OwnRelay(process, link.host, settings.certificate)


def why_no_relay(settings: HostSettings) -> str:
    """For whoever asks for a relay where there is none, in a sentence without its full stop."""
    if settings.relay is None:
        return "this host has no relay: start it without --relay none, or leave --path relay out"
    return "" if settings.relay != OWN_RELAY or relay_possible() else _NEEDED
