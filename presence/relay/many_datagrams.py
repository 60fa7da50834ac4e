"""Many datagrams with one call to the kernel: ``sendmmsg`` and ``recvmmsg``, which Linux has.

The structures that they take (recvmmsg(2), recvmsg(2), iovec(3type), ip(7), ipv6(7)) lie in memory
that is made once. For a datagram that leaves, its length, and where its address lies, are written
there; nothing is made. A socket that hears at all addresses answers from the one that was spoken
to.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import socket
import struct
import sys
from collections.abc import Hashable
from typing import Any

from presence.relay.datagrams import LEAVING_AT_ONCE, STRIDE, TAKEN_AT_ONCE, Datagrams, Way

_WORDS = 8
"""Of 64 bits, of each ``mmsghdr``."""
_NAME, _NAME_LENGTH, _PIECES, _PIECE_COUNT, _CONTROL, _CONTROL_LENGTH, _, _TAKEN = range(_WORDS)
_NAME_BYTES = 32
_CONTROL_BYTES = 64
_LOW = 0xFFFF_FFFF
_CONTROL_HEADER = struct.Struct("=qii")
_IP_PKTINFO = 8
"""Of Linux' ip(7); Python names it from 3.14 on."""


class _Family:
    """What differs between IPv4 and IPv6."""

    def __init__(self, family: int) -> None:
        """Of one of the two."""
        four = family == socket.AF_INET
        self.family = family
        self.name_bytes = 16 if four else 28
        self.key_bytes = 8 if four else 28
        """Family, port and address; with IPv6 also which link, if it is only one link's."""
        self.address = slice(4, 8) if four else slice(8, 24)
        level = socket.IPPROTO_IP if four else socket.IPPROTO_IPV6
        self.ask = level, _IP_PKTINFO if four else socket.IPV6_RECVPKTINFO
        self.told = level, _IP_PKTINFO if four else socket.IPV6_PKTINFO
        self.info_bytes = 12 if four else 20
        self.control_bytes = 32 if four else 40

    def from_there(self, info: bytes) -> bytes:
        """What came of where a datagram was sent to, as what is to be sent from there."""
        interface = bytes(4)
        # Any interface that leads there.
        return interface + info[4:8] + bytes(4) if self.name_bytes == 16 else info[:16] + interface


@functools.cache
def why_not() -> str | None:
    """Why this cannot be had here, as half a sentence; None: it can."""
    if sys.platform != "linux" or sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return "the structures are another system's"
    library = ctypes.CDLL(None)
    if not all(hasattr(library, name) for name in ("sendmmsg", "recvmmsg")):
        return "the C library has no such calls"
    return None


@functools.cache
def _calls() -> tuple[Any, Any]:
    library = ctypes.CDLL(None, use_errno=True)
    send, receive = library.sendmmsg, library.recvmmsg
    send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    receive.argtypes = (*send.argtypes, ctypes.c_void_p)
    return send, receive


class ManyDatagrams(Datagrams):
    """One socket. State: besides that of any, the kernel's structures."""

    def __init__(self, sock: socket.socket) -> None:
        """Use a bound socket that does not block."""
        super().__init__(sock)
        self._kind = kind = _Family(sock.family)
        sock.setsockopt(*kind.ask, 1)
        self._send, self._receive = _calls()
        self._fd = sock.fileno()
        self._written: list[Way | None] = [None] * LEAVING_AT_ONCE
        """Whose address each of those that leave bears."""
        self._used = 0
        """How many of the structures were written by the last call."""
        names, controls = (
            (ctypes.c_char * (TAKEN_AT_ONCE * size))() for size in (_NAME_BYTES, _CONTROL_BYTES)
        )
        self._names = memoryview(names).cast("B")
        self._controls = memoryview(controls).cast("B")
        self._taking, self._room = self._structures(self.came, TAKEN_AT_ONCE)
        self._departing, self._pieces = self._structures(self.leaving, LEAVING_AT_ONCE)
        for number in range(TAKEN_AT_ONCE):
            at = number * _WORDS
            self._taking[at + _NAME] = ctypes.addressof(names) + number * _NAME_BYTES
            self._taking[at + _CONTROL] = ctypes.addressof(controls) + number * _CONTROL_BYTES
            self._taking[at + _NAME_LENGTH] = _NAME_BYTES
            self._taking[at + _CONTROL_LENGTH] = _CONTROL_BYTES
        for number in range(LEAVING_AT_ONCE):
            self._departing[number * _WORDS + _NAME_LENGTH] = kind.name_bytes

    def receive(self) -> int:
        """Take what waits, at most :data:`TAKEN_AT_ONCE`; gives how many came."""
        taking, lengths = self._taking, self.lengths
        for at in range(0, self._used * _WORDS, _WORDS):
            taking[at + _NAME_LENGTH] = _NAME_BYTES
            taking[at + _CONTROL_LENGTH] = _CONTROL_BYTES
        count: int = self._receive(
            self._fd, self._taking_at, TAKEN_AT_ONCE, socket.MSG_DONTWAIT, None
        )
        if count <= 0:
            self._used = 0
            return 0
        self._used = count
        self.taken += count
        lengths[:count] = [word & _LOW for word in taking[_TAKEN : count * _WORDS : _WORDS]]
        return count

    def key(self, number: int) -> Hashable:
        """From where one of those came that came with the last call."""
        begin = number * _NAME_BYTES
        return bytes(self._names[begin : begin + self._kind.key_bytes])

    def way(self, number: int) -> Way:
        """The same, to send there."""
        kind = self._kind
        begin = number * _NAME_BYTES
        name = bytes(self._names[begin : begin + kind.name_bytes])
        host = socket.inet_ntop(kind.family, name[kind.address])
        way = Way(self, self.key(number), (host, int.from_bytes(name[2:4], "big")))
        control = self._answer_from(number)
        way.kept = (
            ctypes.create_string_buffer(name, len(name)),
            ctypes.create_string_buffer(control, max(1, len(control))),
        )
        way.name = ctypes.addressof(way.kept[0])
        way.control = ctypes.addressof(way.kept[1]) if control else 0
        return way

    def add(self, length: int, way: Way) -> None:
        """What was put into the next slot is to leave."""
        slot = self.slot
        if self._written[slot] is not way:
            # Mostly everybody's turn is the same each time.
            self._written[slot] = way
            at = slot * _WORDS
            self._departing[at + _NAME] = way.name
            self._departing[at + _CONTROL] = way.control
            self._departing[at + _CONTROL_LENGTH] = self._kind.control_bytes * bool(way.control)
        self._pieces[2 * slot + 1] = length
        self.slot = slot + 1
        if not slot:
            self.on_first()
        elif slot == LEAVING_AT_ONCE - 1:
            self.flush()

    def flush(self) -> None:
        """Send what is to leave; what the kernel does not take is lost, as on the way."""
        count, self.slot = self.slot, 0
        begin = 0
        while begin < count:
            at = self._departing_at + begin * _WORDS * 8
            took: int = self._send(self._fd, at, count - begin, socket.MSG_DONTWAIT)
            if took > 0:
                self.left += took
                begin += took
            elif ctypes.get_errno() in (errno.EAGAIN, errno.ENOBUFS):
                self.unsent += count - begin
                return
            else:
                # This one cannot be sent: those after it may.
                self.unsent += 1
                begin += 1

    def _structures(self, memory: memoryview, count: int) -> tuple[memoryview, memoryview]:
        """The kernel's structures for so many datagrams, and the pieces of memory they name."""
        pieces = (ctypes.c_uint64 * (2 * count))()
        messages = (ctypes.c_uint64 * (_WORDS * count))()
        begin = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for number in range(count):
            pieces[2 * number] = begin + number * STRIDE
            pieces[2 * number + 1] = STRIDE
            at = number * _WORDS
            messages[at + _PIECES] = ctypes.addressof(pieces) + 16 * number
            messages[at + _PIECE_COUNT] = 1
        if memory is self.came:
            self._taking_at = ctypes.addressof(messages)
        else:
            self._departing_at = ctypes.addressof(messages)
        return (
            memoryview(messages).cast("B").cast("Q"),
            memoryview(pieces).cast("B").cast("Q"),
        )

    def _answer_from(self, number: int) -> bytes:
        """What has an answer leave from the address that a datagram was sent to."""
        if self._taking[number * _WORDS + _CONTROL_LENGTH] < _CONTROL_HEADER.size:
            return b""
        kind = self._kind
        begin = number * _CONTROL_BYTES
        head = _CONTROL_HEADER.size
        control = bytes(self._controls[begin : begin + head + kind.info_bytes])
        _, level, told = _CONTROL_HEADER.unpack_from(control)
        if (level, told) != kind.told:
            return b""
        length = _CONTROL_HEADER.pack(head + kind.info_bytes, level, told)
        return (length + kind.from_there(control[head:])).ljust(kind.control_bytes, b"\0")
