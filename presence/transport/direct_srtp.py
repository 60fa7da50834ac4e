"""The same way as :class:`~presence.transport.srtp.SrtpPath`, for whoever sends very many packets.

A packet is put together in one buffer, encrypted there, and given to the socket of the chosen way;
what comes on that socket is told apart before anybody takes it for STUN. That asks for some more
private parts: of pylibsrtp its library and session, of aioice the nominated pair and the protocol
on its socket. If they are not there, packets go as they do elsewhere.
"""

from __future__ import annotations

import functools
import logging
import struct
from collections.abc import Callable, Mapping
from typing import Any

from aiortc import RTCPeerConnection

from presence.transport.srtp import SrtpPath

_BUFFER_BYTES = 2048
_LONGEST = 1500
"""Bytes of the longest packet, with room for what encrypting adds."""
_HEADER = struct.Struct(">BBHII")
_HEADER_BYTES = _HEADER.size
_VERSION = 0x80
_PADDED = 0xA0
_RTP_FIRST, _RTP_LAST = 128, 191

log = logging.getLogger(__name__)

try:
    from pylibsrtp._binding import ffi as _ffi
    from pylibsrtp._binding import lib as _lib
except ImportError:  # Another pylibsrtp than the one whose private parts were read.
    _ffi = _lib = None
else:
    _BUFFER = _ffi.new("char[]", _BUFFER_BYTES)
    _VIEW = _ffi.buffer(_BUFFER)
    _LENGTH = _ffi.new("int *")


def _works() -> bool:
    """Whether pylibsrtp is as it was expected."""
    return _lib is not None and all(hasattr(_lib, n) for n in ("srtp_protect", "srtp_unprotect"))


class DirectSrtpPath(SrtpPath):
    """Encrypted RTP and RTCP on a connection's own way, with less around it.

    State: besides that of the other path, the way that was last seen to be chosen.
    """

    def __init__(self, connection: RTCPeerConnection, payload_type: int) -> None:
        """Take over packets of a payload type, and feedback on packets."""
        super().__init__(connection, payload_type)
        self.unsent = 0
        """Packets that could not be given to the socket."""
        self._pair: Any = None
        self._sendto: Callable[[bytes, Any], None] | None = None
        self._address: Any = None
        self._sessions = _works()
        self._protecting: Any = None
        """libsrtp's session for what is sent, once there is one."""
        self._nominated: Mapping[int, Any] = self._ice._connection._nominated

    def send_bundle(
        self, sequence: int, timestamp: int, ssrc: int, bundle: bytes, padding: int
    ) -> None:
        """Send a bundle as one RTP packet; what cannot leave is lost, as on the way.

        Args:
            sequence: Any whole number.
            timestamp: Likewise.
            ssrc: Of the stream.
            bundle: What the packet carries.
            padding: Bytes to add, at most 255.
        """
        if not self.open:
            return
        end = _HEADER_BYTES + len(bundle)
        if not self._sessions or end + padding > _LONGEST:
            header = _HEADER.pack(
                _PADDED if padding else _VERSION, self._payload_type, sequence & 0xFFFF,
                timestamp & 0xFFFFFFFF, ssrc,
            )  # fmt: skip
            tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
            self.send_rtp(header + bundle + tail)
            return
        first = _PADDED if padding else _VERSION
        _VIEW[0:end] = (
            _HEADER.pack(first, self._payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
            + bundle
        )
        if padding:
            _VIEW[end : end + padding] = bytes(padding - 1) + bytes((padding,))
            end += padding
        _LENGTH[0] = end
        if self._protecting is None:
            self._protecting = self._dtls._tx_srtp._srtp[0]
        if _lib.srtp_protect(self._protecting, _BUFFER, _LENGTH):
            self.unsent += 1
            return
        datagram = _VIEW[0 : _LENGTH[0]]
        if self._sendto is None or self._nominated.get(1) is not self._pair:
            self._send(datagram)
            return
        try:
            self._sendto(datagram, self._address)
        except OSError:
            self.unsent += 1

    def _send(self, datagram: bytes) -> None:
        pair = self._nominated.get(1)
        if pair is not self._pair:
            self._take_way(pair)
        if self._sendto is None:
            super()._send(datagram)
            return
        try:
            self._sendto(datagram, self._address)
        except OSError as error:
            self.unsent += 1
            log.debug("a packet did not leave: %s", error)

    def _take_way(self, pair: Any) -> None:
        """Another way is the chosen one: use its socket, and hear what comes on it."""
        self._pair = pair
        self._sendto = None
        protocol = getattr(pair, "protocol", None)
        if protocol is None or not hasattr(protocol, "datagram_received"):
            return
        self._sendto = protocol.transport.sendto
        self._address = pair.remote_addr
        # On this one socket: the class, and whoever else changes it, stay as they are.
        others = type(protocol).datagram_received
        protocol.datagram_received = functools.partial(
            self._datagram, functools.partial(others, protocol)
        )

    def _datagram(self, others: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        """Nothing whose first byte is RTP's can be STUN (RFC 7983)."""
        if data and _RTP_FIRST <= data[0] <= _RTP_LAST:
            self._received(data, 1)
        else:
            others(data, address)

    def _read(self, data: bytes) -> None:
        length = len(data)
        if not self._sessions or data[1] >= 192 or length > _LONGEST:
            super()._read(data)
            return
        _VIEW[0:length] = data
        _LENGTH[0] = length
        if _lib.srtp_unprotect(self._dtls._rx_srtp._srtp[0], _BUFFER, _LENGTH):
            self.refused += 1
            return
        if self.on_rtp is not None:
            self.on_rtp(_VIEW[0 : _LENGTH[0]])
