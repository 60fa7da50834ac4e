"""The command ``presence calibrate``: how high the eyes are and how far the arms reach."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from presence.clock import SECOND, MonotonicClock, SkewedClock
from presence.errors import UsageError

if TYPE_CHECKING:
    from presence.tracking.measuring import Measured
    from presence.tracking.sensed import Sensor

EYES_OF_HEIGHT = 0.936
"""How high the eyes are, of the whole height (R. Drillis and R. Contini, "Body segment parameters",
1966)."""
_LOOKS_S = 1.0 / 60.0
_GIVES_UP_S = 60.0
_ENOUGH_S = 20.0
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
        measured = Measured(eyes, reach)
    else:
        with _opened(as_, vmc) as sensor:
            measured = measure(sensor, MonotonicClock().now_ns, time.sleep, console.print)
    file = keep_measures(measured)
    console.print(f"Kept in {file}; presence join goes by it from now on.")


def measure(
    sensor: Sensor,
    now_ns: Callable[[], int],
    sleep: Callable[[float], None],
    say: Callable[[str], None],
) -> Measured:
    """Measure whoever a sensor follows, telling them what to do.

    Args:
        sensor: what follows them.
        now_ns: the time, by the sensor's clock.
        sleep: waits for seconds.
        say: is given each new sentence.

    Raises:
        UsageError: nobody was seen to stand within a minute.
    """
    from presence.tracking.measuring import Measuring

    measuring, said = Measuring(), ""
    begun = now_ns()
    height_ns: int | None = None
    while True:
        now = now_ns()
        measuring.take(sensor.sense(now))
        measured = measuring.measured()
        if measured is not None and height_ns is None:
            height_ns = now
        sentence = measuring.says if measured is not None else sensor.problem or measuring.says
        if sentence != said:
            say(sentence)
            said = sentence
        if measured is not None and measuring.done and not measured.seated:
            return measured
        if measured is not None and height_ns is not None and now - height_ns > _ENOUGH_S * SECOND:
            # Arms that are never stretched are as long as is usual for the height.
            return measured
        if now - begun > _GIVES_UP_S * SECOND:
            raise UsageError(
                "nobody was seen to stand still for a moment; see presence doctor, or give your "
                "measures with --eyes METRES"
            )
        sleep(_LOOKS_S)


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
