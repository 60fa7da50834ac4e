"""Signalling: the JSON messages between a participant and the room host, over one WebSocket.

Each message is an object whose ``type`` names it. Fields that this version knows not are ignored,
so a newer peer can say more. Everything has a bound, because either end may be hostile.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec

from presence.errors import SignallingError

MESSAGE_LIMIT = 32 * 1024
"""Bytes of one encoded message; a session description of a busy machine is some 4 KiB."""
HEARTBEAT_NS = 800_000_000
"""How often each end says that it is there."""
SILENCE_NS = 3_000_000_000
"""After how long without a word the other end is lost."""
NAME_LIMIT = 40
"""Characters of what a person is called."""

_Stream = Annotated[int, msgspec.Meta(ge=1, le=0xFFFF)]
_Seat = Annotated[int, msgspec.Meta(ge=0, le=0xFF)]
_Look = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LIMIT)]
_Token = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Carriers = Annotated[
    tuple[Annotated[str, msgspec.Meta(max_length=16)], ...], msgspec.Meta(max_length=8)
]
_Sentence = Annotated[str, msgspec.Meta(max_length=500)]
_Sdp = Annotated[str, msgspec.Meta(min_length=1, max_length=24 * 1024)]
_Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_Signature = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
_Box = Annotated[bytes, msgspec.Meta(min_length=1, max_length=512)]
_Short = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Url = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
_RelayToken = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


Reason = Literal["left", "lost", "replaced"]
"""Why somebody went: on purpose; silent or cut off; or by a new connection of the same person."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """What every message is: a value whose ``type`` in JSON is the name of its class."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, as the members make sure of it and a host cannot (``docs/security.md``).

    :mod:`presence.wire.identity` makes and checks it.
    """

    device: _Key
    """The Ed25519 key of their device."""
    agreement: _Key
    """The X25519 key of this call, by which keys are sealed to them; another for each call."""
    signature: _Signature
    """The device's, of what they call themselves, the room and the agreement key."""
    proof: _Key
    """That they know the link's secret."""


class Join(Message, frozen=True, kw_only=True):
    """To the host, first of all: let me in."""

    name: _Name
    """What the others call this person; printable characters only."""
    look: _Look = 0
    """The seed of the generated body that the others draw."""
    carriers: _Carriers = ("data",)
    """By what this participant can send envelopes, best first."""
    seat: _Seat | None = None
    """The seat wished for, given if it is free."""
    resume: _Token | None = None
    """The token of an earlier Welcome: this participant's number and seat are theirs again."""
    identity: Identity | None = None
    """Who this is, for the other members; the host passes it on."""

    def __post_init__(self) -> None:
        _require_printable(self.name)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the room."""

    stream: _Stream
    """Their number: theirs again when they come back, and nobody else's meanwhile."""
    seat: _Seat
    """Where they stand; no two members share one."""
    name: _Name
    look: _Look = 0
    carriers: _Carriers = ("data",)
    identity: Identity | None = None
    """Who they are. Nobody has to believe the host: members check it, and each other's alone."""

    def __post_init__(self) -> None:
        _require_printable(self.name)


class IceServer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A STUN or TURN server, and what it wants to be shown."""

    urls: Annotated[tuple[_Url, ...], msgspec.Meta(min_length=1, max_length=8)]
    """Ways to the same server, best first, as :mod:`presence.wire.ice_url` reads them."""
    username: _Short | None = None
    credential: _Short | None = None
    lifetime_s: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = None
    """Seconds for which the credential holds, from when this was sent; None: for ever."""
    pin: _Short | None = None
    """Of the certificate that a ``turns`` server made itself, as in a room link."""


_IceServers = Annotated[tuple[IceServer, ...], msgspec.Meta(max_length=4)]


class Welcome(Message, frozen=True, kw_only=True):
    """From the host: you are in. Offer a connection to everyone in ``members``."""

    stream: _Stream
    """Your number."""
    seat: _Seat
    """Your seat."""
    resume: _Token
    """Show this when you join again, and number and seat are yours again."""
    members: tuple[Member, ...]
    """The others, in the order of their joining."""
    ice_servers: _IceServers = ()
    """What helps members to find one another."""
    carrier: _Token | None = None
    """Show this to the host's carrier, which passes bundles on for who has no other way."""


class Refused(Message, frozen=True, kw_only=True):
    """From the host, before it closes the connection: no, and why."""

    code: Annotated[str, msgspec.Meta(max_length=32)]
    """``full``, ``worn-out``, ``no-such-room``, ``busy`` or ``malformed``; more may come later."""
    sentence: _Sentence
    """For the person, saying what to do."""
    after_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] | None = None
    """Seconds after which trying again makes sense; None: that is not known."""
    url: _Url | None = None
    """Where to come instead, from a relay that knows another; the token is good there too."""


class MemberJoined(Message, frozen=True, kw_only=True):
    """From the host: somebody came, or came back; they will offer a connection if need be."""

    member: Member


class MemberLeft(Message, frozen=True, kw_only=True):
    """From the host: somebody went. If it is you yourself, the host closes the connection."""

    stream: _Stream
    reason: Reason


class Description(Message, frozen=True, kw_only=True):
    """A WebRTC session description, from one member to another."""

    to: _Stream
    """For whom."""
    sender: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)] = 0
    """From whom: the host fills it in, whatever the sender wrote."""
    kind: Literal["offer", "answer"]
    sdp: _Sdp
    """The description, with all its candidates."""


class KeyPackage(Message, frozen=True, kw_only=True):
    """The key that seals a member's envelopes, from them to one other member.

    The host cannot open it; :mod:`presence.wire.key_package` says what is in it.
    """

    to: _Stream
    """For whom."""
    sender: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)] = 0
    """From whom: the host fills it in, whatever the sender wrote."""
    box: _Box


class KeyRequest(Message, frozen=True, kw_only=True):
    """Please send me your key again: envelopes of yours came that I cannot open."""

    to: _Stream
    sender: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)] = 0


class Pairing(Message, frozen=True, kw_only=True):
    """A step of an exchange by which a member gives the link's secret to who knows a spoken code.

    :mod:`presence.wire.pairing` says what is in it.
    """

    to: _Stream
    sender: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)] = 0
    box: _Box


class Heartbeat(Message, frozen=True, kw_only=True):
    """I am here. The host answers each with one of its own."""


class Leave(Message, frozen=True, kw_only=True):
    """To the host: I am going, on purpose."""


class IceServersRequest(Message, frozen=True, kw_only=True):
    """To the host: which servers are there? Instead of a Join it asks without joining."""


class IceServers(Message, frozen=True, kw_only=True):
    """From the host: the servers, with fresh credentials."""

    ice_servers: _IceServers = ()


class RelayRequest(Message, frozen=True, kw_only=True):
    """To the host: let me come to the room's relay, or come there again.

    The host answers with a :class:`RelayPlace`; or a :class:`NoRelay`, and never asks why.
    """

    alone: bool = False
    """Whether this participant takes no other way, so that all have to go by the relay."""


class RelayPlace(Message, frozen=True, kw_only=True):
    """From the host, unasked as well: there is a relay, and who shows the token may come to it."""

    url: _Url
    """Of the relay's WebSocket: ``wss://…`` or ``ws://…``."""
    token: _RelayToken
    """Names the room and this participant's number; :mod:`presence.relay.admission` reads it."""
    lifetime_s: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
    """Seconds for which the token is good, from when this was sent."""
    wanted: bool
    """Whether the room's envelopes go by the relay; else everybody goes straight to everybody."""
    pin: _Short | None = None
    """Of the certificate that the relay made itself, as in a room link."""
    others: Annotated[tuple[_Url, ...], msgspec.Meta(max_length=8)] = ()
    """Further ones where the token is good, for when the first cannot be reached."""


class NoRelay(Message, frozen=True, kw_only=True):
    """From the host: there is no relay for this room, or not now."""

    sentence: _Sentence
    """For the person, saying what to do."""


Forwarded = Description | KeyPackage | KeyRequest | Pairing
"""What one member says to another, through the host."""
ClientMessage = Join | Forwarded | Heartbeat | Leave | IceServersRequest | RelayRequest
"""What a host may be told."""
HostMessage = (
    Welcome
    | Refused
    | MemberJoined
    | MemberLeft
    | Forwarded
    | Heartbeat
    | IceServers
    | RelayPlace
    | NoRelay
)
"""What a participant may be told."""

_T = TypeVar("_T")
_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_host_decoder: msgspec.json.Decoder[HostMessage] = msgspec.json.Decoder(HostMessage)


def encode_message(message: Message) -> str:
    """The message as JSON.

    Raises:
        SignallingError: it is longer than a receiver would take.
    """
    encoded = _encoder.encode(message)
    if len(encoded) > MESSAGE_LIMIT:
        raise SignallingError(
            f"a {type(message).__name__} of {len(encoded)} bytes was not sent; "
            f"the limit is {MESSAGE_LIMIT}"
        )
    return encoded.decode()


def decode_client_message(data: str | bytes) -> ClientMessage:
    """What a participant told the host.

    Raises:
        SignallingError: it is no such message.
    """
    return decode_by(_client_decoder, data)


def decode_host_message(data: str | bytes) -> HostMessage:
    """What the host told a participant.

    Raises:
        SignallingError: it is no such message.
    """
    return decode_by(_host_decoder, data)


def decode_by(decoder: msgspec.json.Decoder[_T], data: str | bytes) -> _T:
    """What a hostile sender may have sent, if the decoder takes it.

    Raises:
        SignallingError: it does not, or it is too long.
    """
    # A character is at least a byte, so a long text need not be encoded to be refused.
    if len(data) > MESSAGE_LIMIT:
        raise SignallingError(
            f"a signalling message of {len(data)} bytes came; the limit is {MESSAGE_LIMIT}"
        )
    try:
        return decoder.decode(data)
    except RecursionError:
        raise SignallingError("a signalling message came that is nested too deeply") from None
    # Besides its own errors msgspec lets UnicodeDecodeError through, which is a ValueError as well.
    except ValueError as error:
        raise SignallingError(f"a malformed signalling message came: {error}") from None


def _require_printable(name: str) -> None:
    """A name is printed in terminals, where other characters could do harm."""
    if not name.isprintable() or not name.strip():
        raise ValueError("a name must have visible characters, and only printable ones")
