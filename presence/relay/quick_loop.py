"""The event loop that a relay runs on."""

from __future__ import annotations

import asyncio


def quick_loop() -> asyncio.AbstractEventLoop:
    """The loop of uvloop where there is one: it reads all waiting datagrams at once, for less."""
    try:
        import uvloop
    except ImportError:
        # Watches sockets, on Windows too.
        return asyncio.SelectorEventLoop()
    return uvloop.new_event_loop()
