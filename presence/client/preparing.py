"""Machine code, made before it is needed, and a word to whoever waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import presence.codec.ready
import presence.playout.ready
import presence.tracking.steadying
import presence.voice.echo_canceller
import presence.voice.resampler

TELL_AFTER_S = 1.0
"""Whoever waits for longer is told why."""
WORDS = "getting the inner loops ready; the first time after an update that takes up to a minute"
"""On a busy machine, reading what was compiled may take longer than that, too."""


def prepare_loops(tell: Callable[[str], None]) -> None:
    """Do now what the first frame would otherwise wait for; a second time takes no time.

    Args:
        tell: takes one sentence for the person, from another thread, if it takes long.
    """
    timer = threading.Timer(TELL_AFTER_S, tell, [WORDS])
    timer.daemon = True
    timer.start()
    try:
        _make_ready()
    finally:
        timer.cancel()


def _make_ready() -> None:
    presence.codec.ready.make_ready()
    presence.playout.ready.make_ready()
    presence.tracking.steadying.make_ready()
    presence.voice.resampler.make_ready()
    presence.voice.echo_canceller.make_ready()
