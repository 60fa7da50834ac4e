"""What a full ICE agent asks of a relay that is a lite one, and what it is answered: STUN.

A connectivity check names by its user name whom it asks for, and proves by a keyed hash that it was
let in (RFC 8445 section 7, RFC 8489). Before that proof next to nothing is done for it.

Sans-IO.
"""

from __future__ import annotations

import struct

from aioice import stun

LONGEST_CHECK = 548
"""Bytes: what is to pass anywhere by IPv4 (RFC 8489 section 6.1)."""
_ATTRIBUTES_LIMIT = 16
_HEAD = struct.Struct(">HHI12s")
_ATTRIBUTE = struct.Struct(">HH")
_REQUEST, _SUCCESS = 0x0001, 0x0101
_USERNAME = 0x0006
_USERNAME_LIMIT = 513
_FINGERPRINT = _ATTRIBUTE.pack(0x8028, 4)
_CONFLICT = 487, "Role Conflict"


def transaction_of(data: bytes) -> tuple[bool, bytes] | None:
    """Whether a datagram asks or answers, and the number by which it does; None: neither."""
    if not _HEAD.size <= len(data) <= LONGEST_CHECK:
        return None
    kind, length, cookie, transaction = _HEAD.unpack_from(data)
    if cookie != stun.COOKIE or _HEAD.size + length != len(data) or length % 4:
        return None
    if kind not in (_REQUEST, _SUCCESS):
        return None
    return kind == _REQUEST, transaction


def asked_for(data: bytes) -> str | None:
    """By which user name fragment a check asks for somebody; None: by none.

    What it says is not proven yet. ``data`` is what :func:`transaction_of` took for STUN.
    """
    at = _HEAD.size
    for _ in range(_ATTRIBUTES_LIMIT):
        if at + _ATTRIBUTE.size > len(data):
            return None
        number, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if number == _USERNAME:
            if length > _USERNAME_LIMIT:
                return None
            own, colon, _ = data[at : at + length].partition(b":")
            return own.decode("ascii", "replace") if colon else None
        at += length + -length % 4
    return None


def proven(data: bytes, password: str) -> stun.Message | None:
    """A message whose keyed hash shows that its sender knows a password; None: it does not."""
    if data[-8:-4] != _FINGERPRINT:
        # The last part of every check (RFC 8445 section 7.1), which covers all of it.
        return None
    try:
        message = stun.parse_message(data)
    except (ValueError, struct.error):
        return None
    return message if message.check_message_integrity(password.encode()) else None


def answer(check: stun.Message, address: tuple[str, int], password: str) -> bytes:
    """What a check is answered that came from an address: which one that was.

    It is shorter than the check, so that nobody gains by having it sent to somebody else.
    """
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=check.transaction_id,
    )
    if "ICE-CONTROLLED" in check.attributes:
        # A lite agent is never the one that decides (RFC 8445 section 6.1.1).
        response.message_class = stun.Class.ERROR
        response.attributes["ERROR-CODE"] = _CONFLICT
    else:
        response.attributes["XOR-MAPPED-ADDRESS"] = address
    response.add_message_integrity(password.encode())
    return bytes(response)


def challenge(theirs: str, own: str, password: str) -> tuple[bytes, bytes]:
    """A check of one's own, by which somebody shows that they are where they say; its number first.

    Args:
        theirs: The other's user name fragment.
        own: One's own.
        password: The other's.
    """
    request = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.REQUEST,
        attributes={
            "USERNAME": f"{theirs}:{own}",
            "PRIORITY": 1,
            "ICE-CONTROLLED": 0,
        },
    )
    request.add_message_integrity(password.encode())
    return request.transaction_id, bytes(request)
