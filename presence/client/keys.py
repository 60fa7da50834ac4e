"""The keys of a terminal, one at a time and without Enter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def reading_keys(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Have keys told to ``on_key`` while the block lasts, by the running loop.

    Yields whether they are: only a terminal that this process has to itself has keys.
    """
    try:
        import termios
        import tty

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
    except (ImportError, OSError, ValueError, termios.error):
        yield False
        return
    if os.getpgrp() != os.tcgetpgrp(terminal):
        # In the background a terminal's keys are another's.
        yield False
        return

    def read() -> None:
        try:
            keys = os.read(terminal, 64)
        except OSError:
            keys = b""
        if not keys:
            loop.remove_reader(terminal)
        elif not keys.startswith(b"\x1b"):
            # What begins with Escape is an arrow or the like.
            for key in keys.decode(errors="ignore"):
                on_key(key)

    loop = asyncio.get_running_loop()
    # Keys at once and unseen, and Ctrl-C as ever.
    tty.setcbreak(terminal, termios.TCSADRAIN)
    loop.add_reader(terminal, read)
    try:
        yield True
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
