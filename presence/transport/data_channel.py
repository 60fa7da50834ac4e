"""The data-channel carrier: bundles over WebRTC, as browsers and everyone else can."""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCDataChannel, RTCPeerConnection

from presence.clock import Clock
from presence.transport.carrier import check_length

LABEL = "presence"
CHANNEL_ID = 0
"""Both sides open the channel by this number, so that none waits for the other to announce it."""


class DataChannelCarrier:
    """Bundles over one unordered data channel that never sends twice.

    SCTP keeps a queue and a congestion window of its own; under loss that queue grows by seconds,
    because data are given to it faster than it may send. Hence this carrier is full as long as
    the channel holds one bundle back. State: the channel.
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
        """Whether the channel is open and holds nothing back."""
        return bool(self._channel.readyState == "open" and self._channel.bufferedAmount == 0)

    @property
    def budget_bps(self) -> float | None:
        """None: SCTP has a window of its own, and tells nobody."""
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

    def _closed(self) -> None:
        on_closed, self.on_closed = self.on_closed, None
        if on_closed is not None:
            on_closed()
