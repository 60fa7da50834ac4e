"""By what address others find a host."""

from __future__ import annotations

import ipaddress
import socket


def reachable_address(bind: str | None) -> str:
    """The address by which others reach a host that listens on ``bind``.

    If that is every address of this machine, it is the one by which the machine would speak to
    the world: on a home network, its address there. It is one of IPv4, which everybody reaches,
    unless the machine has none.
    """
    if bind is None:
        own = _outward(socket.AF_INET) or _outward(socket.AF_INET6)
        return own or "127.0.0.1"
    try:
        everything = ipaddress.ip_address(bind).is_unspecified
    except ValueError:
        return bind
    if not everything:
        return bind
    if ":" in bind:
        return _outward(socket.AF_INET6) or "::1"
    return _outward(socket.AF_INET) or "127.0.0.1"


def _outward(family: socket.AddressFamily) -> str | None:
    """The address of this machine by which it speaks to the world; None if it has none."""
    # Documentation addresses (RFC 5737, RFC 3849): connecting a UDP socket sends nothing.
    somewhere = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((somewhere, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None
