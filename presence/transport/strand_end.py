"""This side's end of one of the connections that carry bundles through a host."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from presence.wire.forwarded import encode_count


class StrandEnd:
    """One connection's end. State: what is to leave on it, and how much came."""

    def __init__(self) -> None:
        """Nothing came, and nothing is to leave."""
        self.leaving: deque[bytes] = deque()
        self.ended = asyncio.Event()
        """Another connection took its place, or its user went."""
        self._received = 0
        self._said = 0
        self._wake = asyncio.Event()

    def leave(self, frame: bytes) -> None:
        """Have a frame sent."""
        self.leaving.append(frame)
        self._wake.set()

    def came(self, size: int) -> None:
        """A frame came that is no count."""
        self._received += size

    def say_count(self) -> None:
        """Tell the other end how much of theirs came, if that is news."""
        if self._said != self._received:
            self._said = self._received
            self.leave(encode_count(self._received))

    async def send(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send what is to leave, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.leaving:
                await send(self.leaving.popleft())
