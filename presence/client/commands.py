"""The commands ``presence join`` and ``presence demo``: options in, words and pictures out."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from presence.client.settings import SENSORS, Settings
from presence.client.status import Status, live_table, status_table
from presence.errors import UsageError
from presence.transport.path_choice import PATH_CHOICES, PathChoice

_FOLLOWED = "What follows you"
_HIDDEN: dict[str, Any] = {"hidden": True}
_DEMO_LEAVES = {"left.png", "right.png", "call.mp4", "report.json", "logs"}


# What follows a person, in a call and before it.
_Camera = Annotated[
    str,
    typer.Option(
        help="default, a number, a part of its name, or file:PATH.", rich_help_panel=_FOLLOWED
    ),
]
_CameraMirrored = Annotated[
    bool,
    typer.Option(
        "--camera-mirrored", help="Its pictures come mirrored already.", rich_help_panel=_FOLLOWED
    ),
]
_CameraDegrees = Annotated[
    float | None,
    typer.Option(
        help="What its lens takes in from corner to corner; as most do.", rich_help_panel=_FOLLOWED
    ),
]
_Standing = Annotated[
    bool,
    typer.Option(
        "--standing", help="You stand before the camera; else you sit.", rich_help_panel=_FOLLOWED
    ),
]
_Vmc = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT", help="Where another program sends VMC to.", rich_help_panel=_FOLLOWED
    ),
]
_LiveLink = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT",
        help="Where a phone's Live Link Face sends to.",
        rich_help_panel=_FOLLOWED,
    ),
]


def join(
    link: Annotated[str, typer.Argument(help="The room's link, as the host printed it.")],
    name: Annotated[str, typer.Option(help="What the others call you.")] = "guest",
    as_: Annotated[
        Literal["performer", "file", "headset", "camera", "vmc"],
        typer.Option(
            "--as",
            help="Who you are: made by code, a motion file, or yourself, followed by a headset, a "
            "camera, or another program by VMC.",
        ),
    ] = "performer",
    with_: Annotated[
        str,
        typer.Option(
            "--with",
            help="What follows you besides: camera, vmc, live-link; several by commas.",
            rich_help_panel=_FOLLOWED,
        ),
    ] = "",
    camera: _Camera = "default",
    camera_mirrored: _CameraMirrored = False,
    camera_degrees: _CameraDegrees = None,
    standing: _Standing = False,
    vmc: _Vmc = "127.0.0.1:39539",
    live_link: _LiveLink = "0.0.0.0:11111",
    vmc_out: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Send what you do to another program by VMC.",
            rich_help_panel=_FOLLOWED,
        ),
    ] = None,
    view: Annotated[
        Literal["headset", "window", "offscreen", "none"],
        typer.Option(help="How you see the others."),
    ] = "window",
    path: Annotated[
        str,
        typer.Option(help=f"How the others are reached: {', '.join(PATH_CHOICES)}."),
    ] = "auto",
    motion: Annotated[Path | None, typer.Option(help="A BVH file, for --as file.")] = None,
    face: Annotated[
        Path | None, typer.Option(help="A Live Link Face CSV file beside the motion.")
    ] = None,
    microphone: Annotated[
        str,
        typer.Option(
            help="default, none, file:PATH, or a part of its name; lines: a performer's own voice. "
            "Unless given, default for whoever is tracked and else none."
        ),
    ] = "",
    headphones: Annotated[
        str,
        typer.Option(
            help="default, none, file:PATH, or a part of their name. "
            "Unless given, default where you see the others in a headset or a window."
        ),
    ] = "",
    muted: Annotated[bool, typer.Option("--muted", help="Join without being heard.")] = False,
    push_to_talk: Annotated[
        bool,
        typer.Option("--push-to-talk", help="Be heard only while you hold the space bar."),
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=0xFFFF_FFFF, help="Of the body that the others draw.")
    ] = 0,
    seat: Annotated[int | None, typer.Option(min=0, max=255, help="The seat to ask for.")] = None,
    code: Annotated[
        str | None,
        typer.Option(help="A code that somebody in the room told you, for a link without its #."),
    ] = None,
    invite: Annotated[
        bool, typer.Option("--invite", help="Show a code by which you can let others in.")
    ] = False,
    device: Annotated[
        Path | None,
        typer.Option(help="The file of this device's key, made if there is none; else your own."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="Leave by yourself after so many seconds.")
    ] = None,
    status: Annotated[
        Literal["table", "lines"], typer.Option(help="A table for people, or JSON lines.")
    ] = "table",
    log: Annotated[
        Path | None, typer.Option(help="Leave a log of the call in this folder.")
    ] = None,
    clock_offset_ns: Annotated[int, typer.Option(**_HIDDEN)] = 0,
    clock_drift_ppm: Annotated[float, typer.Option(**_HIDDEN)] = 0.0,
    epoch_ns: Annotated[int | None, typer.Option(**_HIDDEN)] = None,
    stills_after: Annotated[float | None, typer.Option(**_HIDDEN)] = None,
    video: Annotated[bool, typer.Option(**_HIDDEN)] = False,
) -> None:
    """Join a room, see the others and be seen."""
    from presence.client.controls import HELP
    from presence.client.media import take_part

    settings = Settings(
        link=link,
        name=name,
        source=as_,
        view=view,
        beside=tuple(word.strip() for word in with_.split(",") if word.strip()),
        camera=camera,
        camera_mirrored=camera_mirrored,
        camera_degrees=camera_degrees,
        standing=standing,
        vmc=vmc,
        live_link=live_link,
        vmc_out=vmc_out,
        path=_path_choice(path),
        motion=str(motion) if motion else None,
        face=str(face) if face else None,
        microphone=microphone or ("default" if as_ in SENSORS else "none"),
        headphones=headphones or ("default" if view in ("headset", "window") else "none"),
        muted=muted,
        push_to_talk=push_to_talk,
        seed=seed,
        seat=seat,
        code=code,
        invite=invite,
        device=str(device) if device else None,
        duration_s=seconds,
        log_directory=str(log) if log else None,
        clock_offset_ns=clock_offset_ns,
        clock_drift_ppm=clock_drift_ppm,
        epoch_ns=epoch_ns,
        stills_after_s=stills_after,
        video=video,
    )
    settings.check()
    if push_to_talk and (status == "lines" or not sys.stdin.isatty()):
        raise UsageError(
            "--push-to-talk goes by the space bar of a terminal: run presence join in one, "
            "without --status lines"
        )
    if status == "lines":
        take_part(settings, _print_line)
        return
    sounds = settings.speaks or settings.listens
    keys = f"hold the space bar to talk · {HELP}" if push_to_talk else HELP
    hint = Text(keys if sounds and sys.stdin.isatty() else "", style="dim")

    def show(status: Status) -> None:
        table = status_table([status], f"In the room as {status.name}")
        live.update(Group(table, hint) if hint else table)

    with live_table(Console()) as live:
        take_part(settings, show, keys=True)


def _path_choice(path: str) -> PathChoice:
    """Raises UsageError for what is no path yet."""
    for choice in PATH_CHOICES:
        if path == choice:
            return choice
    raise UsageError(f"--path {path} is no way to the others; give {', '.join(PATH_CHOICES)}")


def _print_line(status: Status) -> None:
    sys.stdout.write(msgspec.json.encode(status).decode() + "\n")
    sys.stdout.flush()


def monitor(
    as_: Annotated[
        Literal["headset", "camera", "vmc"] | None,
        typer.Option("--as", help="What follows you; unless given, only sound is looked at."),
    ] = None,
    with_: Annotated[
        str,
        typer.Option(
            "--with", help="What follows you besides: camera, vmc, live-link; several by commas."
        ),
    ] = "",
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Show you in a window, as a mirror would.")
    ] = False,
    microphone: Annotated[
        str, typer.Option(help="default, none, file:PATH, or a part of its name.")
    ] = "default",
    camera: _Camera = "default",
    camera_mirrored: _CameraMirrored = False,
    camera_degrees: _CameraDegrees = None,
    standing: _Standing = False,
    vmc: _Vmc = "127.0.0.1:39539",
    live_link: _LiveLink = "0.0.0.0:11111",
    seed: Annotated[
        int, typer.Option(min=0, max=0xFFFF_FFFF, help="Of the body in the mirror.")
    ] = 0,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="End by yourself after so many seconds.")
    ] = None,
) -> None:
    """See live what is tracked of you, how fast and how surely, and whether you are heard."""
    from presence.client.monitor import run_monitor

    settings = Settings(
        link="",
        source=as_ or "performer",
        view="headset" if as_ == "headset" else "none",
        beside=tuple(word.strip() for word in with_.split(",") if word.strip()),
        microphone=microphone,
        camera=camera,
        camera_mirrored=camera_mirrored,
        camera_degrees=camera_degrees,
        standing=standing,
        vmc=vmc,
        live_link=live_link,
        seed=seed,
    )
    run_monitor(settings, seconds, Console(), mirror=mirror)


def demo(
    motion: Annotated[
        str, typer.Option(help="BVH files that the remote people move by: a.bvh,b.bvh.")
    ] = "",
    out: Annotated[Path, typer.Option(help="Where to leave the pictures, emptied first.")] = Path(
        "out/demo"
    ),
    seconds: Annotated[float, typer.Option(min=12.0, help="How long the call lasts.")] = 20.0,
    view: Annotated[
        Literal["auto", "headset", "offscreen"],
        typer.Option(help="Through OpenXR, or pictures in memory; auto: OpenXR if there is one."),
    ] = "auto",
) -> None:
    """A whole call on this machine: a host, two performers, and you who see them."""
    from presence.client.demo import run_demo
    from presence.client.preparing import prepare_loops
    from presence.headset.runtime import find_runtime

    _check_out(out)
    console = Console()
    # Else each of the three processes would, at once.
    prepare_loops(lambda words: console.print(f"{words.capitalize()}."))
    if view == "auto":
        runtime = find_runtime()
        view = "headset" if runtime else "offscreen"
        if runtime:
            console.print(f"You look through OpenXR: {runtime.name}.")
        else:
            console.print(
                "There is no OpenXR runtime here, so the view is offscreen; `presence doctor` "
                "says how to get one."
            )
    paths = [Path(part) for part in motion.split(",") if part]
    report = asyncio.run(run_demo(out, paths, view, seconds, console))
    _print_report(report, out, console)


def _check_out(out: Path) -> None:
    """Raises UsageError if emptying the folder would take what no demo left there."""
    if not out.exists():
        return
    if not out.is_dir() or any(path.name not in _DEMO_LEAVES for path in out.iterdir()):
        raise UsageError(
            f"--out {out} holds more than a demo leaves, and would be emptied; name a new folder"
        )


def _print_report(report: dict[str, Any], out: Path, console: Console) -> None:
    """The figures, then who was there, then where to look."""
    figures = Table(title="The call", title_justify="left", show_header=False)
    for name, value in report.items():
        if name != "participants":
            figures.add_row(name.replace("_", " "), _figure(value))
    people = Table("name", "over")
    for column in ("sent", "received", "lost", "bytes a frame", "kbit/s"):
        people.add_column(column, justify="right")
    for person in report["participants"]:
        people.add_row(*(str(value) for value in person.values()))
    console.print(figures, people)
    console.print("Look at", ", ".join(str(path) for path in sorted(out.iterdir())))


def _figure(value: object) -> str:
    match value:
        case dict():
            return "  ".join(f"{name} {of}" for name, of in value.items())
        case [width, height]:
            return f"{width}×{height}"
        case _:
            return str(value)
