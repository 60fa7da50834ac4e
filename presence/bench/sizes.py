"""What frames weigh: by themselves, sealed and bundled, and on the wire.

Tags are as long as the seal makes them. Everything under the bundle is computed from its
specification, as it is not to be seen from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from presence.codec.frame import Frame
from presence.wire.bundle import LENGTH_BYTES
from presence.wire.envelope import HEADER_LENGTH, Kind, seal_length

_DTLS = 13 + 8 + 16
"""A DTLS 1.2 record with AES-GCM: header, explicit nonce, tag (RFC 6347, RFC 5288)."""
_SCTP = 12
"""SCTP's common header (RFC 9260)."""
_SCTP_DATA = 16
"""The header of its DATA chunk, whose user data is padded to ..."""
_SCTP_UNIT = 4
"""... a multiple of this."""
_UDP_IP = 8 + 20
"""UDP over IPv4."""


def frame_bytes(frame: Frame) -> int:
    """Bytes of both sections."""
    return len(frame.core) + len(frame.detail)


def sealed_bytes(frame: Frame) -> int:
    """Bytes in a bundle: length, header, and each section with its tag."""
    tag = seal_length(Kind.POSE, frame.golden)
    sections = sum(len(section) + tag for section in (frame.core, frame.detail) if section)
    return LENGTH_BYTES + HEADER_LENGTH + sections


def datagram_bytes(bundle: int) -> int:
    """Bytes at the IP level of a data channel's message of ``bundle`` bytes. Computed."""
    padding = -bundle % _SCTP_UNIT
    return bundle + padding + _SCTP_DATA + _SCTP + _DTLS + _UDP_IP


def rates_kbps(bundles: Iterable[Sequence[Frame]], seconds: float) -> dict[str, float]:
    """Kilobits a second of frames that were sent in bundles: plain, sealed, and on the wire."""
    plain = sealed = wire = 0
    for frames in bundles:
        plain += sum(frame_bytes(frame) for frame in frames)
        bundle = sum(sealed_bytes(frame) for frame in frames)
        sealed += bundle
        wire += datagram_bytes(bundle)
    return {
        "frames_kbps": 8e-3 * plain / seconds,
        "sealed_kbps": 8e-3 * sealed / seconds,
        "wire_kbps": 8e-3 * wire / seconds,
    }
