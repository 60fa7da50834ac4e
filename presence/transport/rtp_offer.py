"""The line of a session description by which two participants agree on RTP.

It is an attribute of ours, which whoever does not know it must skip (RFC 8866 section 5.13): a
browser answers as if it were not there, and the data channel is used.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from presence.transport.rtp import FIRST_DYNAMIC_TYPE, LAST_DYNAMIC_TYPE

VERSION = 1
PAYLOAD_TYPE = 97
"""What an offer proposes."""
_LINE = re.compile(r"^a=presence-rtp:(\d{1,3}) (\d{1,3}) (\d{1,10})\r?$", re.MULTILINE)
# A start so low that no loss at the beginning makes the two sides count the wraps of the sequence
# differently (RFC 3711 section 3.3.1).
_FIRST_SEQUENCE_LIMIT = 1 << 15


@dataclass(frozen=True, slots=True)
class RtpOffer:
    """What one side says of the RTP that it will send."""

    payload_type: int
    """The same both ways: an answer repeats what was offered."""
    ssrc: int

    @property
    def line(self) -> str:
        """The attribute, with the end of its line."""
        return f"a=presence-rtp:{VERSION} {self.payload_type} {self.ssrc}\r\n"


def new_offer(other: RtpOffer | None = None) -> RtpOffer:
    """An offer, or the answer to that of the other side."""
    ssrc = random.randrange(1, 1 << 32)
    if other is None:
        return RtpOffer(PAYLOAD_TYPE, ssrc)
    return RtpOffer(other.payload_type, ssrc if ssrc != other.ssrc else ssrc ^ 1)


def first_sequence() -> int:
    """The number of the first packet of a stream."""
    return random.randrange(_FIRST_SEQUENCE_LIMIT)


def with_offer(description: str, offer: RtpOffer) -> str:
    """A session description of one data channel that offers RTP besides."""
    return description.rstrip("\r\n") + "\r\n" + offer.line


def find_offer(description: str) -> RtpOffer | None:
    """The offer in a session description; None: none, or none that this version understands."""
    found = _LINE.search(description)
    if found is None:
        return None
    version, payload_type, ssrc = (int(number) for number in found.groups())
    if version != VERSION or not FIRST_DYNAMIC_TYPE <= payload_type <= LAST_DYNAMIC_TYPE:
        return None
    return RtpOffer(payload_type, ssrc) if 0 < ssrc < 1 << 32 else None
