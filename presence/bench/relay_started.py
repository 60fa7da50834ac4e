"""Relays in processes of their own, as an operator starts them, for the benchmarks of one."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.bench.other_process import check_proc, line, start
from presence.errors import UsageError
from presence.relay.admission import public_text

_BUS_S = 10.0


def start_relay(
    key: Ed25519PrivateKey, options: Sequence[str] = ()
) -> tuple[subprocess.Popen[str], int]:
    """Start one, and give its port.

    Everybody comes from one address, so what one address may do is what all may.

    Args:
        key: The host's, whose tokens are good there.
        options: Besides the usual ones.

    Raises:
        UsageError: this system does not say what another process takes.
    """
    check_proc()
    relay = start(
        ["-m", "presence", "relay", "--bind", "127.0.0.1", "--port", "0", "--log-level", "warning",
         "--address-joins", "100", "--address-connections", "100",
         "--host-key", public_text(key), *options]
    )  # fmt: skip
    return relay, int(line(relay).rsplit(" ", 1)[-1])


@contextlib.contextmanager
def bus() -> Iterator[str]:
    """A NATS server for the relays of a cluster, within the block; gives its address.

    Raises:
        UsageError: there is none on this machine.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "nats.conf")
        config.write_text(
            f'port: {port}\nhost: "127.0.0.1"\njetstream {{ store_dir: "{folder}/jetstream" }}\n'
        )
        try:
            server = subprocess.Popen(
                ["nats-server", "-c", str(config)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            raise UsageError(
                "several relays find one another by nats-server, which is not installed; install "
                "it (apt install nats-server), or leave --nodes out"
            ) from None
        try:
            _wait_for(port)
            yield f"nats://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _wait_for(port: int) -> None:
    deadline_s = time.monotonic() + _BUS_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise UsageError("nats-server does not begin; run it by hand to see why")
