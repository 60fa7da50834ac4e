"""Which UDP ports a relay's people reach it by once they are let in."""

from __future__ import annotations

import msgspec

from presence.errors import UsageError

_LAST = 65_535


class Media(msgspec.Struct, frozen=True):
    """What each process that carries rooms needs to know; it goes between processes."""

    port: int = 0
    """The first worker's; each further one has the next. 0: each takes any that is free."""
    advertise: tuple[str, ...] = ()
    """The addresses at which people reach them; none: this machine's own."""

    def of_worker(self, number: int) -> int:
        """The port of a worker; they count from 1.

        Raises:
            UsageError: there is none of so high a number.
        """
        if not self.port:
            return 0
        port = self.port + number - 1
        if port > _LAST:
            raise UsageError(
                f"there is no UDP port {port} for worker {number}; begin lower by --media-port"
            )
        return port
