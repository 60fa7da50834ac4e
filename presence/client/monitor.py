"""``presence monitor``: what is tracked of a person and heard of them, live, before a call.

Nothing is sent anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.text import Text

from presence.client.devices import open_devices
from presence.client.hearing_meter import Monitor, hearing_table
from presence.client.measures import measured_proportions
from presence.client.mirror import MirrorWindow
from presence.client.own_tracking import open_sensors
from presence.client.preparing import prepare_loops
from presence.client.settings import Settings
from presence.client.status import live_table
from presence.client.talking import Talking
from presence.client.view_process import ViewProcess, view_process
from presence.client.watched import Watched
from presence.clock import MILLISECOND, SECOND, SkewedClock
from presence.errors import UsageError
from presence.pose.proportions import default_proportions
from presence.scene.gltf import load_glb
from presence.scene.shipped import SHIPPED, shipped_person
from presence.voice.gate import Gate
from presence.voice.processing import open_processing

_SHOW_NS = 100 * MILLISECOND
_DRAW_NS = SECOND // 60


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is looked at in turn; None where there is nothing of the kind."""

    heard: Monitor | None
    watched: Watched | None
    mirror: MirrorWindow | None
    view: ViewProcess | None


def run_monitor(
    settings: Settings, seconds: float | None, console: Console, *, mirror: bool = False
) -> None:
    """Show what is tracked of a person and heard of them, until Ctrl-C.

    Args:
        settings: its ``microphone`` and ``sensors`` are what is shown.
        seconds: end after so many; None: do not.
        console: where it is shown.
        mirror: show them in a mirror, too; closing it ends.

    Raises:
        PresenceError: a device or sensor that was named cannot be had.
        UsageError: there is nothing to show, or the extra ``voice`` is missing.
    """
    settings.check_sensors()
    if settings.microphone == "lines":
        raise UsageError("--microphone lines hears nothing; name a device or a file:PATH")
    if settings.microphone == "none" and not settings.sensors:
        raise UsageError("--microphone none hears nothing; name a device, or give --as camera")
    if mirror and not settings.sensors:
        raise UsageError("--mirror shows who is tracked: add --as headset, camera or vmc")
    if settings.sensors:
        prepare_loops(lambda words: console.print(f"{words.capitalize()}."))
    notes: list[str] = []
    clock = settings.clock
    with ExitStack() as stack:
        shown = _opened(settings, clock, notes.append, mirror, stack)
        try:
            _show(shown, clock, seconds, notes, console)
        except KeyboardInterrupt:
            console.print()


def _opened(
    settings: Settings,
    clock: SkewedClock,
    say: Callable[[str], None],
    mirror: bool,
    stack: ExitStack,
) -> _Shown:
    heard = watched = window = view = None
    if settings.sensors:
        if "headset" in settings.sensors:
            view = stack.enter_context(view_process(settings))
        body = measured_proportions() or default_proportions()
        sensors = open_sensors(settings, view, clock, body)
        watched = Watched(sensors, body, clock, mirrored=settings.camera_mirrored)
        stack.callback(watched.close)
    if settings.microphone != "none":
        talking = Talking(open_processing(), Gate())
        devices = open_devices(settings, clock, 0, clock.now_ns(), say)
        stack.callback(devices.close)
        heard = Monitor(devices, talking, clock)
    if mirror:
        window = MirrorWindow(load_glb(_own_avatar(settings.seed)))
        stack.callback(window.close)
    return _Shown(heard, watched, window, view)


def _own_avatar(seed: int) -> Path:
    """One of the bodies that ship; another need not be made to see how one moves."""
    return shipped_person(sorted(SHIPPED)[seed % len(SHIPPED)])


def _show(
    shown: _Shown, clock: SkewedClock, seconds: float | None, notes: list[str], console: Console
) -> None:
    ends_ns = None if seconds is None else clock.now_ns() + round(seconds * SECOND)
    told_ns = 0
    pause_ns = _SHOW_NS if shown.mirror is None else _DRAW_NS
    with live_table(console) as live:
        while ends_ns is None or clock.now_ns() < ends_ns:
            if shown.view is not None and shown.view.closed():
                return
            now_ns = clock.now_ns()
            if now_ns - told_ns >= _SHOW_NS:
                told_ns = now_ns
                live.update(_tables(shown, notes))
            if not _reflected(shown, now_ns):
                return
            time.sleep(max(pause_ns - (clock.now_ns() - now_ns), 0) / SECOND)


def _tables(shown: _Shown, notes: list[str]) -> Group:
    tables: list[RenderableType] = []
    if shown.watched is not None:
        tables.append(shown.watched.table())
    if shown.heard is not None:
        tables.append(hearing_table(shown.heard.listen()))
    if notes:
        tables.append(Text(notes[-1], style="yellow"))
    return Group(*tables)


def _reflected(shown: _Shown, now_ns: int) -> bool:
    """Show the person in the mirror; False once they have closed it."""
    if shown.mirror is None or shown.watched is None or shown.watched.sample is None:
        return True
    picture = shown.watched.camera_picture()
    return shown.mirror.show(shown.watched.sample, now_ns, picture)
