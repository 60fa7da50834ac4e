"""A UDP port at which other programs' packets arrive; read without waiting, by one sender only."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections import Counter
from collections.abc import Callable

from presence.clock import SECOND
from presence.errors import UsageError, WireError

HOLDING_NS = 2 * SECOND
"""So long after its last packet a sender may come back before another is heard."""
MAX_DATAGRAMS = 512
"""Read at once: more than any program sends between two looks."""
_MAX_BYTES = 65_535
_RECEIVE_BYTES = 1 << 20
_ANYWHERE = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737): who would reach it does so by the usual network."""


class Inbox:
    """A port. State: who is listened to, since when nothing came, and what was dropped and why."""

    def __init__(self, host: str, port: int, what: str) -> None:
        """Listen.

        Args:
            host: the address of this machine at which to listen; ``127.0.0.1`` hears this machine
                alone, ``0.0.0.0`` the whole network.
            port: UDP; 0 takes any.
            what: what is to come, for messages.

        Raises:
            UsageError: the port is in use, or the address is none of this machine's.
        """
        self.dropped: Counter[str] = Counter()
        self.last_ns: int | None = None
        """When a packet came last that was understood."""
        self._sender: tuple[object, ...] | None = None
        self._others_ns: int | None = None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            if error.errno == errno.EADDRINUSE:
                raise UsageError(
                    f"UDP port {port} is in use, so no {what} can come in; close the program that "
                    "has it, or give another port here and there"
                ) from error
            raise UsageError(
                f"cannot listen for {what} at {host} port {port} ({error.strerror}); give an "
                "address of this machine: 127.0.0.1, or 0.0.0.0 for the whole network"
            ) from error
        address = self._socket.getsockname()
        self.host, self.port = str(address[0]), int(address[1])

    def read(self, now_ns: int, understand: Callable[[bytes], None]) -> int:
        """Hand over what came since; returns how many packets were understood.

        Args:
            now_ns: by whatever clock.
            understand: takes a packet; raises WireError for what is none, which is counted.
        """
        understood = 0
        for _ in range(MAX_DATAGRAMS):
            try:
                data, sender = self._socket.recvfrom(_MAX_BYTES)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # A port of our own that is gone, as some systems report it; the next may be well.
                continue
            if not self._is_heard(sender, now_ns):
                self.dropped["from a second sender"] += 1
                self._others_ns = now_ns
                continue
            try:
                understand(data)
            except WireError as error:
                self.dropped[str(error)] += 1
                continue
            # Whoever sends what nobody understands keeps nobody else out.
            self._sender, self.last_ns = sender, now_ns
            understood += 1
        return understood

    def _is_heard(self, sender: tuple[object, ...], now_ns: int) -> bool:
        silent = self.last_ns is None or now_ns - self.last_ns > HOLDING_NS
        return silent or sender == self._sender

    @property
    def reached_at(self) -> str:
        """The address and port by which another machine reaches it, as far as can be told."""
        host = self.host
        if host == "0.0.0.0":
            with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as probe:
                # Nothing is sent: the system only says from where it would be.
                probe.connect(_ANYWHERE)
                host = str(probe.getsockname()[0])
        return f"{host}, port {self.port}"

    def has_second_sender(self, now_ns: int) -> bool:
        """Whether somebody else sent of late, too."""
        return self._others_ns is not None and now_ns - self._others_ns < HOLDING_NS

    def close(self) -> None:
        """Stop listening; harmless when done twice."""
        self._socket.close()


def split_address(address: str, default_host: str, default_port: int) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``HOST``, ``PORT``, ``:PORT``, ``[IPV6]:PORT`` or nothing.

    Raises:
        UsageError: it is none of these.
    """
    text = address.strip()
    host, port = text, ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.isdecimal():
        host, port = "", text
    elif text.count(":") == 1:
        host, port = text.split(":")
    if port and not (port.isdecimal() and 0 < int(port) < 65_536):
        raise UsageError(f"{address} is no address; give HOST:PORT, as 127.0.0.1:{default_port}")
    return host or default_host, int(port) if port else default_port
