"""A DTLS handshake that does not wait long for what got lost.

OpenSSL sends a flight of the handshake again after one second, then after two, and who is done
first sends theirs again only when asked; so a single loss costs a call one to three seconds. Here
each flight goes again sooner, as the very datagrams that it was: to the other side that is a
network which duplicates, and DTLS drops what it has had (RFC 6347 section 4.1.2.6).
"""

from __future__ import annotations

import asyncio
import logging

from aiortc import RTCPeerConnection

AGAIN_S = (0.15, 0.15, 0.3, 0.3, 0.6, 0.6, 0.6)
"""Pauses before a flight goes again, each time."""
_DTLS_FIRST, _DTLS_LAST = 20, 63
"""The first byte of a DTLS record (RFC 7983)."""
_APPLICATION_DATA = 23
_RTP_FIRST, _RTP_LAST = 128, 191

log = logging.getLogger(__name__)


class Hastener:
    """Watches the handshake of a connection. State: the newest flight, and when it goes again.

    It is in the way of every datagram until one shows that the other side is done.
    """

    def __init__(self, connection: RTCPeerConnection) -> None:
        """Begin before the handshake does; the loop must be running."""
        self._ice = connection.sctp.transport.transport
        self._flight: list[bytes] = []
        self._answered = False
        self._timer: asyncio.TimerHandle | None = None
        self._times = 0
        self._loop = asyncio.get_running_loop()
        self._send = self._ice._send
        self._receive = self._ice._connection.data_received
        self._ice._send = self._sending
        self._ice._connection.data_received = self._received

    def stop(self) -> None:
        """Get out of the way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flight.clear()
        if self._ice._send == self._sending:
            self._ice._send = self._send
        if self._ice._connection.data_received == self._received:
            self._ice._connection.data_received = self._receive

    async def _sending(self, data: bytes) -> None:
        if _DTLS_FIRST <= data[0] <= _DTLS_LAST and data[0] != _APPLICATION_DATA:
            if self._answered:
                # What came since the last flight was all of the other side's.
                self._flight.clear()
                self._answered = False
            if data not in self._flight:
                self._flight.append(data)
                self._times = 0
                self._arm()
        await self._send(data)

    def _received(self, data: bytes, component: int) -> None:
        if data and (data[0] == _APPLICATION_DATA or _RTP_FIRST <= data[0] <= _RTP_LAST):
            self.stop()
        else:
            self._answered = True
        self._receive(data, component)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._times < len(AGAIN_S):
            self._timer = self._loop.call_later(AGAIN_S[self._times], self._again)

    def _again(self) -> None:
        self._times += 1
        self._arm()
        for data in self._flight:
            sending = self._send(data)
            try:
                sending.send(None)
            except StopIteration:
                continue
            except (ConnectionError, OSError) as error:
                log.debug("a flight did not go again: %s", error)
                return
            sending.close()
