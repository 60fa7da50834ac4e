"""What this process takes of the machine, and how much of it is left."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

_OPEN = next((p for p in (Path("/proc/self/fd"), Path("/dev/fd")) if p.is_dir()), None)
_STATM = Path("/proc/self/statm")


def cpu_s() -> float:
    """Seconds of a processor that this process has taken."""
    return time.process_time()


def memory_bytes() -> int:
    """Bytes of memory that it holds now; 0 where the system does not say."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def open_descriptors() -> int:
    """File descriptors that it has open; 0 where the system does not say."""
    if _OPEN is None:
        return 0
    try:
        return sum(1 for _ in _OPEN.iterdir())
    except OSError:
        # Not one is left to look with.
        return most_descriptors()


def most_descriptors() -> int:
    """File descriptors that it may have open; 0 where there is no limit that the system says."""
    if sys.platform == "win32":
        return 0
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if most == resource.RLIM_INFINITY else most


def descriptors_left() -> int | None:
    """How many more it may open; None where the system does not say."""
    most, used = most_descriptors(), open_descriptors()
    return most - used if most and used else None


def take_all_descriptors() -> None:
    """Raise the limit as far as this user may: what is usual is for programs of another kind."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says that there is no limit, and then refuses it.
    with contextlib.suppress(OSError, ValueError):
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
