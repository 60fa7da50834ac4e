"""``presence host``: what it prints, and the options it takes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from presence.errors import UsageError
from presence.host.address import reachable_address
from presence.host.certificate import Certificate, given_certificate, own_certificate
from presence.host.ice_servers import ice_settings
from presence.host.settings import DEFAULT_PORT, OWN_RELAY, HostSettings
from presence.room.members import CAPACITY
from presence.wire.ice_url import TLS_PORT
from presence.wire.link import RoomLink, parse_link


def host_command(
    bind: Annotated[
        str | None,
        typer.Option(help="The address to listen on; 127.0.0.1 for this machine alone."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")
    ] = DEFAULT_PORT,
    address: Annotated[
        str | None,
        typer.Option(help="The name or address in the link, if others know this machine by one."),
    ] = None,
    link: Annotated[
        str | None,
        typer.Option(help="Open the room of this link again, as after a restart."),
    ] = None,
    link_file: Annotated[
        Path | None,
        typer.Option(help="Write the link to this file while the room is open, for programs."),
    ] = None,
    tls: Annotated[
        bool,
        typer.Option(help="Speak TLS with participants, who know this host by the link's pin."),
    ] = sys.platform != "win32",
    certificate: Annotated[
        Path | None,
        typer.Option(help="A certificate in PEM, instead of one that this host makes itself."),
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The key of --certificate.")] = None,
    turn: Annotated[
        str | None,
        typer.Option(help="HOST[:PORT] of a TURN server, for whom no direct way joins."),
    ] = None,
    turn_secret_file: Annotated[
        Path | None, typer.Option(help="The file with the TURN server's static-auth-secret.")
    ] = None,
    turn_tls_port: Annotated[
        int, typer.Option(min=1, max=65535, help="Where the TURN server speaks TLS.")
    ] = TLS_PORT,
    turn_certificate: Annotated[
        Path | None,
        typer.Option(help="The TURN server's certificate, if no authority signed it."),
    ] = None,
    stun: Annotated[
        str | None,
        typer.Option(help="HOST[:PORT] of a STUN server, if it is not the TURN server."),
    ] = None,
    relay: Annotated[
        str,
        typer.Option(
            help="own: a relay that this host begins when the room grows; none; or the address of "
            "one that somebody else runs, wss://HOST:PORT/relay."
        ),
    ] = OWN_RELAY,
    relay_above: Annotated[
        int,
        typer.Option(min=1, max=CAPACITY, help="More people than these go by the relay."),
    ] = CAPACITY,
) -> None:
    """Open a room and print its link; Ctrl-C closes it."""
    # Here, so that other commands do not load a web server.
    from presence.host.server import run_host

    console = Console(highlight=False, soft_wrap=True)
    ice = ice_settings(turn, turn_secret_file, stun, turn_tls_port, turn_certificate)
    if link is None:
        settings = HostSettings(bind=bind, port=port, address=address, ice=ice)
    else:
        if port != DEFAULT_PORT or address is not None:
            raise UsageError("--link names address and port itself; leave --address and --port out")
        settings = replace(HostSettings.reopening(parse_link(link), bind), ice=ice)
    shown = _certificate(tls, certificate, key, settings)
    if link is not None and (pin := parse_link(link).pin) and (shown is None or shown.pin != pin):
        raise UsageError(
            "--link pins a certificate whose key is not used here; open the room where it was "
            "first, or leave --link out and give people the new link"
        )
    settings = replace(
        settings,
        certificate=shown,
        relay=None if relay == "none" else relay,
        relay_above=relay_above,
    )

    def report(line: str) -> None:
        console.print(Text(f"  {line}", "dim"))

    run_host(
        settings,
        announce=lambda opened: console.print(_announcement(opened, settings)),
        report=report,
        link_file=link_file,
    )


def _certificate(
    tls: bool, certificate: Path | None, key: Path | None, settings: HostSettings
) -> Certificate | None:
    """What the host shows by TLS.

    Raises:
        UsageError: options contradict one another, or files are not what they should be.
    """
    if (certificate is None) != (key is None):
        raise UsageError("--certificate and --key belong together; give both")
    if certificate is not None and key is not None:
        if not tls:
            raise UsageError("--certificate is for TLS, which --no-tls leaves out; leave one out")
        return given_certificate(certificate, key)
    if not tls:
        return None
    return own_certificate([settings.address or reachable_address(settings.bind), "localhost"])


def _announcement(link: RoomLink, settings: HostSettings) -> Text:
    """What a person reads who opened a room; the link stands free, to be copied."""
    from presence.host.room_relay import relay_key
    from presence.relay.admission import public_text

    elsewhere = settings.relay not in (None, OWN_RELAY)
    key = ("", "")
    if elsewhere:
        key = (
            f"\n  The relay lets your people in if it was started with\n\n"
            f"    --host-key {public_text(relay_key())}\n",
            "",
        )
    return Text.assemble(
        "\n  ",
        ("The room is open.", "bold green"),
        "\n\n    ",
        (str(link), "bold underline"),
        "\n\n  Give this link to those whom you would let in. They join with\n\n    ",
        ("presence join ", "bold"),
        (str(link), "bold"),
        "\n",
        key,
        "\n  Ctrl-C closes the room.\n",
    )
