"""What follows this participant: the sensors that the settings name, opened and waited for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from math import radians
from pathlib import Path
from typing import TYPE_CHECKING

from presence.client.measurement import measure
from presence.client.measures import keep_measures, measured_proportions, measures_file
from presence.client.settings import Settings
from presence.client.view_process import ViewProcess
from presence.clock import SkewedClock
from presence.errors import CameraError, HeadsetError
from presence.pose.proportions import Proportions, default_proportions
from presence.tracking.live import LiveSource
from presence.tracking.sensed import Point, Sensor

if TYPE_CHECKING:
    from presence.tracking.camera.task import CameraSettings

WAITS_S = {"headset": 30.0, "camera": 15.0}
"""So long each may take until it has somebody; whoever another program or a phone follows joins at
once, and stands at rest until that sends."""
MEASURING_S = 9.0
"""So long whoever has never been measured may take, before they join with what is known by then."""
_LOOK_S = 1.0 / 60.0


def open_sensors(
    settings: Settings, view: ViewProcess | None, clock: SkewedClock, body: Proportions
) -> list[Sensor]:
    """Every sensor that the settings name, the surest first.

    ``body`` has the person's measures, as far as they are known.

    Raises:
        PresenceError: one cannot be had; those before it were closed.
    """
    with contextlib.ExitStack() as stack:
        sensors = [
            stack.enter_context(contextlib.closing(_open(name, settings, view, clock, body)))
            for name in settings.sensors
        ]
        stack.pop_all()
        return sensors


def _open(
    name: str,
    settings: Settings,
    view: ViewProcess | None,
    clock: SkewedClock,
    body: Proportions,
) -> Sensor:
    # Each loads what it needs itself.
    match name:
        case "headset":
            from presence.client.headset_sensor import HeadsetSensor

            assert view is not None, "Settings.check asks for a headset's view"
            return HeadsetSensor(view, clock)
        case "camera":
            from presence.tracking.camera.sensor import open_camera

            return open_camera(_camera(settings), clock=clock, body=body)
        case "vmc":
            from presence.tracking.programs.vmc import open_vmc

            return open_vmc(settings.vmc, body)
        case _:
            from presence.tracking.programs.live_link import open_live_link

            return open_live_link(settings.live_link)


def _camera(settings: Settings) -> CameraSettings:
    from presence.tracking.camera.lens import USUAL_DIAGONAL
    from presence.tracking.camera.task import CameraSettings

    degrees = settings.camera_degrees
    return CameraSettings(
        device=settings.camera,
        mirrored=settings.camera_mirrored,
        diagonal=USUAL_DIAGONAL if degrees is None else radians(degrees),
        seated=not settings.standing,
    )


async def live_source(
    settings: Settings,
    view: ViewProcess | None,
    clock: SkewedClock,
    say: Callable[[str], None],
) -> LiveSource:
    """This participant, once the surest sensor has them, and their measures are known.

    Args:
        settings: name the sensors.
        view: looks through the headset, if there is one.
        clock: this participant's own.
        say: takes what the person is to do meanwhile, a sentence.

    Raises:
        PresenceError: a sensor cannot be had, or has nobody.
    """
    file = measures_file(Path(settings.device) if settings.device else None)
    body = measured_proportions(file)
    sensors = open_sensors(settings, view, clock, body or default_proportions())
    try:
        await _somebody(sensors[0], view, clock, say)
        if body is None and sensors[0].name == "headset":
            measured = await measure(
                sensors[0], clock.now_ns, asyncio.sleep, say, longest_s=MEASURING_S
            )
            if measured is not None:
                keep_measures(measured, file)
                body = measured.proportions()
        return LiveSource(sensors, body or default_proportions(), settings.seed)
    except BaseException:
        for sensor in sensors:
            sensor.close()
        raise


async def _somebody(
    sensor: Sensor, view: ViewProcess | None, clock: SkewedClock, say: Callable[[str], None]
) -> None:
    """Come back once the sensor has the person, or can do without."""
    wait_s, said = WAITS_S.get(sensor.name, 0.0), ""
    for _ in range(round(wait_s / _LOOK_S)):
        sensed = sensor.sense(clock.now_ns())
        if sensed is not None and sensed.present and sensed.point(Point.HEAD) is not None:
            return
        if view is not None and view.closed():
            break
        if sensor.problem != said:
            said = sensor.problem
            say(said)
        await asyncio.sleep(_LOOK_S)
    if wait_s:
        why = sensor.problem or f"the {sensor.name} has found nobody; look into it, and join again"
        raise (HeadsetError if sensor.name == "headset" else CameraError)(why)
