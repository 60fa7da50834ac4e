"""Pins: how a link says which certificate is the right one, where no authority signed it.

A pin is the SHA-256 of the certificate's public key, its SubjectPublicKeyInfo in DER, as in RFC
7469, written in base64url without padding. It outlives the certificate if the key is kept.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def pin_of(certificate: bytes) -> str:
    """The pin of a certificate in DER.

    Raises:
        ValueError: it is none.
    """
    key = x509.load_der_x509_certificate(certificate).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(info).digest()).decode().rstrip("=")
