"""Monado's service with a simulated headset, for as long as a block runs."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from presence.errors import HeadsetError
from presence.headset import guard
from presence.headset.installation import Monado

log = logging.getLogger(__name__)

SOCKET = "monado_comp_ipc"
"""The socket that Monado's clients look for in ``XDG_RUNTIME_DIR``."""

_STOP_WITHIN_S = 5.0


class MonadoService:
    """A running service in a private folder of its own.

    State: the guard process that keeps the service, and what it said. Use it as a context manager;
    the service, its socket and its folder are gone when the block ends, and also when this process
    is killed.
    """

    def __init__(self, monado: Monado, ready_within_s: float = 20.0) -> None:
        self._monado = monado
        self._ready_within_s = ready_within_s
        self._guard: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._folder: Path | None = None
        self._pid: int | None = None

    @property
    def folder(self) -> Path:
        """The ``XDG_RUNTIME_DIR`` that clients must share; mode 0700."""
        if self._folder is None:
            raise HeadsetError("Monado's service was not started: enter its block first")
        return self._folder

    @property
    def pid(self) -> int:
        """The service's process id."""
        if self._pid is None:
            raise HeadsetError("Monado's service was not started: enter its block first")
        return self._pid

    def __enter__(self) -> MonadoService:
        # A session of its own: Ctrl-C reaches this process, which then ends the service in order.
        self._guard = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, *self._monado.service_command()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **self._monado.service_environment()},
            start_new_session=True,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._ready_within_s
        while time.monotonic() < deadline:
            message = self._read_message(0.02)
            if message is not None and "folder" in message:
                self._folder = Path(str(message["folder"]))
                self._pid = int(str(message["pid"]))
                log.info("Monado's service is process %d in %s", self._pid, self._folder)
            elif message is not None:
                raise HeadsetError(
                    f"Monado's service ended at its start (status {message['status']}): "
                    f"{_last_line(str(message['log']))}; prepare it again: "
                    "python -m presence.headset.monado prepare --again"
                )
            if self._folder is not None and (self._folder / SOCKET).exists():
                return
        raise HeadsetError(
            f"Monado's service was not ready after {self._ready_within_s:g} s; see that this "
            "machine is not overloaded, and try again"
        )

    def _read_message(self, timeout_s: float) -> dict[str, object] | None:
        assert self._guard is not None and self._guard.stdout is not None
        output = self._guard.stdout
        if b"\n" not in self._unread and select.select([output], [], [], timeout_s)[0]:
            chunk = os.read(output.fileno(), 65536)
            if not chunk:
                raise HeadsetError(
                    "the process that keeps Monado's service ended unexpectedly; try again"
                )
            self._unread += chunk
        line, newline, rest = self._unread.partition(b"\n")
        if not newline:
            return None
        self._unread = rest
        message: dict[str, object] = json.loads(line)
        return message

    def _stop(self) -> None:
        keeper, self._guard = self._guard, None
        if keeper is None:
            return
        assert keeper.stdin is not None and keeper.stdout is not None
        with contextlib.suppress(OSError):
            keeper.stdin.close()
        try:
            keeper.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            log.warning("the process that keeps Monado's service did not end, and is killed")
            keeper.kill()
            keeper.wait()
        finally:
            keeper.stdout.close()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it wrote nothing"
