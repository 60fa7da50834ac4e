"""Whether this machine has an address, as a laptop that changes its network has not for long."""

from __future__ import annotations

import errno
import socket
from typing import Any


def has_address(address: tuple[Any, ...]) -> bool:
    """Whether a socket can be bound to ``address``, as a socket's own name gives it.

    The port does not matter. What cannot be found out counts as had.
    """
    host, _, *scope = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0, *scope))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True
