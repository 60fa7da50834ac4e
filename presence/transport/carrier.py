"""A carrier: something that moves bundles to one other participant, unreliably and without order.

Whatever moves them (a data channel, RTP, a WebSocket through the host, memory in a test), a
carrier promises the same: it never queues more than the bundle in hand, it says when it is full,
and it says when it is closed. What waits meanwhile waits in a
:class:`~presence.transport.gate.Gate`, where newer data can take its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from presence.errors import TransportError
from presence.wire.bundle import BUNDLE_LIMIT


class Carrier(Protocol):
    """Moves bundles to and from one other participant.

    The callbacks are plain attributes that the carrier's one user sets; they are called on the
    event loop's thread, may send at once, and must not raise.
    """

    on_bundle: Callable[[bytes, int], None] | None
    """A bundle came: its bytes, and when it arrived by the clock that the carrier was given."""
    on_ready: Callable[[], None] | None
    """The carrier was full and is ready again."""
    on_closed: Callable[[], None] | None
    """The carrier is closed, by either side; called once, and nothing is called after it."""

    @property
    def name(self) -> str:
        """What kind of carrier it is: ``data``, ``rtp``, ``memory``."""
        ...

    @property
    def ready(self) -> bool:
        """Whether a bundle sent now would leave now."""
        ...

    @property
    def budget_bps(self) -> float | None:
        """Bits a second that the path carries, all counted; None: the carrier does not know.

        Who sends more than that fills a queue, here or on the way; so less is sent to begin with.
        """
        ...

    @property
    def loss(self) -> float | None:
        """The share of what was sent of late that the path lost; None: the carrier cannot say."""
        ...

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False: full or closed, and nothing was queued.

        Raises:
            TransportError: it is longer than :data:`~presence.wire.bundle.BUNDLE_LIMIT`.
        """
        ...

    async def close(self) -> None:
        """Close the carrier and free what it holds; closing twice is no error."""
        ...


def check_length(bundle: bytes) -> None:
    """Raises TransportError for a bundle that is too long for any carrier."""
    if len(bundle) > BUNDLE_LIMIT:
        raise TransportError(
            f"a bundle of {len(bundle)} bytes does not fit a datagram; "
            f"pack bundles of at most {BUNDLE_LIMIT} bytes"
        )
