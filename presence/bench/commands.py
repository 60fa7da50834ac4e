"""The command ``presence bench``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from presence.bench.result import BenchResult
from presence.errors import UsageError

bench = typer.Typer(help="The measurements behind every figure in the docs.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quick = Annotated[bool, typer.Option("--quick", help="End within a minute.")]


class CarrierName(StrEnum):
    """What may carry envelopes."""

    RTP = "rtp"
    DATA = "data"


Motion = Annotated[Path, typer.Option(exists=True, file_okay=False, help="A folder of BVH files.")]

Face = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A Live Link Face CSV file.")
]


@bench.callback()
def _benches() -> None:
    """The measurements behind every figure in the docs."""


@bench.command()
def call(
    participants: Annotated[
        int | None, typer.Option(min=2, help="People in the room; 9, or 5 with --carrier.")
    ] = None,
    loss: Annotated[float, typer.Option(min=0.0, max=90.0, help="Per cent.")] = 0.0,
    delay: Annotated[float, typer.Option(min=0.0, help="Milliseconds, one way.")] = 0.0,
    jitter: Annotated[
        float,
        typer.Option(min=0.0, help="Milliseconds, mean; with --carrier standard deviation."),
    ] = 0.0,
    carrier: Annotated[
        str | None,
        typer.Option(help="Have a whole call between processes, over rtp, data or websocket."),
    ] = None,
    voice: Annotated[
        bool, typer.Option("--voice", help="With --carrier: let them speak and hear, too.")
    ] = False,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """What a frame costs the view; with --carrier, how late and whole a call is."""
    from presence.bench.call import bench_call
    from presence.bench.whole_call import QUICK, WHOLE, bench_whole_call
    from presence.transport.mesh import MESH_LIMIT

    if carrier is not None:
        if participants is not None and participants > MESH_LIMIT:
            raise UsageError(f"a call holds {MESH_LIMIT} people; give --participants fewer")
        _prepare()
        result = bench_whole_call(
            participants=participants or MESH_LIMIT,
            loss=loss / 100.0,
            delay_ms=delay,
            jitter_ms=jitter,
            carrier=carrier,
            voice=voice,
            extent=QUICK if quick else WHOLE,
        )
    else:
        _prepare()
        result = bench_call(
            participants=participants or 9,
            seconds=10.0 if quick else 60.0,
            loss=loss / 100.0,
            delay_ms=delay,
            jitter_ms=jitter,
        )
    _print(result, json)


@bench.command()
def transport(
    rate: Annotated[int, typer.Option(min=1, help="Frames a second.")] = 60,
    size: Annotated[int, typer.Option(min=24, max=150, help="Bytes of a frame.")] = 76,
    carrier: Annotated[CarrierName | None, typer.Option(help="Only this one.")] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """What each carrier delivers, how late and at what cost, on good networks and bad."""
    from presence.bench.transport import bench_transport

    result = bench_transport(
        rate=rate,
        size=size,
        seconds=2.0 if quick else 20.0,
        carriers=("rtp", "data") if carrier is None else (carrier.value,),
    )
    _print(result, json)


@bench.command()
def camera(quick: Quick = False, json: Json = False) -> None:
    """How well and how fast a plain camera follows a person: faces, glances, arms and hands."""
    from presence.bench.camera import bench_camera

    _print(bench_camera(quick=quick), json)


@bench.command()
def codec(
    motion: Motion,
    face: Face = None,
    rate: Annotated[int, typer.Option(min=60, help="Samples a second.")] = 60,
    bound: Annotated[
        list[float] | None,
        typer.Option(min=0.1, help="Millimetres of error; may be given several times."),
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """What a person weighs, how true they stay, and what loss does to them."""
    from presence.bench.codec import QUICK, WHOLE, bench_codec

    _prepare()
    result = bench_codec(
        motion=motion,
        face=face,
        rate=rate,
        bounds_mm=bound or (1.0, 0.5, 2.0, 5.0),
        extent=QUICK if quick else WHOLE,
    )
    _print(result, json)


@bench.command()
def playout(
    motion: Motion,
    face: Face = None,
    loss: Annotated[float, typer.Option(min=0.0, max=90.0, help="Per cent.")] = 5.0,
    delay: Annotated[float, typer.Option(min=0.0, help="Milliseconds, one way.")] = 40.0,
    jitter: Annotated[
        float, typer.Option(min=0.0, help="Milliseconds, standard deviation.")
    ] = 15.0,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """How late, true and smooth somebody is who came over a network."""
    from presence.bench.playout import QUICK, WHOLE, Network, bench_playout

    _prepare()
    result = bench_playout(
        motion=motion,
        face=face,
        network=Network(loss / 100.0, delay, jitter),
        extent=QUICK if quick else WHOLE,
    )
    _print(result, json)


@bench.command()
def ik(motion: Motion, quick: Quick = False, json: Json = False) -> None:
    """How near to recorded people bodies are that are filled in from head and hands."""
    from presence.bench.ik import QUICK, WHOLE, bench_ik

    _print(bench_ik(motion, QUICK if quick else WHOLE), json)


@bench.command()
def seal(quick: Quick = False, json: Json = False) -> None:
    """What sealing and opening cost one of sixteen people, of a core."""
    from presence.bench.seal import bench_seal

    _prepare()
    _print(bench_seal(seconds=2 if quick else 10, repeats=5 if quick else 15), json)


@bench.command()
def voice(quick: Quick = False, json: Json = False) -> None:
    """What the stages of a voice's way cost, and how it fares on bad networks."""
    from presence.bench.voice import bench_voice

    _print(
        bench_voice(blocks=200, sentences=6, runs=1, seconds=6.0) if quick else bench_voice(), json
    )


@bench.command()
def lips(quick: Quick = False, json: Json = False) -> None:
    """Whether a mouth that a voice moves does what its speaker's did; needs espeak-ng."""
    from presence.bench.lips import bench_lips

    _print(bench_lips(quick=quick), json)


@bench.command()
def echo(quick: Quick = False, json: Json = False) -> None:
    """What open loudspeakers leave of others' voices; needs espeak-ng and the tests' judges."""
    from presence.bench.echo import bench_echo

    _print(bench_echo(quick=quick), json)


@bench.command("filter")
def filter_command(
    motion: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="BVH files whose hands are followed."),
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """How much of a sensor's trembling is taken out, and how late it makes what moves."""
    from presence.bench.filter import bench_filter

    _prepare()
    _print(bench_filter(motion=motion, seconds=5.0 if quick else 20.0), json)


@bench.command()
def relay(
    participants: Annotated[
        int | None, typer.Option(min=2, help="People in the room; 50, or 6 with --quick.")
    ] = None,
    rate: Annotated[int, typer.Option(min=1, max=120, help="Poses a second of each.")] = 30,
    carrier: Annotated[CarrierName, typer.Option(help="By what they come.")] = CarrierName.RTP,
    seconds: Annotated[
        float | None, typer.Option(min=2.0, help="Measured; 20, or 5 with --quick.")
    ] = None,
    loads: Annotated[
        int | None, typer.Option(min=1, help="Processes that are the people; one for 25 of them.")
    ] = None,
    nodes: Annotated[
        int, typer.Option(min=1, max=8, help="Relays that share the room, by a NATS server.")
    ] = 1,
    churn: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="MINUTES",
            help="Instead, have people come and go, and see whether memory stays as it is.",
        ),
    ] = None,
    quick: Quick = False,
    json: Json = False,
) -> None:
    """What one core of a relay carries, at what cost, and how late."""
    from presence.bench.relay import bench_relay
    from presence.bench.relay_churn import bench_relay_churn

    if churn is not None:
        _print(bench_relay_churn(churn), json)
        return
    people = participants or (6 if quick else 50)
    result = bench_relay(
        participants=people,
        rate=rate,
        carrier=carrier.value,
        seconds=seconds or (5.0 if quick else 20.0),
        warm_s=3.0 if quick else 8.0,
        loads=loads or max(nodes, -(-people // 25 // nodes) * nodes),
        nodes=nodes,
    )
    _print(result, json)


def _prepare() -> None:
    """Have the codec ready, so that no figure is of its compilation."""
    from presence.client.preparing import prepare_loops

    prepare_loops(lambda words: typer.echo(f"{words.capitalize()}.", err=True))


def _print(result: BenchResult, as_json: bool) -> None:
    if as_json:
        typer.echo(result.json())
    else:
        result.print(Console())
    if not result.met:
        raise typer.Exit(1)
