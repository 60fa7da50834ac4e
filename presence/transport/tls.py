"""TLS towards a server that is known by its pin rather than by an authority."""

from __future__ import annotations

import hmac
import ssl

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
