"""SPAKE2 (RFC 9382): two who share a weak password get a strong key, and nobody else gets to guess.

The suite is P-256, SHA-256, HKDF and HMAC (section 6); tests hold it to the vectors of appendix B.
An outsider in the middle learns nothing by listening, and has one guess for each exchange.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from Crypto.PublicKey import ECC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from presence.errors import SealError

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SEC 2, section 2.4.2); its cofactor is 1."""
_PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
SHARE_LENGTH = 65
"""Bytes of a public share: an uncompressed point."""
CONFIRMATION_LENGTH = 32
_SCALAR_LENGTH = 32
_HALF = 16

Role = Literal["A", "B"]


def _constant(compressed: str) -> Any:
    return ECC.import_key(bytes.fromhex(compressed), curve_name="P-256").pointQ


# RFC 9382, section 6: points whose logarithms nobody knows.
_M = _constant("02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f")
_N = _constant("03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49")
_G = ECC.construct(curve="P-256", d=1).pointQ


def password_scalar(password: bytes, salt: bytes) -> int:
    """The number w that a password makes, slowly, so that guessing is slow too (section 3.2)."""
    stretched = hashlib.scrypt(password, salt=salt, n=1 << 14, r=8, p=1, dklen=48)
    return int.from_bytes(stretched, "big") % ORDER


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an exchange came to, if the other's confirmation is right."""

    key: bytes
    """The shared key, 16 bytes."""
    confirmation: bytes
    """One's own, for the other."""
    expected: bytes
    """The other's."""

    def confirm(self, confirmation: bytes) -> None:
        """Make sure that the other had the same password.

        Raises:
            SealError: they had not, or somebody is between.
        """
        if not hmac.compare_digest(confirmation, self.expected):
            raise SealError("the other has another code")


class Spake2:
    """One exchange. State: the secret scalar, and what was sent; it is used once."""

    def __init__(
        self, role: Role, w: int, names: tuple[bytes, bytes], scalar: int | None = None
    ) -> None:
        """Begin.

        Args:
            role: A or B; the other has the other one.
            w: what both know, from :func:`password_scalar`.
            names: of A and of B.
            scalar: a random one, but for the vectors.
        """
        self._role, self._w, self._names = role, w, names
        self._scalar = secrets.randbelow(ORDER - 1) + 1 if scalar is None else scalar
        own, self._others = (_M, _N) if role == "A" else (_N, _M)
        self.share = _encoded(_G * self._scalar + own * w)
        """To be sent to the other."""

    def finish(self, share: bytes, context: bytes = b"") -> Agreed:
        """The outcome, given the other's share; ``context`` is confirmed besides (section 4).

        Raises:
            SealError: the share is no point of the curve, or one that gives everything away.
        """
        point = _decoded(share)
        shared = (point + -(self._others * self._w)) * self._scalar
        if shared.is_point_at_infinity():
            raise SealError("a share came with which no key can be agreed on")
        shares = (self.share, share) if self._role == "A" else (share, self.share)
        scalar = self._w.to_bytes(_SCALAR_LENGTH, "big")
        parts = (*self._names, *shares, _encoded(shared), scalar)
        transcript = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
        digest = hashlib.sha256(transcript).digest()
        key, confirming = digest[:_HALF], digest[_HALF:]
        hkdf = HKDF(SHA256(), 2 * _HALF, salt=None, info=b"ConfirmationKeys" + context)
        keys = hkdf.derive(confirming)
        of_a = hmac.digest(keys[:_HALF], transcript, "sha256")
        of_b = hmac.digest(keys[_HALF:], transcript, "sha256")
        return Agreed(key, of_a, of_b) if self._role == "A" else Agreed(key, of_b, of_a)


def _encoded(point: Any) -> bytes:
    """A point, uncompressed (SEC 1, section 2.3.3)."""
    if point.is_point_at_infinity():
        raise SealError("a share came out that says nothing; begin again")
    return b"\x04" + int(point.x).to_bytes(32, "big") + int(point.y).to_bytes(32, "big")


def _decoded(share: bytes) -> Any:
    x, y = int.from_bytes(share[1:33], "big"), int.from_bytes(share[33:], "big")
    # The library takes larger numbers modulo the prime, and zeros for the point at infinity.
    if len(share) != SHARE_LENGTH or share[0] != 4 or max(x, y) >= _PRIME or not (x or y):
        raise SealError("a share came that is no point")
    try:
        return ECC.construct(curve="P-256", point_x=x, point_y=y).pointQ
    except ValueError:
        raise SealError("a share came that is no point of the curve") from None
