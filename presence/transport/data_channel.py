"""The data-channel carrier: bundles over WebRTC, as browsers and everyone else can."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiortc import RTCDataChannel, RTCPeerConnection

from presence.clock import Clock
from presence.transport.carrier import check_length
from presence.transport.sctp_queue import SctpQueue

LABEL = "presence"
LOOK_S = 0.01
"""How often it is looked whether the way is free again, while it is not."""
CHANNEL_ID = 0
"""Both sides open the channel by this number, so that none waits for the other to announce it."""


class DataChannelCarrier:
    """Bundles over one unordered data channel that never sends twice.

    SCTP keeps a queue and a congestion window of its own; under loss that queue grows by seconds,
    because data are given to it faster than it may send. Hence this carrier is full as long as
    the channel holds one bundle back, and as long as what left waits in a queue on the way. State:
    the channel, and what is known of that queue.
    """

    def __init__(self, connection: RTCPeerConnection, clock: Clock) -> None:
        """Add the channel to a connection that has not been negotiated yet."""
        self.on_bundle: Callable[[bytes, int], None] | None = None
        self.on_ready: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self.on_open: Callable[[], None] | None = None
        """The channel is open; from now on bundles can be sent."""
        self._clock = clock
        self._channel: RTCDataChannel = connection.createDataChannel(
            LABEL, ordered=False, maxRetransmits=0, negotiated=True, id=CHANNEL_ID
        )
        self._queue = SctpQueue(connection.sctp)
        self._look: asyncio.TimerHandle | None = None
        self._channel.on("open", self._opened)
        self._channel.on("message", self._received)
        self._channel.on("bufferedamountlow", self._drained)
        self._channel.on("close", self._closed)

    @property
    def name(self) -> str:
        """``data``."""
        return "data"

    @property
    def ready(self) -> bool:
        """Whether the channel is open, holds nothing back, and nothing waits on the way."""
        if self._channel.readyState != "open" or self._channel.bufferedAmount:
            return False
        if not self._queue.full(self._clock.now_ns(), time.time()):
            return True
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)
        return False

    @property
    def budget_bps(self) -> float | None:
        """None: what does not fit gives way in the gate."""
        return None

    @property
    def loss(self) -> float | None:
        """None: SCTP does not say."""
        return None

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False: the channel is not open, or holds the last one back."""
        check_length(bundle)
        if not self.ready:
            return False
        self._queue.sent(self._clock.now_ns())
        self._channel.send(bundle)
        return True

    async def close(self) -> None:
        """Close the channel; the connection under it is its :class:`Peer`'s to close."""
        self._channel.close()

    def _opened(self) -> None:
        if self.on_open is not None:
            self.on_open()

    def _received(self, message: bytes | str) -> None:
        if self.on_bundle is not None:
            # Text is no bundle; as bytes it is refused where every malformed bundle is.
            bundle = message.encode() if isinstance(message, str) else message
            self.on_bundle(bundle, self._clock.now_ns())

    def _drained(self) -> None:
        if self.on_ready is not None:
            self.on_ready()

    def _look_again(self) -> None:
        self._look = None
        if self.ready:
            self._drained()

    def _closed(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None
        on_closed, self.on_closed = self.on_closed, None
        if on_closed is not None:
            on_closed()
