"""How somebody comes to a relay: two JSON messages over a WebSocket, then a connection by ICE.

As in :mod:`presence.wire.signalling`, each is an object whose ``type`` names it, fields that this
version knows not are ignored, and everything has a bound.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from presence.wire.signalling import Message, Refused, decode_by

_Sdp = Annotated[str, msgspec.Meta(min_length=1, max_length=24 * 1024)]


class RelayJoin(Message, frozen=True, kw_only=True):
    """From a participant: may I come? The first and only message."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    """What the host gave: it names room and stream."""
    sdp: _Sdp
    """The offer of a connection."""


class RelayWelcome(Message, frozen=True, kw_only=True):
    """From the relay: yes."""

    sdp: _Sdp
    """The answer to the offer."""


_joins = msgspec.json.Decoder(RelayJoin)
_answers: msgspec.json.Decoder[RelayWelcome | Refused] = msgspec.json.Decoder(
    RelayWelcome | Refused
)


def decode_relay_join(data: str | bytes) -> RelayJoin:
    """What a participant told the relay.

    Raises:
        SignallingError: it is no such message.
    """
    return decode_by(_joins, data)


def decode_relay_answer(data: str | bytes) -> RelayWelcome | Refused:
    """What the relay told a participant.

    Raises:
        SignallingError: it is no such message.
    """
    return decode_by(_answers, data)
