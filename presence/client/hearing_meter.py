"""What a microphone hears, as a meter: whether one would be heard, before a call."""

from __future__ import annotations

from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from presence.client.devices import Devices
from presence.client.talking import QUIETEST_DB, Talking, shown_level
from presence.clock import MILLISECOND, SECOND, Clock
from presence.voice.activity import FLOOR_DB, loudness_db

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
