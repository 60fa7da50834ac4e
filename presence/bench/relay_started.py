"""A relay of the benchmarks: a process on this machine, which trusts one key."""

from __future__ import annotations

import subprocess

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.bench.other_process import check_proc, line, start
from presence.relay.admission import public_text


def start_relay(key: Ed25519PrivateKey) -> tuple[subprocess.Popen[str], int]:
    """Start one, and give its port.

    Everybody comes from one address, so what one address may do is what all may.

    Raises:
        UsageError: this system does not say what another process takes.
    """
    check_proc()
    relay = start(
        ["-m", "presence", "relay", "--bind", "127.0.0.1", "--port", "0", "--log-level", "warning",
         "--address-joins", "100", "--address-connections", "100",
         "--host-key", public_text(key)]
    )  # fmt: skip
    return relay, int(line(relay).rsplit(" ", 1)[-1])
