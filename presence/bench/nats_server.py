"""A NATS server with JetStream in a process of its own, by which the relays of a cluster talk."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from presence.errors import UsageError

_BEGIN_S = 20.0


class NatsServer:
    """State: the process, which may be killed and begun again at the same port."""

    def __init__(
        self,
        folder: Path,
        *,
        login: tuple[str, str] | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        """Nothing is begun yet.

        Args:
            folder: for all that it keeps.
            login: whom it lets in: a name and a password; None: anybody.
            tls: the files of its certificate and of the key; None: plain.
        """
        self.port = _free_port()
        self._log = folder / "nats.log"
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"port: {self.port}",
            'host: "127.0.0.1"',
            f'jetstream {{ store_dir: "{folder}/jetstream" }}',
        ]
        if login is not None:
            lines.append(f'authorization {{ user: "{login[0]}", password: "{login[1]}" }}')
        if tls is not None:
            lines.append(f'tls {{ cert_file: "{tls[0]}", key_file: "{tls[1]}" }}')
        self._config = folder / "nats.conf"
        self._config.write_text("\n".join(lines))
        self._scheme = "nats" if tls is None else "tls"

    @property
    def url(self) -> str:
        """Where relays find it."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def begin(self) -> None:
        """Start it, and come back once it listens.

        Raises:
            UsageError: there is none on this machine, or it does not begin.
        """
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    ["nats-server", "-c", str(self._config)], stdout=log, stderr=log
                )
        except FileNotFoundError:
            raise UsageError(
                "relays on several machines find one another by nats-server, which is not "
                "installed; install it (apt install nats-server), or leave --nodes out"
            ) from None
        deadline_s = time.monotonic() + _BEGIN_S
        while self._process.poll() is None and time.monotonic() < deadline_s:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        self.kill()
        said = self._log.read_text(errors="replace").strip().splitlines()
        raise UsageError(f"nats-server does not begin: {said[-1] if said else 'it says nothing'}")

    def kill(self) -> None:
        """End it at once; harmless when it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def nats_server(
    folder: Path,
    *,
    login: tuple[str, str] | None = None,
    tls: tuple[Path, Path] | None = None,
) -> Iterator[NatsServer]:
    """A server within the block; what it is told is as for :class:`NatsServer`.

    Raises:
        UsageError: there is none on this machine, or it does not begin.
    """
    server = NatsServer(folder, login=login, tls=tls)
    try:
        server.begin()
        yield server
    finally:
        server.kill()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
