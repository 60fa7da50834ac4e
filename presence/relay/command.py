"""``presence relay``: the options it takes, and what it prints."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from presence.errors import UsageError
from presence.relay.config import read_config
from presence.relay.limits import RelayLimits

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from presence.relay.server import Relay

DEFAULT_PORT = 8441
_TLS, _WATCHING, _CLUSTER, _LIMITS = "TLS", "Watching it", "Several relays", "Limits"
_USUAL = RelayLimits()


def _known(context: typer.Context) -> set[str]:
    """What a configuration file may set."""
    return {str(p.name) for p in context.command.params} - {"config", "help", "idle"}


def _configure(context: typer.Context, file: Path | None) -> Path | None:
    """What the file says holds where the command line says nothing."""
    if file is not None:
        context.default_map = read_config(file, _known(context))
    return file


def relay_command(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            callback=_configure,
            is_eager=True,
            metavar="FILE",
            help="A TOML file with these options by their names; what is given here goes first.",
        ),
    ] = None,
    host_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help="The public key of a host whose tokens are good here; repeatable."
        ),
    ] = None,
    bind: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="The address to listen on; by default all of this machine's."
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="PORT", help="The port; 0 takes any that is free."),
    ] = DEFAULT_PORT,
    media_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="The UDP port, and each further worker's the next; by default that of --port.",
        ),
    ] = None,
    advertise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="An address at which people reach it, if this machine does not know it: "
            "behind a router that translates; repeatable.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Processes that carry rooms, each on one core; 0 starts one a core.",
        ),
    ] = 1,
    drain: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="SECONDS",
            help="Seconds that those inside get after SIGTERM; no room is opened in them.",
        ),
    ] = 0.0,
    certificate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A certificate in PEM, with its chain; read again when it changes, or at SIGHUP.",
            rich_help_panel=_TLS,
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The key of --certificate.", rich_help_panel=_TLS),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS:]PORT",
            help="Where Prometheus asks; without an address, for this machine alone.",
            rich_help_panel=_WATCHING,
        ),
    ] = None,
    log: Annotated[
        str,
        typer.Option(
            metavar="FORM", help="text, or json: a line for programs.", rich_help_panel=_WATCHING
        ),
    ] = "text",
    log_level: Annotated[
        str,
        typer.Option(
            metavar="LEVEL", help="debug, info, warning or error.", rich_help_panel=_WATCHING
        ),
    ] = "info",
    log_addresses: Annotated[
        bool,
        typer.Option(
            "--log-addresses",
            help="Write the addresses of those who are refused, too.",
            rich_help_panel=_WATCHING,
        ),
    ] = False,
    rooms: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Rooms at the same time.", rich_help_panel=_LIMITS),
    ] = _USUAL.rooms,
    people: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="People in all rooms together.", rich_help_panel=_LIMITS
        ),
    ] = _USUAL.people,
    room_people: Annotated[
        int, typer.Option(min=2, metavar="N", help="People in one room.", rich_help_panel=_LIMITS)
    ] = _USUAL.capacity,
    joins: Annotated[
        float,
        typer.Option(
            min=0.1, metavar="N", help="People who come a second.", rich_help_panel=_LIMITS
        ),
    ] = _USUAL.joins_per_s,
    address_joins: Annotated[
        float,
        typer.Option(
            min=0.1,
            metavar="N",
            help="The same from one address, or /64 of IPv6.",
            rich_help_panel=_LIMITS,
        ),
    ] = _USUAL.address_joins_per_s,
    address_connections: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="People from one address who are coming at the same time.",
            rich_help_panel=_LIMITS,
        ),
    ] = _USUAL.address_connections,
    envelopes: Annotated[
        float,
        typer.Option(
            min=1.0,
            metavar="N",
            help="Envelopes a second that are passed on of one person.",
            rich_help_panel=_LIMITS,
        ),
    ] = _USUAL.envelopes_per_s,
    kib: Annotated[
        float,
        typer.Option(
            min=1.0,
            metavar="N",
            help="KiB a second that are passed on of one person.",
            rich_help_panel=_LIMITS,
        ),
    ] = _USUAL.kib_per_s,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVER",
            help="A NATS server by which relays share rooms: nats://HOST:PORT or tls://HOST:PORT; "
            "repeatable.",
            rich_help_panel=_CLUSTER,
        ),
    ] = None,
    cluster_name: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Relays of one name belong together.",
            rich_help_panel=_CLUSTER,
        ),
    ] = "presence",
    cluster_credentials: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="USER:PASSWORD for NATS in the first line, or a file that nsc wrote.",
            rich_help_panel=_CLUSTER,
        ),
    ] = None,
    cluster_ca: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Who signed the NATS servers' certificates, in PEM.",
            rich_help_panel=_CLUSTER,
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where people come whom others send here, as wss://NAME:PORT/relay.",
            rich_help_panel=_CLUSTER,
        ),
    ] = None,
    idle: Annotated[float | None, typer.Option(hidden=True, min=1.0)] = None,
) -> None:
    """Pass sealed envelopes on between people who come with a host's token.

    Rooms that are too large for everybody to send to everybody go through it; it cannot look in.

    Ctrl-C ends it at once, SIGTERM as --drain says. How to run it well is in docs/operating.md.
    """
    # Here, so that the command line does not load what few commands need.
    from presence.relay.bus import BusSettings
    from presence.relay.logs import FORMATS, LEVELS, LogSettings, set_up_logging
    from presence.relay.server import run_relay
    from presence.relay.settings import RelaySettings

    keys = _host_keys(host_key)
    read_keys = None
    if config is not None and (context.default_map or {}).get("host_key") == host_key:

        def read_keys() -> tuple[Ed25519PublicKey, ...]:
            return _host_keys(read_config(config, _known(context)).get("host_key"))

    if (certificate is None) != (key is None):
        raise UsageError("--certificate and --key belong together; give both")
    if log not in FORMATS:
        raise UsageError(f"--log is one of {', '.join(FORMATS)}, and not {log!r}")
    if log_level not in LEVELS:
        raise UsageError(f"--log-level is one of {', '.join(LEVELS)}, and not {log_level!r}")
    if workers != 1 and sys.platform == "win32":
        raise UsageError("several workers want Linux or macOS; leave --workers out")
    bus = None
    if cluster:
        bus = BusSettings(tuple(cluster), cluster_name, cluster_credentials, cluster_ca)
    elif cluster_credentials or cluster_ca or url:
        raise UsageError(
            "--cluster-credentials, --cluster-ca and --url are for a cluster: name its NATS server "
            "by --cluster, or leave them out"
        )
    written = LogSettings(log, log_level, log_addresses)
    set_up_logging(written)
    run_relay(
        RelaySettings(
            keys=keys,
            read_keys=read_keys,
            bind=bind,
            port=port,
            media_port=media_port,
            advertise=tuple(advertise or ()),
            workers=workers or os.cpu_count() or 1,
            metrics=None if metrics is None else metrics_address(metrics),
            certificate=certificate,
            key=key,
            drain_s=drain,
            idle_s=idle,
            cluster=bus,
            url=url,
            limits=RelayLimits(
                capacity=room_people,
                rooms=rooms,
                people=people,
                envelopes_per_s=envelopes,
                bundles_per_s=2.0 * envelopes,
                kib_per_s=kib,
                joins_per_s=joins,
                address_joins_per_s=address_joins,
                address_connections=address_connections,
            ),
            log=written,
        ),
        _announce,
    )


def _host_keys(texts: object) -> tuple[Ed25519PublicKey, ...]:
    """The keys of hosts whose people may come.

    Raises:
        UsageError: there are none, or something else.
    """
    from presence.relay.admission import public_key

    if not texts or not isinstance(texts, list):
        raise UsageError(
            "a relay lets in whom a host sends: give --host-key, that host's public key, or set "
            "host-key in --config to a list of them"
        )
    try:
        return tuple(public_key(str(text)) for text in texts)
    except ValueError:
        raise UsageError(
            "--host-key is no public key; it is 43 letters, digits, - and _, as the host shows it"
        ) from None


def metrics_address(text: str) -> tuple[str, int]:
    """Where ``--metrics`` says.

    Raises:
        UsageError: that is nowhere.
    """
    address, _, port = text.rpartition(":")
    address = address.strip("[]") or "127.0.0.1"
    try:
        ipaddress.ip_address(address)
        number = int(port)
        if not 0 <= number <= 0xFFFF:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"--metrics {text} names no place to listen; give a port, as 9441, or an address of "
            "this machine before it, as 192.0.2.7:9441 or [2001:db8::7]:9441"
        ) from None
    return address, number


def _announce(relay: Relay) -> None:
    # A program that starts a relay reads this line.
    print(f"relaying on port {relay.port}", flush=True)
