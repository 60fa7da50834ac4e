"""A person whom another program tracks, by the VMC protocol over UDP."""

from __future__ import annotations

from collections import Counter

from presence.errors import WireError
from presence.pose.proportions import Proportions
from presence.tracking.programs.inbox import HOLDING_NS, Inbox, split_address
from presence.tracking.programs.osc import read_packet
from presence.tracking.programs.vmc_state import VmcState
from presence.tracking.sensed import Sensed

PORT = 39539
"""Where a program that shows a person listens, by the protocol's custom."""


def open_vmc(address: str, proportions: Proportions) -> VmcSensor:
    """Listen for a program that sends VMC.

    Args:
        address: ``HOST:PORT`` of this machine, either of which may be left out: ``127.0.0.1:39539``
            hears this machine alone, ``0.0.0.0`` the whole network.
        proportions: the person's measures.

    Raises:
        UsageError: the port is in use, or the address is none.
    """
    host, port = split_address(address, "127.0.0.1", PORT)
    return VmcSensor(Inbox(host, port, "VMC"), proportions)


class VmcSensor:
    """Listens to a program. State: the port, and what was said last."""

    name = "vmc"

    def __init__(self, inbox: Inbox, proportions: Proportions) -> None:
        """Nothing came yet."""
        self.inbox = inbox
        self._state = VmcState(proportions)
        self._looked_ns = 0

    @property
    def dropped(self) -> Counter[str]:
        """How many packets and messages were dropped, by why."""
        return self.inbox.dropped

    def sense(self, time_ns: int) -> Sensed | None:
        """The newest that came, as of when it was read."""
        self._looked_ns = time_ns
        self.inbox.read(time_ns, lambda data: self._understand(data, time_ns))
        if not (self._state.loaded and self._state.follows):
            return None
        return self._state.sensed(time_ns)

    def _understand(self, data: bytes, time_ns: int) -> None:
        messages = read_packet(data)
        if not any(address.startswith("/VMC/") for address, _ in messages):
            raise WireError("OSC that is not VMC")
        for message in messages:
            try:
                self._state.take(message, time_ns)
            except WireError as error:
                # One bad message does not spoil those beside it.
                self.inbox.dropped[str(error)] += 1

    @property
    def problem(self) -> str:
        """What is wrong, and what to do."""
        inbox, at = self.inbox, f"{self.inbox.host}:{self.inbox.port}"
        last_ns = inbox.last_ns
        if last_ns is None:
            wrong = f" ({next(iter(inbox.dropped))})" if inbox.dropped else ""
            if wrong:
                return f"what comes to {at} is no VMC{wrong}; have the other program send VMC there"
            return f"no VMC has come to {at} yet; start the other program and have it send there"
        if self._looked_ns - last_ns > HOLDING_NS:
            return f"no VMC comes to {at} any more; see whether the other program still sends"
        if not self._state.loaded:
            return "the program that sends VMC has no avatar; load one there"
        if not self._state.follows:
            return "the program that sends VMC says that it does not track you; calibrate it there"
        if inbox.has_second_sender(self._looked_ns):
            return f"two programs send VMC to {at} and only the first is heard; stop one of them"
        return ""

    def close(self) -> None:
        """Stop listening."""
        self.inbox.close()
