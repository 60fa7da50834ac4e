"""How many may come to a relay in a second; whoever is one too many is told when to come again.

Each is told a time of their own, so that those who were sent away do not all come back at once.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

import ipaddress

from presence.allowance import Allowance
from presence.clock import SECOND
from presence.relay.limits import RelayLimits

LEAST_S, MOST_S = 1.0, 30.0
"""Nobody is told to come again sooner, or later."""
ADDRESSES = 4096
"""Addresses whose joins are counted; beyond that whoever has not come for longest is forgotten."""


class Turns:
    """State: how many may still come now, and the next time that nobody was told yet."""

    def __init__(self, per_s: float, at_once: float, now_ns: int) -> None:
        """``per_s`` a second over time, and ``at_once`` together, who may come now."""
        self._allowance = Allowance(per_s, at_once, now_ns)
        self._each_ns = round(SECOND / per_s)
        self._next_ns = now_ns

    def take(self, now_ns: int) -> float | None:
        """None: come in; or the seconds after which to come again."""
        if self._allowance.take(now_ns):
            return None
        soonest_ns = now_ns + round(LEAST_S * SECOND)
        self._next_ns = max(self._next_ns + self._each_ns, soonest_ns)
        return min((self._next_ns - now_ns) / SECOND, MOST_S)


class Turnstile:
    """State: what all together, and each address, may still do."""

    def __init__(self, limits: RelayLimits, now_ns: int) -> None:
        """Nobody came yet."""
        self._limits = limits
        self._all = Turns(limits.joins_per_s, limits.joins_at_once, now_ns)
        self._addresses: dict[str, Turns] = {}

    def come(self, address: str, now_ns: int) -> float | None:
        """Somebody comes; None: come in; or the seconds after which to come again."""
        turns = self._addresses.pop(address, None)
        if turns is None:
            limits = self._limits
            turns = Turns(limits.address_joins_per_s, limits.address_joins_at_once, now_ns)
        self._addresses[address] = turns
        if len(self._addresses) > ADDRESSES:
            del self._addresses[next(iter(self._addresses))]
        after_s = turns.take(now_ns)
        return self._all.take(now_ns) if after_s is None else after_s


def subscriber(address: str) -> str:
    """What stands for one subscriber of a network: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ipaddress.IPv6Network((known, 64), strict=False).network_address)
    return str(known)
