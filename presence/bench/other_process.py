"""Another process: started, asked what it takes, and ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from presence.errors import UsageError

_END_S = 20.0


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """This Python with other arguments; its standard error is everybody's, so that it is read."""
    return subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line(process: subprocess.Popen[str]) -> str:
    """The next line that it says."""
    stdout: IO[str] = process.stdout  # type: ignore[assignment]
    return stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    """Wait for a process that was told to end, and leave nothing of it open."""
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def check_proc() -> None:
    """See that this system says what another process takes.

    Raises:
        UsageError: it does not.
    """
    if not Path("/proc/self/stat").exists():
        raise UsageError("what a relay takes is read from /proc, which only Linux has")


def cpu_s(pid: int) -> tuple[float, float]:
    """Processor time that a process has taken, in user mode and in the kernel (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks_a_s = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / ticks_a_s, int(fields[12]) / ticks_a_s


def memory_mib(pid: int) -> float:
    """What a process has in memory of its own and others'."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
