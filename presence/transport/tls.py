"""TLS: a server's certificate, and a server that is known by its pin, not by an authority."""

from __future__ import annotations

import hmac
import ssl
from pathlib import Path

from presence.errors import UsageError
from presence.wire.link import RoomLink
from presence.wire.pin import pin_of


class PinError(ssl.SSLCertVerificationError):
    """The server showed another certificate than the pinned one."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A context for a server that shows a certificate.

    Raises:
        UsageError: the files are not what they should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UsageError(
                f"{key} is the key of another certificate than {certificate}; give those two that "
                "were made together"
            ) from None
        raise UsageError(_no_certificate(certificate, key, str(error))) from None
    except OSError as error:
        raise UsageError(_no_certificate(certificate, key, error.strerror or str(error))) from None
    return context


def _no_certificate(certificate: Path, key: Path, why: str) -> str:
    return (
        f"{certificate} and {key} are no certificate and its key: {why}; give both in PEM, "
        "readable by this user, the certificate with the chain that belongs to it"
    )


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
