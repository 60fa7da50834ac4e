"""The command ``presence calibrate``: how high the eyes are and how far the arms reach."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from presence.clock import MonotonicClock, SkewedClock
from presence.errors import UsageError

if TYPE_CHECKING:
    from presence.tracking.sensed import Sensor

EYES_OF_HEIGHT = 0.936
"""How high the eyes are, of the whole height (R. Drillis and R. Contini, "Body segment parameters",
1966)."""
_GIVES_UP_S = 60.0
_ARMS_S = 20.0
"""Once the height is known, how long the arms are waited for."""


def calibrate(
    as_: Annotated[
        Literal["headset", "vmc"], typer.Option("--as", help="What follows you.")
    ] = "headset",
    vmc: Annotated[str, typer.Option(help="Where to listen, for --as vmc.")] = "",
    eyes: Annotated[
        float | None,
        typer.Option(min=0.8, max=2.2, help="Metres to your eyes, instead of measuring."),
    ] = None,
    height: Annotated[
        float | None,
        typer.Option(min=0.9, max=2.4, help="How tall you are, metres, instead of measuring."),
    ] = None,
    reach: Annotated[
        float | None,
        typer.Option(min=0.6, max=2.2, help="Metres from wrist to wrist, with --eyes or --height."),
    ] = None,
) -> None:
    """Measure height and reach, so that your body is yours: stand, and stretch your arms once."""
    from presence.client.measurement import measure
    from presence.client.measures import keep_measures
    from presence.tracking.measuring import Measured

    console = Console()
    if eyes is not None and height is not None:
        raise UsageError("--eyes and --height say the same: give one of them")
    if height is not None:
        eyes = height * EYES_OF_HEIGHT
    if reach is not None and eyes is None:
        raise UsageError("--reach goes with --height: give both, or neither to be measured")
    if eyes is not None:
        measured: Measured | None = Measured(eyes, reach)
    else:
        now_ns = MonotonicClock().now_ns
        with _opened(as_, vmc) as sensor:
            measured = asyncio.run(
                measure(
                    sensor,
                    now_ns,
                    asyncio.sleep,
                    console.print,
                    longest_s=_GIVES_UP_S,
                    arms_s=_ARMS_S,
                )
            )
    if measured is None:
        raise UsageError(
            "nobody was seen to stand still for a moment; see presence doctor, or give your "
            "measures with --eyes METRES"
        )
    file = keep_measures(measured)
    console.print(f"Kept in {file}; presence join goes by it from now on.")


@contextlib.contextmanager
def _opened(name: str, vmc: str) -> Iterator[Sensor]:
    """The sensor of a name, for as long as the block lasts."""
    from presence.client.own_tracking import open_sensors
    from presence.client.settings import Settings
    from presence.client.view_process import view_process
    from presence.pose.proportions import default_proportions

    view = "headset" if name == "headset" else "none"
    settings = Settings(link="", source=name, view=view, vmc=vmc)
    with contextlib.ExitStack() as stack:
        seen = None if view == "none" else stack.enter_context(view_process(settings))
        (sensor,) = open_sensors(settings, seen, SkewedClock(), default_proportions())
        yield stack.enter_context(contextlib.closing(sensor))
