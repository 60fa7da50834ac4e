"""SFrame (RFC 9605): a base key becomes a key and a salt, and these seal one section at a time.

Here are the RFC's own constructions, and its test vectors hold them to it: the key derivation of
section 4.4.2, the nonce of 4.4.3, and two kinds of cipher suite, AES-GCM and AES-CTR with a
truncated HMAC (4.5). :mod:`presence.wire.sealing` says what this project puts into them, and when.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import IntEnum
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from presence.errors import SealError

BASE_KEY_LENGTH = 16
"""Bytes of a base key: as strong as the cipher that comes of it."""
_NONCE_LENGTH = 12
_HMAC_BLOCK = 64
_ENCRYPTION_KEY_LENGTH = 16
_LENGTH_BYTES = 8


class Suite(IntEnum):
    """A cipher suite, by its number in the registry that RFC 9605 opens (section 8.1)."""

    AES_128_CTR_HMAC_SHA256_80 = 1
    AES_128_CTR_HMAC_SHA256_64 = 2
    AES_128_CTR_HMAC_SHA256_32 = 3
    AES_128_GCM_SHA256_128 = 4


_TAG_LENGTH = {
    Suite.AES_128_CTR_HMAC_SHA256_80: 10,
    Suite.AES_128_CTR_HMAC_SHA256_64: 8,
    Suite.AES_128_CTR_HMAC_SHA256_32: 4,
    Suite.AES_128_GCM_SHA256_128: 16,
}


class SectionCipher(Protocol):
    """Seals and opens under one key; no counter may ever seal two plaintexts."""

    def seal(self, counter: int, header: bytes, plaintext: bytes) -> bytes:
        """The ciphertext and its tag."""

    def open(self, counter: int, header: bytes, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            SealError: it was not sealed by this key, counter and header.
        """


def section_cipher(suite: Suite, base_key: bytes, key_id: int) -> SectionCipher:
    """The cipher that RFC 9605 derives from a base key for a key ID, KID (section 4.4.2)."""
    length = 16 if suite is Suite.AES_128_GCM_SHA256_128 else 48
    name = key_id.to_bytes(8, "big") + suite.to_bytes(2, "big")
    # HKDF-Extract without a salt (RFC 5869, section 2.2) is an HMAC under zeros.
    secret = hmac.digest(bytes(32), base_key, "sha256")
    key = HKDFExpand(SHA256(), length, b"SFrame 1.0 Secret key " + name).derive(secret)
    salt = HKDFExpand(SHA256(), _NONCE_LENGTH, b"SFrame 1.0 Secret salt " + name).derive(secret)
    if suite is Suite.AES_128_GCM_SHA256_128:
        return _Gcm(key, salt)
    return _CtrHmac(key, salt, _TAG_LENGTH[suite])


class _Gcm:
    """AES-GCM with its whole tag."""

    def __init__(self, key: bytes, salt: bytes) -> None:
        self._cipher = AESGCM(key)
        self._salt = int.from_bytes(salt, "big")

    def seal(self, counter: int, header: bytes, plaintext: bytes) -> bytes:
        nonce = (self._salt ^ counter).to_bytes(_NONCE_LENGTH, "big")
        return self._cipher.encrypt(nonce, plaintext, header)

    def open(self, counter: int, header: bytes, sealed: bytes) -> bytes:
        nonce = (self._salt ^ counter).to_bytes(_NONCE_LENGTH, "big")
        try:
            return self._cipher.decrypt(nonce, sealed, header)
        except (InvalidTag, ValueError):
            raise SealError("a section came that its sender did not seal") from None


class _CtrHmac:
    """AES-CTR, then the first bytes of an HMAC (section 4.5.1).

    A cipher object for each section would cost more than all the rest, so one is told each nonce;
    likewise the HMAC's two hashes begin as copies that have taken in the key already.
    """

    def __init__(self, key: bytes, salt: bytes, tag_length: int) -> None:
        self._salt = int.from_bytes(salt, "big") << 32
        aes = algorithms.AES(key[:_ENCRYPTION_KEY_LENGTH])
        # The same key stream encrypts and decrypts.
        self._stream = Cipher(aes, modes.CTR(bytes(16))).encryptor()
        authentication_key = key[_ENCRYPTION_KEY_LENGTH:].ljust(_HMAC_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in authentication_key))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in authentication_key))
        self._tag_length = tag_length
        self._tag_length_bytes = tag_length.to_bytes(_LENGTH_BYTES, "big")

    def seal(self, counter: int, header: bytes, plaintext: bytes) -> bytes:
        block = (self._salt ^ counter << 32).to_bytes(16, "big")
        self._stream.reset_nonce(block)
        ciphertext = self._stream.update(plaintext)
        return ciphertext + self._tag(block, header, ciphertext)

    def open(self, counter: int, header: bytes, sealed: bytes) -> bytes:
        end = len(sealed) - self._tag_length
        if end < 0:
            raise SealError("a section came that is shorter than its tag")
        block = (self._salt ^ counter << 32).to_bytes(16, "big")
        ciphertext = sealed[:end]
        if not hmac.compare_digest(self._tag(block, header, ciphertext), sealed[end:]):
            raise SealError("a section came that its sender did not seal")
        self._stream.reset_nonce(block)
        return self._stream.update(ciphertext)

    def _tag(self, block: bytes, header: bytes, ciphertext: bytes) -> bytes:
        lengths = len(header) << 64 | len(ciphertext)
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(
            b"".join(
                (
                    lengths.to_bytes(2 * _LENGTH_BYTES, "big"),
                    self._tag_length_bytes,
                    block[:_NONCE_LENGTH],
                    header,
                    ciphertext,
                )
            )
        )
        outer.update(inner.digest())
        return outer.digest()[: self._tag_length]
