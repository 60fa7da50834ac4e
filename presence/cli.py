"""The ``presence`` command.

Each command imports what it needs when it runs, so that a base install can host a room, and
``presence --help`` is quick. A :class:`PresenceError` is printed as a sentence, never a traceback.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from presence.bench.commands import bench
from presence.client.avatars import avatar
from presence.client.calibrate import calibrate
from presence.client.commands import demo, join, monitor
from presence.client.models import models
from presence.errors import PresenceError, UsageError
from presence.host.command import host_command
from presence.relay.command import relay_command
from presence.wire.link import parse_link

app = typer.Typer(
    help="Holographic calls: people who are far apart, in the same room.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"presence {version('presence')}")
        raise typer.Exit


@app.callback()
def presence(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Holographic calls: people who are far apart, in the same room."""


app.command()(join)
app.command()(monitor)
app.command()(demo)
app.command()(calibrate)
app.add_typer(bench, name="bench")
app.add_typer(avatar, name="avatar")
app.add_typer(models, name="models")


@app.command()
def doctor(
    link: Annotated[
        str | None,
        typer.Argument(help="A room's link: are its host and TURN server well, too?"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Is everything well here: Python, libraries, OpenXR runtime, OpenGL, network?

    Ends with 1 if something has failed; a warning is no failure.
    """
    from presence.client.doctor import (
        CHECKS,
        checks_of,
        examine,
        findings_json,
        findings_table,
        healthy,
    )

    findings = examine() if link is None else examine([*CHECKS, *checks_of(parse_link(link))])
    if json:
        typer.echo(findings_json(findings))
    else:
        Console().print(findings_table(findings))
    if not healthy(findings):
        raise typer.Exit(1)


app.command("host")(host_command)
app.command("relay")(relay_command)


def _interrupt_after_stdin() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGINT)


def main() -> None:
    """Run the command line; ends the process.

    The exit code is 2 for what the person got wrong, 130 after Ctrl-C, and 1 for any other
    failure.

    With ``PRESENCE_END_WITH_STDIN`` set, the end of standard input is taken for Ctrl-C: a program
    that starts this one and keeps the pipe open leaves nothing behind, even when it is killed.
    """
    if os.environ.pop("PRESENCE_END_WITH_STDIN", ""):
        threading.Thread(target=_interrupt_after_stdin, daemon=True).start()
    try:
        app()
    except PresenceError as error:
        _complain(str(error))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("", "presence"):
            raise
        _complain(
            f"{library} is not installed, and this command needs more than the base install: "
            "pip install 'presence[all]'"
        )
        sys.exit(1)


def _complain(sentence: str) -> None:
    # Text, not markup: a message may hold brackets.
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        Text.assemble(("presence: ", "bold red"), sentence)
    )
