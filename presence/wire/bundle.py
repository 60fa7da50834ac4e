"""Bundles: several envelopes in one datagram, because each datagram costs some 95 bytes of its own.

A bundle is envelopes one after another, each after its length in two bytes; nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from presence.errors import EnvelopeError
from presence.wire.envelope import HEADER_LENGTH

BUNDLE_LIMIT = 1150
"""Bytes: with what IP, UDP, DTLS and SCTP add, no path splits it."""
LENGTH_BYTES = 2
"""What each envelope adds to a bundle besides itself."""


def pack_bundles(envelopes: Sequence[bytes], limit: int = BUNDLE_LIMIT) -> list[bytes]:
    """Encoded envelopes in as few bundles of at most ``limit`` bytes as their order allows.

    Raises:
        ValueError: ``limit`` is above ``BUNDLE_LIMIT``, or an envelope alone is above ``limit``.
    """
    if limit > BUNDLE_LIMIT:
        raise ValueError(f"limit is {limit}; no receiver takes more than {BUNDLE_LIMIT} bytes")
    bundles: list[bytes] = []
    parts: list[bytes] = []
    size = 0
    for envelope in envelopes:
        needed = LENGTH_BYTES + len(envelope)
        if needed > limit:
            raise ValueError(
                f"an envelope of {len(envelope)} bytes does not fit a bundle of {limit}"
            )
        if size + needed > limit:
            bundles.append(b"".join(parts))
            parts, size = [], 0
        parts += (len(envelope).to_bytes(LENGTH_BYTES, "big"), envelope)
        size += needed
    if parts:
        bundles.append(b"".join(parts))
    return bundles


def unpack_bundle(data: bytes) -> list[bytes]:
    """The envelopes of a bundle, in order, each still to be decoded.

    Raises:
        EnvelopeError: the bundle is empty, too long, or its lengths do not add up.
    """
    if not 0 < len(data) <= BUNDLE_LIMIT:
        raise EnvelopeError(f"a bundle is 1 to {BUNDLE_LIMIT} bytes, but this one is {len(data)}")
    envelopes: list[bytes] = []
    start = 0
    while start < len(data):
        start += LENGTH_BYTES
        end = start + int.from_bytes(data[start - LENGTH_BYTES : start], "big")
        # A length cut short ends before its envelope could begin, and fails here too.
        if end > len(data):
            raise EnvelopeError(
                f"a bundle's envelope should end at byte {end}, but it has {len(data)} bytes"
            )
        if end - start < HEADER_LENGTH:
            raise EnvelopeError(f"a bundle holds an envelope of only {end - start} bytes")
        envelopes.append(data[start:end])
        start = end
    return envelopes
