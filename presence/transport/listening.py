"""Where a host or a relay listens, and why it cannot."""

from __future__ import annotations

import errno
import os
import socket

from presence.errors import HostError, UsageError

_BACKLOG = 128


def listen(bind: str | None, port: int, who: str, option: str = "--port") -> socket.socket:
    """A socket that listens on ``port`` of the address ``bind``; port 0 takes any that is free.

    Args:
        bind: An address; None for all that this machine has, of IPv4 and IPv6 alike.
        port: The port.
        who: The command that listens, for sentences to whoever gave it.
        option: By which the port was given.

    Raises:
        UsageError: ``bind`` is no address.
        HostError: the port cannot be had.
    """
    if bind is None:
        bind = "::" if _takes_both() else "0.0.0.0"
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise UsageError(
            f"{bind!r} is no address to listen on; leave --bind out to listen on all of this "
            "machine's, or give 127.0.0.1 for this machine alone"
        ) from None
    listening = socket.socket(family, kind, protocol)
    try:
        # Not on Windows, where it would let two hosts share a port.
        if os.name != "nt":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if where[0] == "::":
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.bind(where)
        # At once, so that whoever is told the port can connect to it.
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise HostError(_why_not(error, bind, port, who, option)) from None
    return listening


def _takes_both() -> bool:
    """Whether a socket on ``::`` can be had here, that takes IPv4 in as well."""
    if not socket.has_dualstack_ipv6():
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False  # IPv6 is built in, and switched off.
    return True


def _why_not(error: OSError, bind: str, port: int, who: str, option: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} is taken on this machine, perhaps by another `{who}`; "
                f"end that one, or give {option} 0 to take any port that is free"
            )
        case errno.EACCES:
            return f"this user may not listen on port {port}; give {option} a number above 1023"
        case errno.EADDRNOTAVAIL:
            return (
                f"this machine has no address {bind}; leave --bind out to listen on all that it has"
            )
        case _:
            return f"cannot listen on port {port} of {bind}: {error.strerror}"
