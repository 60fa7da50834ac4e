"""A host's own relay: a process that outlives the host, so that a restart costs nobody the call.

Who comes back as host finds it by a file. When nobody was at the relay for half a minute it ends
by itself, so nothing stays behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from presence.errors import HostError
from presence.resources import state_folder

IDLE_S = 30
"""Seconds without anybody after which the relay ends by itself."""
_BEGIN_S = 20.0
_ANSWER_S = 1.0
_PREFIX = "relay-"
_SYNCHRONIZE, _WAIT_TIMEOUT = 0x00100000, 0x102
"""Win32's right to wait for a process, and its word for one that has not ended."""
if sys.platform == "win32":
    _OWN_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _OWN_GROUP = 0

log = logging.getLogger(__name__)


class _Begun(msgspec.Struct, frozen=True):
    """What is written down of a relay that runs."""

    pid: int
    port: int


def relay_possible() -> bool:
    """Whether a relay can run here: it needs more than a host does."""
    try:
        return importlib.util.find_spec("aiortc") is not None
    except ModuleNotFoundError:
        return False


class RelayProcess:
    """The relay of one room. State: the process, by whichever host it was begun."""

    def __init__(
        self,
        room: str,
        key: str,
        *,
        bind: str | None,
        port: int,
        tls: tuple[Path, Path] | None,
        name: str | None = None,
        folder: Path | None = None,
    ) -> None:
        """Nothing is begun yet.

        Args:
            room: The room's name.
            key: The host's public key, whose tokens are good there.
            bind: The address to listen on; None: all of this machine's.
            port: Where to listen, if that is free; else any port.
            tls: The files of a certificate and its key; None: plain.
            name: A name or address of this machine's that it does not know itself, as behind a
                router that forwards the port; None: none.
            folder: Where it is written down; None: in the user's folder for such things.
        """
        folder = folder or state_folder()
        file = _PREFIX + hashlib.sha256(room.encode()).hexdigest()[:24]
        self._file, self._log_file = folder / f"{file}.json", folder / f"{file}.log"
        self._key = key
        self._bind = bind
        self._port = port
        self._tls = tls
        self._name = name
        self._begun: _Begun | None = None
        self._child: subprocess.Popen[str] | None = None

    @property
    def port(self) -> int | None:
        """Where people can come; None: it does not run."""
        begun = self._begun
        if begun is None or not self._alive(begun):
            self._begun = None
            return None
        return begun.port

    async def begin(self) -> int:
        """Have it run, be it the one that was begun before; gives the port.

        Raises:
            HostError: it does not begin.
        """
        if (port := self.port) is not None:
            return port
        begun = self._read()
        if begun is None or not await asyncio.to_thread(self._answers, begun):
            begun = await asyncio.to_thread(self._start)
        self._begun = begun
        return begun.port

    def end(self) -> None:
        """End it at once, with a goodbye to whoever is there."""
        begun, self._begun = self._begun, None
        if begun is not None and self._alive(begun):
            with contextlib.suppress(OSError):
                os.kill(begun.pid, signal.SIGTERM)
        self.let_be()
        self._file.unlink(missing_ok=True)

    def let_be(self) -> None:
        """Care for it no more; it ends by itself once nobody is there."""
        if self._child is not None and self._child.poll() is None:
            # So that nobody complains that it runs on, which it is meant to.
            self._child.returncode = 0

    def _start(self) -> _Begun:
        try:
            return self._start_at(self._port)
        except HostError:
            # Another room's relay may have that port.
            if not self._port:
                raise
            return self._start_at(0)

    def _start_at(self, port: int) -> _Begun:
        command = [sys.executable, "-m", "presence", "relay", "--host-key", self._key]
        command += ["--port", str(port), "--idle", str(IDLE_S)]
        if self._bind is not None:
            command += ["--bind", self._bind]
        if self._tls is not None:
            command += ["--certificate", str(self._tls[0]), "--key", str(self._tls[1])]
        for address in self._advertised():
            command += ["--advertise", address]
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log_file.open("w") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                # Ctrl-C at the host's terminal is not for it, as each system is told in its way.
                start_new_session=True,
                creationflags=_OWN_GROUP,
            )
        assert child.stdout is not None
        with child.stdout as stdout:
            listening = _port_of(stdout)
            if listening is None:
                # Before its output is closed, which somebody still reads.
                child.kill()
                child.wait()
        if listening is None:
            why = self._log_file.read_text().strip().splitlines()
            silent = f"it said nothing in {_BEGIN_S:.0f} s; --relay none does without it"
            raise HostError(f"the relay did not begin: {why[-1] if why else silent}")
        self._child = child
        begun = _Begun(child.pid, listening)
        half = self._file.with_suffix(".new")
        half.write_bytes(msgspec.json.encode(begun))
        half.replace(self._file)
        return begun

    def _advertised(self) -> list[str]:
        """By what addresses people reach its UDP port; none: by those that this machine has."""
        if self._name is None:
            return []
        # Here, since a host runs without what that needs.
        from presence.transport.ice import local_addresses

        try:
            found = socket.getaddrinfo(self._name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            log.warning("the relay is not told of %s, which leads nowhere: %s", self._name, error)
            return []
        return list(dict.fromkeys([str(one[4][0]) for one in found] + sorted(local_addresses())))

    def _read(self) -> _Begun | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Begun)
        except (OSError, msgspec.DecodeError):
            return None

    def _alive(self, begun: _Begun) -> bool:
        if self._child is not None and self._child.pid == begun.pid:
            return self._child.poll() is None
        return _runs(begun.pid)

    def _answers(self, begun: _Begun) -> bool:
        """Whether what was written down still runs, and nothing else has its number."""
        host = self._bind or "127.0.0.1"
        address = f"[{host}]" if ":" in host else host
        # It is on this machine, and its number was written down: who it is is not in question.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        scheme = "http" if self._tls is None else "https"
        page = f"{scheme}://{address}:{begun.port}/healthz"
        try:
            with urlopen(page, timeout=_ANSWER_S, context=context) as answer:
                return self._alive(begun) and bool(answer.status == 200)
        except (URLError, OSError):
            return False


def _port_of(stdout: IO[str]) -> int | None:
    """What a relay that begins says of its port; None: it ended, or never said."""
    said: SimpleQueue[str] = SimpleQueue()
    # By a thread: Windows cannot say whether a pipe has something to read.
    Thread(target=lambda: said.put(stdout.readline()), daemon=True).start()
    try:
        line = said.get(timeout=_BEGIN_S)
    except Empty:
        return None
    return int(line.split()[-1]) if line.startswith("relaying on port ") else None


def _runs(pid: int) -> bool:
    """Whether a process has that number."""
    if sys.platform == "win32":
        # There os.kill knows no signal that only asks.
        from ctypes import WinDLL, wintypes

        kernel = WinDLL("kernel32")
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        process = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
        if not process:
            return False
        ended = kernel.WaitForSingleObject(process, 0) != _WAIT_TIMEOUT
        kernel.CloseHandle(process)
        return not ended
    else:
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True
