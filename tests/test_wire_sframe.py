"""SFrame's constructions, held to the test vectors of RFC 9605, appendix C."""

import json
from pathlib import Path

import pytest

from presence.errors import SealError
from presence.wire.sframe import Suite, section_cipher

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sframe.json").read_text())["vectors"]


def cipher_of(vector):
    suite = Suite[vector["suite"]]
    return section_cipher(suite, bytes.fromhex(vector["base_key"]), vector["kid"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["suite"])
def test_the_rfcs_vectors_are_sealed_and_opened(vector):
    plain, sealed, data = (bytes.fromhex(vector[n]) for n in ("plaintext", "sealed", "aad"))
    cipher = cipher_of(vector)
    assert cipher.seal(vector["ctr"], data, plain) == sealed
    assert cipher.open(vector["ctr"], data, sealed) == plain


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["suite"])
def test_any_bit_that_is_changed_is_noticed(vector):
    sealed, data = bytes.fromhex(vector["sealed"]), bytes.fromhex(vector["aad"])
    cipher, counter = cipher_of(vector), vector["ctr"]
    for bit in range(8 * len(sealed)):
        wrong = bytearray(sealed)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError):
            cipher.open(counter, data, bytes(wrong))
    for bit in range(8 * len(data)):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError):
            cipher.open(counter, bytes(wrong), sealed)
    with pytest.raises(SealError):
        cipher.open(counter + 1, data, sealed)
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            cipher.open(counter, data, sealed[:length])


def test_suites_key_ids_and_base_keys_share_no_key():
    sealed = {
        section_cipher(suite, base, key_id).seal(0, b"", bytes(16))[:16]
        for suite in Suite
        for base in (bytes(16), bytes(15) + b"\1")
        for key_id in (1, 2)
    }
    assert len(sealed) == 4 * 2 * 2
