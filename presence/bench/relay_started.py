"""Relays in processes of their own, as an operator starts them, for the benchmarks of one."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence.bench.other_process import check_proc, line, start
from presence.relay.admission import public_text


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
