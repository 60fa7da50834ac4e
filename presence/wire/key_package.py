"""Key packages: a sender's base key, sealed to one member, by way of a host that cannot read it.

HPKE (RFC 9180) in its base mode seals the key to the member's agreement key, and the sender's
device signs the whole. Both are bound to the room, to both members' identities and numbers, and to
the key's generation: a package opens for nobody else, from nobody else, in no other call.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as HpkeSuite

from presence.errors import SealError
from presence.wire.identity import OwnIdentity, framed
from presence.wire.sframe import BASE_KEY_LENGTH
from presence.wire.signalling import Identity, KeyPackage, KeyRequest

_LABEL = b"presence 1 key package"
_HPKE = HpkeSuite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_TO_LENGTH = 2
_GENERATION_LENGTH = 8
_SEALED_LENGTH = 32 + BASE_KEY_LENGTH + 16
"""HPKE's ephemeral key, the base key, and the tag."""
_SIGNATURE_LENGTH = 64
BOX_LENGTH = _GENERATION_LENGTH + _SEALED_LENGTH + _SIGNATURE_LENGTH


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a key package."""

    stream: int
    device: bytes
    agreement: bytes

    @classmethod
    def of(cls, stream: int, identity: Identity) -> Party:
        """A member."""
        return cls(stream, identity.device, identity.agreement)

    @classmethod
    def own(cls, stream: int, identity: OwnIdentity) -> Party:
        """Oneself."""
        return cls(stream, identity.device_public, identity.agreement_public)


def pack_key(
    own: OwnIdentity, own_stream: int, receiver: Party, generation: int, base_key: bytes
) -> bytes:
    """The box in which one's key of a generation goes to a member."""
    context = _context(own.secret.room, Party.own(own_stream, own), receiver, generation)
    sealed = _HPKE.encrypt(
        base_key, X25519PublicKey.from_public_bytes(receiver.agreement), info=context
    )
    signature = own.device.sign(context + sealed)
    return generation.to_bytes(_GENERATION_LENGTH, "big") + sealed + signature


def unpack_key(own: OwnIdentity, own_stream: int, sender: Party, box: bytes) -> tuple[int, bytes]:
    """The generation and the base key that a member gave.

    Raises:
        SealError: it is not from them, not for oneself, or of another call.
    """
    generation = generation_of(box)
    sealed = box[_GENERATION_LENGTH:-_SIGNATURE_LENGTH]
    context = _context(own.secret.room, sender, Party.own(own_stream, own), generation)
    try:
        device = Ed25519PublicKey.from_public_bytes(sender.device)
        device.verify(box[-_SIGNATURE_LENGTH:], context + sealed)
        return generation, _HPKE.decrypt(sealed, own.agreement, info=context)
    except (InvalidSignature, InvalidTag, ValueError):
        raise SealError("a key package came that is not from its sender to its receiver") from None


def generation_of(box: bytes) -> int:
    """The generation of the key that a box says it holds, before anything is verified.

    Raises:
        SealError: it is no box.
    """
    if len(box) != BOX_LENGTH:
        raise SealError(f"a key package is {BOX_LENGTH} bytes, but this one is {len(box)}")
    return int.from_bytes(box[:_GENERATION_LENGTH], "big")


def key_payload(message: KeyPackage | KeyRequest) -> bytes:
    """The payload of an envelope of kind ``KEY`` that says the same as a signalling message."""
    return message.to.to_bytes(2, "big") + (b"" if isinstance(message, KeyRequest) else message.box)


def read_key_payload(payload: bytes) -> tuple[int, bytes | None]:
    """For whom a payload is, and the box that it holds; None: it is a request.

    Raises:
        SealError: it is neither.
    """
    if len(payload) not in (_TO_LENGTH, _TO_LENGTH + BOX_LENGTH):
        raise SealError(
            f"what came of a key is {len(payload)} bytes, as neither box nor request is"
        )
    return int.from_bytes(payload[:_TO_LENGTH], "big"), payload[_TO_LENGTH:] or None


def _context(room: str, sender: Party, receiver: Party, generation: int) -> bytes:
    ends = (
        part
        for end in (sender, receiver)
        for part in (end.stream.to_bytes(2, "big"), end.device, end.agreement)
    )
    return _LABEL + framed(room.encode(), *ends, generation.to_bytes(_GENERATION_LENGTH, "big"))
