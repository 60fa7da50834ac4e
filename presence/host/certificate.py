"""The certificate by which a host is known: one of its own making, or one that it is given."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from presence.errors import UsageError
from presence.host.kept_key import keep_first
from presence.resources import state_folder
from presence.transport.tls import server_context

_KEY_NAME = "host-tls.pem"
_SHOWN_NAME = "host-tls-shown.pem"
_VALID = datetime.timedelta(days=825)
"""It is made anew each time that a host starts; the key, and with it the pin, stays."""
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a host shows by TLS."""

    context: ssl.SSLContext
    pin: str | None
    """For the link; None where an authority vouches for it."""
    own: bool
    """Whether the host made it itself, so that browsers need another way in."""
    files: tuple[Path, Path]
    """The certificate and its key, for the relay that the host begins."""


def own_certificate(names: Sequence[str], folder: Path | None = None) -> Certificate:
    """A certificate for these names and addresses, with the key that this user's hosts have.

    Args:
        names: What the host is called.
        folder: Where the key is kept; None: in the user's folder for such things.

    Raises:
        UsageError: the key cannot be kept or read.
    """
    folder = folder or state_folder()
    file = folder / _KEY_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _keep_new_key(file)
        key = file.read_bytes()
        whole = _certify(key, names)
        # Python reads certificates from files alone.
        shown = folder / _SHOWN_NAME
        half = folder / f"{_SHOWN_NAME}.{os.getpid()}"
        half.write_bytes(whole)
        half.replace(shown)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it holds no key"
        raise UsageError(
            f"the host's TLS key in {file} cannot be used: {why}; remove it, or make the folder "
            "writable, or set PRESENCE_STATE to another, or give --no-tls"
        ) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Not from the file, which another host may have written anew for other names.
    with tempfile.TemporaryDirectory() as place:
        mine = Path(place, "certificate.pem")
        mine.write_bytes(whole)
        context.load_cert_chain(mine, file)
    return Certificate(context, _pin(whole.decode()), own=True, files=(shown, file))


def given_certificate(certificate: Path, key: Path) -> Certificate:
    """One that an authority signed, or one of somebody's own making, which the link then pins.

    Raises:
        UsageError: the files are not what they should be.
    """
    pin = pin_of_file(certificate) if _signed_by_itself(certificate) else None
    files = certificate.absolute(), key.absolute()
    return Certificate(server_context(certificate, key), pin, own=False, files=files)


def pin_of_file(path: Path) -> str:
    """The pin of the first certificate in a PEM file.

    Raises:
        UsageError: there is none.
    """
    return _pin(_first(path))


def _first(path: Path) -> str:
    """The first certificate in a PEM file."""
    try:
        text = path.read_text(encoding="ascii")
        return text[text.index(_BEGIN) : text.index(_END) + len(_END)]
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError:
        why = "there is no certificate in it"
    raise UsageError(f"{path} cannot be read: {why}; name a certificate in PEM") from None


def _pin(pem: str) -> str:
    # Here, so that the command line does not load what few commands need.
    from presence.wire.pin import pin_of

    try:
        return pin_of(ssl.PEM_cert_to_DER_cert(pem))
    except ValueError:
        raise UsageError(
            "what should be a certificate is none; name a certificate in PEM"
        ) from None


def _signed_by_itself(path: Path) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(_first(path).encode())
    except ValueError:
        raise UsageError(f"what is in {path} is no certificate; name one in PEM") from None
    return certificate.issuer == certificate.subject


def _keep_new_key(file: Path) -> None:
    """Make a key and write it, whole; of two processes that do, the first one's stays."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    keep_first(file, pem)


def _certify(key_pem: bytes, names: Sequence[str]) -> bytes:
    """A certificate in PEM, signed by the key that it is of.

    Raises:
        ValueError: the key is none.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("another kind of key")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "presence host")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks differ; our own programs do not look at the time, others may.
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def _general(name: str):  # type: ignore[no-untyped-def]  # Its type loads the library.
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
