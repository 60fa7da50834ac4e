"""The certificate that a relay shows by TLS, renewed while it runs."""

from __future__ import annotations

import logging
from pathlib import Path

from cryptography import x509

from presence.errors import UsageError
from presence.transport.tls import server_context

log = logging.getLogger(__name__)


class RelayCertificate:
    """State: what is shown to whoever connects now, and which files that was read from."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read the files.

        Raises:
            UsageError: they are not what they should be.
        """
        self._files = certificate, key
        self._stamps = self._look()
        self.context = server_context(certificate, key)
        """For the server; what is connected already keeps what it was shown."""
        self.expires_s = self._expiry()
        """When it runs out, in seconds since 1970."""

    def renew_if_changed(self) -> None:
        """Read the files again if they are others than they were."""
        if self._look() != self._stamps:
            self.renew()

    def renew(self) -> None:
        """Read the files again; if they are not what they should be, what was read before stays."""
        self._stamps = self._look()
        try:
            # Into a context of its own first, since one that fails half-way would show nobody
            # anything.
            server_context(*self._files)
            self.context.load_cert_chain(*self._files)
            self.expires_s = self._expiry()
        except (UsageError, OSError) as error:
            log.error("the certificate was not renewed, and the former is shown on: %s", error)
        else:
            log.info("the certificate was read again")

    def _look(self) -> list[tuple[int, int, int] | None]:
        """What tells a file from the one that took its place."""
        return [_stamp(file) for file in self._files]

    def _expiry(self) -> float:
        try:
            certificate = x509.load_pem_x509_certificate(self._files[0].read_bytes())
        except (ValueError, OSError) as error:
            raise UsageError(
                f"what is in {self._files[0]} is no certificate: {error}; name one in PEM"
            ) from None
        return certificate.not_valid_after_utc.timestamp()


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
