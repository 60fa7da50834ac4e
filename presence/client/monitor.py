"""``presence monitor``: what the microphone hears, live: whether one would be heard, before a call.

Nothing is sent anywhere.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from presence.client.devices import Devices, open_devices
from presence.client.settings import Settings
from presence.client.status import live_table
from presence.client.talking import QUIETEST_DB, Talking, shown_level
from presence.clock import MILLISECOND, SECOND, Clock, SkewedClock
from presence.errors import UsageError
from presence.voice.activity import FLOOR_DB, loudness_db
from presence.voice.gate import Gate
from presence.voice.processing import open_processing

_SHOW_NS = 100 * MILLISECOND
_CELLS = 30
_FALL_DB = 20.0
"""A second: how fast the mark of the loudest falls."""
_CLIPPED_DB = -0.5
_FAINT_DB = -45.0
"""Who speaks no louder than this at the microphone is hard to tell from the room."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a microphone heard of late."""

    device: str
    level_db: float
    """Of what it hears, before anything is done to it; 0 dB is the loudest that it can."""
    peak_db: float
    """The loudest of the last moments."""
    level: float
    """How loud the others would see one speak, 0 to 1."""
    late_ms: float | None
    """How old a sound is when it could be sent; None before there was any."""
    ppm: float
    """By how much the device's clock runs fast, parts per million; 0 until it is known."""
    problem: str = ""
    """A sentence where echo cannot be taken out of it; empty while it can."""


class Monitor:
    """Listens. State: the devices, what processes their sound, and the loudest so far."""

    def __init__(self, devices: Devices, talking: Talking, clock: Clock) -> None:
        """Nothing was heard yet."""
        self._devices = devices
        self._talking = talking
        self._clock = clock
        self._level_db = self._peak_db = FLOOR_DB
        self._late_ms: float | None = None
        self._looked_ns = clock.now_ns()

    def listen(self) -> Hearing:
        """Take in what came since, and say how it is."""
        now_ns = self._clock.now_ns()
        self._devices.check(now_ns)
        fallen = _FALL_DB * (now_ns - self._looked_ns) / SECOND
        self._looked_ns = now_ns
        self._peak_db = max(FLOOR_DB, self._peak_db - fallen)
        microphone = self._devices.microphone
        while (captured := microphone.read(now_ns)) is not None:
            self._level_db = loudness_db(captured.samples)
            self._peak_db = max(self._peak_db, self._level_db)
            self._late_ms = (now_ns - captured.capture_ns) / MILLISECOND
            self._talking.take(captured, now_ns)
        return Hearing(
            device=microphone.name,
            level_db=self._level_db,
            peak_db=self._peak_db,
            level=self._talking.level,
            late_ms=self._late_ms,
            ppm=microphone.ppm,
            problem=self._talking.problem,
        )


def hearing_table(hearing: Hearing) -> Table:
    """What a microphone hears, as a meter."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    full = round(shown_level(hearing.level_db) * _CELLS)
    mark = min(round(shown_level(hearing.peak_db) * _CELLS), _CELLS - 1)
    cells = ["▮" if cell < full else "▯" for cell in range(_CELLS)]
    if hearing.peak_db > QUIETEST_DB:
        cells[mark] = "[bold]▮[/]"
    table.add_row(escape(hearing.device), f"{''.join(cells)} {hearing.level_db:4.0f} dB")
    table.add_row("", _verdict(hearing))
    if hearing.late_ms is not None:
        clock = f", its clock {hearing.ppm:+.0f} ppm" if hearing.ppm else ""
        table.add_row("", f"[dim]{hearing.late_ms:.0f} ms from sound to sending{clock}[/]")
    if hearing.problem:
        table.add_row("", f"[yellow]{escape(hearing.problem)}[/]")
    return table


def _verdict(hearing: Hearing) -> str:
    if hearing.peak_db > _CLIPPED_DB:
        return "[red]too loud: turn the microphone down, or move away from it[/]"
    if hearing.level > 0.0 and hearing.peak_db < _FAINT_DB:
        return "[yellow]you can hardly be heard: come closer, or turn the microphone up[/]"
    if hearing.level > 0.0:
        return "[green]you are heard[/]"
    return "[dim]nobody speaks[/]"


def run_monitor(microphone: str, seconds: float | None, console: Console) -> None:
    """Show a microphone's meter until Ctrl-C.

    Args:
        microphone: ``default``, ``file:PATH``, or a device's name.
        seconds: end after so many; None: do not.
        console: where it is shown.

    Raises:
        SoundError: a device that was named is not there.
        SourceError: a file cannot be used.
        UsageError: there is no such microphone, or the extra ``voice`` is missing.
    """
    if microphone in ("none", "lines"):
        raise UsageError(f"--microphone {microphone} hears nothing; name a device or a file:PATH")
    notes: list[str] = []
    clock = SkewedClock()
    settings = Settings(link="", view="none", microphone=microphone)
    talking = Talking(open_processing(), Gate())
    devices = open_devices(settings, clock, 0, clock.now_ns(), notes.append)
    try:
        with live_table(console) as live:
            watched = Monitor(devices, talking, clock)
            ends_ns = None if seconds is None else clock.now_ns() + round(seconds * SECOND)
            while ends_ns is None or clock.now_ns() < ends_ns:
                shown = hearing_table(watched.listen())
                live.update(Group(shown, Text(notes[-1], style="yellow")) if notes else shown)
                time.sleep(_SHOW_NS / SECOND)
    except KeyboardInterrupt:
        console.print()
    finally:
        devices.close()
