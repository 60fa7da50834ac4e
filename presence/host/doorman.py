"""One port for both: TLS for our own programs, which know the host by its pin, and plain pages.

A browser would meet a certificate that no authority signed with a warning that frightens people
off; a participant compares the pin. So whoever begins as TLS begins (RFC 8446 section 5.1: with a
handshake record, 0x16) is spoken to by TLS, and everybody else in plain HTTP, if that is allowed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable

_HANDSHAKE = b"\x16"
_FIRST_BYTE_S = 5.0
_HANDSHAKE_S = 5.0
_LIMIT = 128
"""Connections that have not said yet what they are; more wait in the system's queue."""

_log = logging.getLogger(__name__)


class Doorman:
    """Accepts connections and hands them to a protocol. State: those that said nothing yet."""

    def __init__(
        self,
        listening: socket.socket,
        context: ssl.SSLContext,
        make_protocol: Callable[[], asyncio.Protocol],
        *,
        plain: bool,
    ) -> None:
        """Accept nothing before :meth:`work`.

        Args:
            listening: Where connections come.
            context: The host's certificate and key.
            make_protocol: Makes what serves one connection.
            plain: Whether those are let in who do not speak TLS.
        """
        listening.setblocking(False)
        self._listening = listening
        self._context = context
        self._make_protocol = make_protocol
        self._plain = plain
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_LIMIT)

    async def work(self) -> None:
        """Accept connections, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._room.acquire()
                try:
                    accepted, _ = await loop.sock_accept(self._listening)
                except OSError as error:
                    # As when too many files are open: what is there is served on.
                    _log.warning("a connection was not accepted: %s", error)
                    self._room.release()
                    await asyncio.sleep(0.1)
                    continue
                task = loop.create_task(self._let_in(accepted))
                self._tasks.add(task)
                task.add_done_callback(self._let_go)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _let_in(self, accepted: socket.socket) -> None:
        """Find out what somebody speaks, and let them in; who says nothing goes."""
        loop = asyncio.get_running_loop()
        try:
            accepted.setblocking(False)
            async with asyncio.timeout(_FIRST_BYTE_S):
                first = await _peek(accepted)
            if first == _HANDSHAKE:
                await loop.connect_accepted_socket(
                    self._make_protocol,
                    accepted,
                    ssl=self._context,
                    ssl_handshake_timeout=_HANDSHAKE_S,
                )
            elif first and self._plain:
                await loop.connect_accepted_socket(self._make_protocol, accepted)
            else:
                accepted.close()
        except (OSError, TimeoutError) as error:
            _log.debug("somebody at the door was not understood: %s", error)
            accepted.close()
        except asyncio.CancelledError:
            accepted.close()
            raise


async def _peek(accepted: socket.socket) -> bytes:
    """The first byte, which stays to be read; empty if there will be none."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def is_readable() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(accepted, is_readable)
    try:
        await readable
    finally:
        loop.remove_reader(accepted)
    with contextlib.suppress(BlockingIOError):
        return accepted.recv(1, socket.MSG_PEEK)
    return b""
