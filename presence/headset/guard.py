"""Keeps one service and its private folder, and leaves nothing behind when its starter dies.

Run as a program by :mod:`presence.headset.service`, with the service's command as arguments. It
makes a folder that only this user may enter, starts the command in it with ``XDG_RUNTIME_DIR``
pointing there, and writes one JSON line: the folder and the service's process id. When its standard
input ends, because the starter closed it or died however hard, or when it is told to terminate, it
stops the service and removes the folder. When the service ends by itself it writes a second JSON
line with the exit status and the end of the service's log.

Uses the standard library alone, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

_STOP_WITHIN_S = 2.0
_LOG_TAIL = 2000
_PR_SET_PDEATHSIG = 1


def main(command: list[str]) -> int:
    """Start the command, wait for an end, tidy up."""
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer)
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    # A socket's path may have 107 bytes: a long TMPDIR would be too much.
    base = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="presence-monado-", dir=base))
    try:
        with (folder / "service.log").open("wb") as log:
            service = subprocess.Popen(
                command,
                env={
                    **os.environ,
                    "XDG_RUNTIME_DIR": str(folder),
                    # Neither read nor leave settings in the user's own folder.
                    "XDG_CONFIG_HOME": str(folder),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
            )
        try:
            _write({"folder": str(folder), "pid": service.pid})
            while not stopping and service.poll() is None:
                readable, _, _ = select.select([sys.stdin, wake_reader], [], [])
                if wake_reader in readable:
                    os.read(wake_reader, 4096)
                if sys.stdin in readable and not os.read(sys.stdin.fileno(), 4096):
                    stopping = True
            if not stopping:
                log_text = (folder / "service.log").read_text(errors="replace")
                _write({"status": service.returncode, "log": log_text[-_LOG_TAIL:]})
        finally:
            _stop(service)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _die_with_parent() -> None:
    # Should this guard itself be killed, the kernel kills the service.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop(service: subprocess.Popen[bytes]) -> None:
    if service.poll() is None:
        service.terminate()
        try:
            service.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def _write(message: dict[str, object]) -> None:
    # The starter may be gone already; its end is noticed on standard input.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(message), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
