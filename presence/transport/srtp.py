"""RTP over a connection of aiortc's, without its media: all that is asked of its private parts.

aiortc encrypts and sends RTP for the tracks that it knows, each with an encoder and a jitter
buffer. What is wanted here is the bare way below: the SRTP sessions that come of its DTLS
handshake, and the datagrams of its ICE connection. Those are no public interface, so
:func:`why_not` says whether they are what this was written for; if they are not, the data channel
does it all.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import aioice
import aiortc
import pylibsrtp
from aioice.ice import Connection as IceConnection
from aiortc import RTCDtlsTransport, RTCIceTransport, RTCPeerConnection

from presence.transport.feedback import FORMAT, PACKET_TYPE

KNOWN_AIORTC, KNOWN_AIOICE = "1.16.", "0.13."
"""The versions whose private parts were read."""
_RTP_FIRST, _RTP_LAST = 128, 191
"""The first byte of RTP and RTCP, where DTLS and STUN come on the same port (RFC 7983)."""
_FEEDBACK = bytes((0x80 | FORMAT, PACKET_TYPE))
_EARLY_LIMIT = 16
_EARLY_S = 0.25

log = logging.getLogger(__name__)


def why_not() -> str | None:
    """Why RTP cannot be had of the installed aiortc, as half a sentence; None: it can."""
    if not aiortc.__version__.startswith(KNOWN_AIORTC):
        return f"aiortc is {aiortc.__version__}, and {KNOWN_AIORTC}* is needed"
    if not aioice.__version__.startswith(KNOWN_AIOICE):
        return f"aioice is {aioice.__version__}, and {KNOWN_AIOICE}* is needed"
    handler = getattr(IceConnection, "data_received", None)
    if handler is None or not _fits(handler):
        return f"aioice {aioice.__version__} takes in datagrams in another way than was expected"
    return None


@functools.cache
def _fits(handler: Callable[..., None]) -> bool:
    """Whether a function takes datagrams as it is called here; asked for each connection."""
    return list(inspect.signature(handler).parameters) == ["self", "data", "component"]


class SrtpPath:
    """Encrypted RTP and RTCP on a connection's own way.

    State: what it was told to call, and packets that came before the keys to read them were there.
    """

    def __init__(self, connection: RTCPeerConnection, payload_type: int) -> None:
        """Take over packets of a payload type, and feedback on packets.

        Args:
            connection: One with a data channel, negotiated or not.
            payload_type: Packets of other types go where they went before.
        """
        self.on_open: Callable[[], None] | None = None
        """Packets can be sent from now on."""
        self.on_closed: Callable[[], None] | None = None
        self.on_rtp: Callable[[bytes], None] | None = None
        """Takes a decrypted packet."""
        self.on_rtcp: Callable[[bytes], None] | None = None
        """Takes a decrypted packet that says of itself to be feedback."""
        self.open = bool(connection.sctp.transport.state == "connected")
        """Whether packets can be sent."""
        self.refused = 0
        """Packets that were not encrypted with the keys of this connection, or came twice."""
        self._payload_type = payload_type
        self._dtls: RTCDtlsTransport = connection.sctp.transport
        self._ice: RTCIceTransport = self._dtls.transport
        self._early: list[tuple[float, bytes]] = []
        self._loop = asyncio.get_running_loop()
        self._others: Callable[[bytes, int], None] = self._ice._connection.data_received
        # On this one connection: the class, and whoever else changes it, stay as they are.
        self._ice._connection.data_received = self._received
        self._dtls.on("statechange", self._state_changed)

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send a packet; what cannot leave is lost, as on the way."""
        if self.open:
            self._send(self._dtls._tx_srtp.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        """The same for RTCP."""
        if self.open:
            self._send(self._dtls._tx_srtp.protect_rtcp(packet))

    def _send(self, datagram: bytes) -> None:
        # aioice sends at once, from within a coroutine that waits for nothing; a task for each
        # packet would cost more than the packet.
        sending: Coroutine[Any, Any, None] = self._ice._send(datagram)
        try:
            sending.send(None)
        except StopIteration:
            return
        except (ConnectionError, OSError) as error:
            log.debug("a packet did not leave: %s", error)
            return
        sending.close()

    def _received(self, data: bytes, component: int) -> None:
        if not self._is_ours(data):
            self._others(data, component)
        elif self.open:
            self._read(data)
        elif len(self._early) < _EARLY_LIMIT:
            # The other side is done with the handshake a moment sooner.
            self._early.append((self._loop.time(), data))

    def _is_ours(self, data: bytes) -> bool:
        """Whether a datagram is for this; headers of RTP and RTCP are not encrypted."""
        if len(data) < 12 or not _RTP_FIRST <= data[0] <= _RTP_LAST:
            return False
        return data[1] & 0x7F == self._payload_type or data[:2] == _FEEDBACK

    def _read(self, data: bytes) -> None:
        session, is_feedback = self._dtls._rx_srtp, data[:2] == _FEEDBACK
        try:
            packet = session.unprotect_rtcp(data) if is_feedback else session.unprotect(data)
        except (pylibsrtp.Error, ValueError, TypeError) as error:
            self.refused += 1
            log.debug("a packet is refused: %s", error)
            return
        taker = self.on_rtcp if is_feedback else self.on_rtp
        if taker is not None:
            taker(packet)

    def _state_changed(self) -> None:
        self.open = self._dtls.state == "connected"
        if self.open:
            if self.on_open is not None:
                self.on_open()
            early, self._early = self._early, []
            for came_s, data in early:
                # What is older would be believed to have come just now.
                if self._loop.time() - came_s < _EARLY_S:
                    self._read(data)
        elif self._dtls.state in ("closed", "failed"):
            on_closed, self.on_closed = self.on_closed, None
            if on_closed is not None:
                on_closed()
