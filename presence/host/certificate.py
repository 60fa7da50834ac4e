"""Certificates that a host is given."""

from __future__ import annotations

import ssl
from pathlib import Path

from presence.errors import UsageError


def pin_of_file(path: Path) -> str:
    """The pin of the first certificate in a PEM file.

    Raises:
        UsageError: there is none.
    """
    # Here, so that the command line does not load what few commands need.
    from presence.wire.pin import pin_of

    try:
        text = path.read_text(encoding="ascii")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        return pin_of(ssl.PEM_cert_to_DER_cert(text[begin:end]))
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError:
        why = "there is no certificate in it"
    raise UsageError(f"{path} cannot be read: {why}; name a certificate in PEM") from None
