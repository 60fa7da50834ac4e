"""TLS towards a server that is known by its pin rather than by an authority."""

from __future__ import annotations

import hmac
import ssl

from presence.wire.link import RoomLink
from presence.wire.pin import pin_of


class PinError(ssl.SSLCertVerificationError):
    """The server showed another certificate than the pinned one."""


def client_context(pin: str | None) -> ssl.SSLContext:
    """A context for connecting to a server.

    Args:
        pin: Of the server's certificate, which is then all that is looked at: who is pinned needs
            no name and no authority. None: authorities that this machine trusts judge.
    """
    context = ssl.create_default_context()
    if pin is None:
        return context
    wanted = pin.encode()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    class Pinned(ssl.SSLObject):
        """Compares before the handshake is over, so that nothing is said to anybody else."""

        def do_handshake(self) -> None:
            super().do_handshake()
            shown = self.getpeercert(binary_form=True)
            if shown is None or not hmac.compare_digest(pin_of(shown).encode(), wanted):
                raise PinError("the server is not the one that the link was made for")

    context.sslobject_class = Pinned
    return context


def context_for(link: RoomLink) -> ssl.SSLContext | None:
    """What to speak with a room's host by; None without TLS."""
    return client_context(link.pin or None) if link.secure else None


def why_not_trusted(link: RoomLink, error: ssl.SSLError) -> str:
    """A sentence for a TLS connection to a room's host that did not come about."""
    if isinstance(error, PinError):
        return (
            f"what answers at {link.origin} is not the host that the link was made for: its "
            "certificate is another; the link may be old, or somebody is in between; ask for the "
            "link again, by a way that you trust"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of the room host at {link.origin} is not trusted here "
            f"({error.verify_message}); give `presence host` one that an authority signed, or none"
        )
    return (
        f"what answers at {link.origin} does not speak TLS ({error.reason or error}), and the link "
        "says that the host does; check the link"
    )
