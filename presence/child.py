"""A child process that works until its standard input closes: its end, and its last words."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import IO

_LAST_BYTES = 4096


def end_child(child: subprocess.Popen[bytes], patience_s: float) -> None:
    """Close its standard input, and kill it if it has not ended some seconds later."""
    if child.stdin is not None:
        # Who has ended already can be told no more.
        with contextlib.suppress(OSError):
            child.stdin.close()
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def last_words(file: IO[bytes]) -> str:
    """The end of what a child wrote to a file; complete once it has ended.

    The file is left where it stands, since the child may be writing to it still.
    """
    descriptor = file.fileno()
    start = max(0, os.fstat(descriptor).st_size - _LAST_BYTES)
    return os.pread(descriptor, _LAST_BYTES, start).decode(errors="replace").strip()
