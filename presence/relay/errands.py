"""What the process at a relay's door and those that carry its rooms tell one another.

Each message is a line of JSON, on a worker's standard input and output. Both ends are of one
version, since the one starts the other; nothing of this is for anybody else.
"""

from __future__ import annotations

import msgspec

from presence.relay.account import Account
from presence.relay.limits import RelayLimits
from presence.relay.logs import LogSettings
from presence.relay.media import Media

LINE_LIMIT = 1024 * 1024
"""Bytes of the longest line; an offer is a few KiB."""


class _Errand(msgspec.Struct, frozen=True, tag=True):
    pass


class Start(_Errand, frozen=True):
    """To a worker, first of all: what it is to do."""

    number: int
    limits: RelayLimits
    log: LogSettings
    media: Media = Media()


class Connect(_Errand, frozen=True):
    """To a worker: somebody comes with a token that is good."""

    errand: int
    room: str
    stream: int
    expires_s: int
    sdp: str
    again_only: bool
    """The relay is full: only who is in the room already may come, once more."""


class Ask(_Errand, frozen=True):
    """To a worker: how are you?"""


class Drain(_Errand, frozen=True):
    """To a worker: no more new rooms."""


class Ready(_Errand, frozen=True):
    """From a worker: people can come."""


class Failed(_Errand, frozen=True):
    """From a worker: it cannot begin, and why."""

    sentence: str


class Answer(_Errand, frozen=True):
    """From a worker: the answer to somebody's offer."""

    errand: int
    sdp: str


class Done(_Errand, frozen=True):
    """From a worker: somebody came, or was refused, if there is a code."""

    errand: int
    code: str = ""
    sentence: str = ""
    after_s: float | None = None


class People(_Errand, frozen=True):
    """From a worker: so many are in a room now."""

    room: str
    count: int


class Told(_Errand, frozen=True):
    """From a worker: how it is."""

    account: Account


ToWorker = Start | Connect | Ask | Drain
FromWorker = Ready | Failed | Answer | Done | People | Told

_encoder = msgspec.json.Encoder()
_to_worker: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)
_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


def line_of(message: ToWorker | FromWorker) -> bytes:
    """A message as it is written."""
    return _encoder.encode(message) + b"\n"


def read_to_worker(line: bytes) -> ToWorker:
    """What a worker is told.

    Raises:
        msgspec.MsgspecError: it is nothing of this.
    """
    return _to_worker.decode(line)


def read_from_worker(line: bytes) -> FromWorker:
    """What a worker tells.

    Raises:
        msgspec.MsgspecError: it is nothing of this.
    """
    return _from_worker.decode(line)
