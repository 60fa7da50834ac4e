"""Who may come to a relay: whoever shows a token that a host which it trusts has signed.

A token names room and stream, and holds for minutes. It is no secret of the call: a relay could not
open what it carries in any case. It keeps strangers from using the relay, and members from taking
one another's numbers.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from presence.errors import SealError

TOKEN_LIMIT = 256
"""Characters of the longest token."""
LIFETIME_S = 120
"""Seconds for which a host's token is good, unless it says otherwise."""
_CONTEXT = b"presence 1 relay token"
_VERSION = 1
_SIGNATURE_BYTES = 64
_FIXED_BYTES = 1 + 8 + 2
ROOM_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Admission:
    """What a token says."""

    room: str
    stream: int
    """The number in the room of whoever shows it."""
    expires_s: int
    """Until when it is good, in seconds since 1970."""


def sign_admission(key: Ed25519PrivateKey, admission: Admission) -> str:
    """The token by which a host lets somebody in.

    Raises:
        ValueError: the room's name is too long, or a number does not fit.
    """
    room = admission.room.encode()
    if not 0 < len(room) <= ROOM_LIMIT:
        raise ValueError(f"a room's name has 1 to {ROOM_LIMIT} bytes, not {len(room)}")
    try:
        body = (
            bytes((_VERSION,))
            + admission.expires_s.to_bytes(8, "big")
            + admission.stream.to_bytes(2, "big")
            + room
        )
    except OverflowError:
        raise ValueError(f"{admission} holds a number that does not fit") from None
    return base64.urlsafe_b64encode(body + key.sign(_CONTEXT + body)).decode().rstrip("=")


def read_admission(token: str, keys: Iterable[Ed25519PublicKey], now_s: int) -> Admission:
    """What a token says, if a host of ``keys`` signed it and it is still good.

    Raises:
        SealError: it is none, or not any more.
    """
    if len(token) > TOKEN_LIMIT:
        raise SealError("a token came that is longer than any")
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SealError("a token came that is no base64url") from None
    body, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    if len(body) <= _FIXED_BYTES or body[0] != _VERSION:
        raise SealError("a token came that is of no version known here")
    if not any(_verifies(key, signature, _CONTEXT + body) for key in keys):
        raise SealError("a token came that no host known here has signed; ask the host for another")
    try:
        room = body[_FIXED_BYTES:].decode()
    except UnicodeDecodeError:
        raise SealError("a token came that names no room") from None
    admission = Admission(room, int.from_bytes(body[9:11], "big"), int.from_bytes(body[1:9], "big"))
    if admission.expires_s < now_s:
        raise SealError("the token has run out; ask the host for another")
    if not admission.stream or len(body) - _FIXED_BYTES > ROOM_LIMIT:
        raise SealError("a token came that names nobody")
    return admission


def _verifies(key: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True


def public_key(text: str) -> Ed25519PublicKey:
    """A host's public key, as it is given on a command line.

    Raises:
        ValueError: it is none.
    """
    return Ed25519PublicKey.from_public_bytes(
        base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    )


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half of a host's key, as :func:`public_key` takes it."""
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")
