"""``presence relay``: what it prints, and the options it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from presence.errors import UsageError


def relay_command(
    host_key: Annotated[
        list[str], typer.Option(help="The public key of a host whose tokens are good; repeatable.")
    ],
    bind: Annotated[str, typer.Option(help="The address to listen on.")] = "0.0.0.0",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")
    ] = 8441,
) -> None:
    """Pass sealed envelopes on between people who come with a host's token."""
    from presence.relay.admission import public_key
    from presence.relay.limits import RelayLimits
    from presence.relay.server import run_relay

    try:
        keys = [public_key(text) for text in host_key]
    except ValueError:
        raise UsageError("--host-key is no public key; it has 43 characters") from None

    def announce(listening: int) -> None:
        # A program that starts a relay reads this line.
        print(f"relaying on port {listening}", flush=True)

    run_relay(bind, port, keys, announce, RelayLimits())
