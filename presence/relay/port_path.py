"""Encrypted RTP and RTCP through the relay's port: in place, in the port's own memory.

A packet is put together and encrypted where it leaves from, and decrypted where it came. That asks
of pylibsrtp its library and session, besides what :mod:`presence.transport.srtp` asks of aiortc.
"""

from __future__ import annotations

import struct
from typing import Any

from aiortc import RTCPeerConnection
from pylibsrtp._binding import ffi, lib

from presence.relay.datagrams import LEAVING_AT_ONCE, STRIDE, TAKEN_AT_ONCE, Datagrams
from presence.relay.lite_agent import LiteAgent
from presence.transport.srtp import SrtpPath

_HEADER = struct.Struct(">BBHII")
_HEADER_BYTES = _HEADER.size
_VERSION, _PADDED = 0x80, 0xA0
_FEEDBACK_FIRST, _FEEDBACK_SECOND = 0x8B, 205
_LENGTH = ffi.new("int *")


class PortPath(SrtpPath):
    """One participant's. State: besides that of any path, the sessions once there are any."""

    def __init__(self, connection: RTCPeerConnection, payload_type: int) -> None:
        """Take over packets of a payload type, and feedback on packets.

        Args:
            connection: One whose agent is a :class:`LiteAgent`.
            payload_type: Packets of other types go where they went before.
        """
        super().__init__(connection, payload_type)
        self._agent: LiteAgent = self._ice._connection
        self._agent.on_rtp = self._came
        self._protecting: Any = None
        self._unprotecting: Any = None

    def send_bundle(
        self, sequence: int, timestamp: int, ssrc: int, bundle: bytes, padding: int
    ) -> None:
        """Have a bundle leave as one RTP packet with the port's next flush.

        Args:
            sequence: Any whole number.
            timestamp: Likewise.
            ssrc: Of the stream.
            bundle: What the packet carries.
            padding: Bytes to add, at most 255.
        """
        way = self._agent.way
        if not self.open or way is None:
            return
        datagrams = way.datagrams
        leaving = (datagrams.lent or _lend(datagrams))[1]
        slot = datagrams.slot
        begin = slot * STRIDE
        end = begin + _HEADER_BYTES + len(bundle)
        memory = datagrams.leaving
        _HEADER.pack_into(
            memory,
            begin,
            _PADDED if padding else _VERSION,
            self._payload_type,
            sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            ssrc,
        )
        memory[begin + _HEADER_BYTES : end] = bundle
        if padding:
            memory[end : end + padding] = bytes(padding - 1) + bytes((padding,))
            end += padding
        _LENGTH[0] = end - begin
        if self._protecting is None:
            self._protecting = self._dtls._tx_srtp._srtp[0]
        if not lib.srtp_protect(self._protecting, leaving[slot], _LENGTH):
            datagrams.add(_LENGTH[0], way)

    def send_rtcp(self, packet: bytes) -> None:
        """The same for a report."""
        way = self._agent.way
        if not self.open or way is None:
            return
        datagrams = way.datagrams
        leaving = (datagrams.lent or _lend(datagrams))[1]
        slot = datagrams.slot
        begin = slot * STRIDE
        datagrams.leaving[begin : begin + len(packet)] = packet
        _LENGTH[0] = len(packet)
        if self._protecting is None:
            self._protecting = self._dtls._tx_srtp._srtp[0]
        if not lib.srtp_protect_rtcp(self._protecting, leaving[slot], _LENGTH):
            datagrams.add(_LENGTH[0], way)

    def _came(self, datagrams: Datagrams, number: int, length: int) -> None:
        begin = number * STRIDE
        memory = datagrams.came
        second = memory[begin + 1]
        if self._unprotecting is None or length < _HEADER_BYTES:
            # The first ones go the usual way, on which somebody waits for them.
            if self.open:
                self._unprotecting = self._dtls._rx_srtp._srtp[0]
            self._agent.data_received(bytes(memory[begin : begin + length]), 1)
            return
        came = (datagrams.lent or _lend(datagrams))[0]
        _LENGTH[0] = length
        if second & 0x7F == self._payload_type:
            failed = lib.srtp_unprotect(self._unprotecting, came[number], _LENGTH)
            taker = self.on_rtp
        elif second == _FEEDBACK_SECOND and memory[begin] == _FEEDBACK_FIRST:
            failed = lib.srtp_unprotect_rtcp(self._unprotecting, came[number], _LENGTH)
            taker = self.on_rtcp
        else:
            self._others(bytes(memory[begin : begin + length]), 1)
            return
        if failed:
            self.refused += 1
        elif taker is not None:
            taker(bytes(memory[begin : begin + _LENGTH[0]]))


def _lend(datagrams: Datagrams) -> tuple[list[Any], list[Any], Any]:
    """Where each datagram lies that came, and each that is to leave, in libsrtp's terms."""
    came, leaving = (
        ffi.from_buffer("char[]", memory) for memory in (datagrams.came, datagrams.leaving)
    )
    lent = (
        [came + number * STRIDE for number in range(TAKEN_AT_ONCE)],
        [leaving + number * STRIDE for number in range(LEAVING_AT_ONCE)],
        # Those point into it without keeping it.
        (came, leaving),
    )
    datagrams.lent = lent
    return lent
