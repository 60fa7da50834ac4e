"""Who somebody is: a device's key, and proof that whoever has it was given the room's link.

A member's :class:`~presence.wire.signalling.Identity` comes by way of the host, which can read it
and must not be able to make one. It is signed by the device, and bound to the link's secret by a
MAC; both cover the room and what the person calls themselves. It holds a key agreement key that is
made anew for each call, so that whoever takes a device's key later opens nothing that was recorded.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from presence.errors import SealError
from presence.wire.link import RoomLink
from presence.wire.signalling import Identity

_SECRET_LABEL = b"presence 1 link secret"
_IDENTITY_LABEL = b"presence 1 identity"


@dataclass(frozen=True, slots=True)
class RoomSecret:
    """What knowing a room's link comes to: the room's name, and a key that only the link gives."""

    room: str
    key: bytes

    @classmethod
    def of(cls, link: RoomLink) -> RoomSecret:
        """The secret of a link.

        Raises:
            ValueError: the link has none.
        """
        if not link.secret:
            raise ValueError("a link without a secret authenticates nobody")
        info = _SECRET_LABEL + framed(link.room.encode())
        hkdf = HKDF(SHA256(), 32, salt=None, info=info)
        return cls(link.room, hkdf.derive(link.secret.encode()))


class OwnIdentity:
    """Who one is oneself, for one call. State: the device's private key, and the call's."""

    def __init__(
        self, device: Ed25519PrivateKey, agreement: X25519PrivateKey, secret: RoomSecret
    ) -> None:
        """``agreement`` was made for this call."""
        self.device = device
        self.agreement = agreement
        self.secret = secret
        self.device_public = device.public_key().public_bytes_raw()
        self.agreement_public = agreement.public_key().public_bytes_raw()

    def introduce(self, name: str, look: int) -> Identity:
        """What the others are shown, by way of the host."""
        statement = _statement(self.secret.room, self.agreement_public, name, look)
        signature = self.device.sign(statement)
        return Identity(
            device=self.device_public,
            agreement=self.agreement_public,
            signature=signature,
            proof=_proof(self.secret, statement, self.device_public, signature),
        )


def check_identity(identity: Identity, secret: RoomSecret, name: str, look: int) -> None:
    """Make sure that a member was given the link, and is who their device says.

    Raises:
        SealError: that is not so.
    """
    statement = _statement(secret.room, identity.agreement, name, look)
    proof = _proof(secret, statement, identity.device, identity.signature)
    if not hmac.compare_digest(proof, identity.proof):
        raise SealError("does not know the secret of this room's link")
    try:
        Ed25519PublicKey.from_public_bytes(identity.device).verify(identity.signature, statement)
    except (InvalidSignature, ValueError):
        raise SealError("is not who their device signed that they are") from None
    if not usable_agreement(identity.agreement):
        raise SealError("has a key to which nothing can be sealed")


def usable_agreement(key: bytes) -> bool:
    """Whether a secret can be agreed on with this X25519 key, which a few points do not let."""
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:
        return False
    return True


def framed(*parts: bytes) -> bytes:
    """Each part after its length in two bytes, so that no two lists of parts read alike."""
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def _statement(room: str, agreement: bytes, name: str, look: int) -> bytes:
    """What is signed."""
    return _IDENTITY_LABEL + framed(
        room.encode(), agreement, name.encode(), look.to_bytes(4, "big")
    )


def _proof(secret: RoomSecret, statement: bytes, device: bytes, signature: bytes) -> bytes:
    return hmac.digest(secret.key, framed(statement, device, signature), "sha256")
