"""Tokens by which somebody who comes back proves who they were, though nobody remembers them.

A token holds what its bearer had in the room, and a code over it that only the host can make. So a
host that was started anew, with the key that it had, gives everybody back their number and seat.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass

KEY_BYTES = 32
_CLAIM = struct.Struct(">HBI")
_CODE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody had in a room."""

    stream: int
    seat: int
    nonce: int
    """Tells two apart who had the same number one after the other, 32 bits."""


class ResumeTokens:
    """The tokens of one room. State: the key and the room's name."""

    def __init__(self, key: bytes, room: str) -> None:
        """``key`` is the host's, the same after a restart, and nobody else's."""
        # Each room its own, so that no token of one is any good in another.
        self._key = hmac.digest(key, b"presence resume 1\0" + room.encode(), hashlib.sha256)

    def make(self, claim: Claim) -> str:
        """The token that proves ``claim``."""
        said = _CLAIM.pack(claim.stream, claim.seat, claim.nonce)
        return base64.urlsafe_b64encode(said + self._code(said)).rstrip(b"=").decode()

    def read(self, token: str) -> Claim | None:
        """What a token proves; None: nothing."""
        try:
            data = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        said, code = data[: _CLAIM.size], data[_CLAIM.size :]
        if not hmac.compare_digest(code, self._code(said)):
            return None
        return Claim(*_CLAIM.unpack(said))

    def _code(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, hashlib.sha256)[:_CODE_BYTES]
