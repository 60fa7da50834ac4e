"""How a participant is doing, told twice a second, and the table that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table


class PeerStatus(msgspec.Struct, frozen=True):
    """One other person, as this participant hears them."""

    name: str
    carrier: str
    """What their frames come over, and by which path."""
    round_trip_ms: float | None
    kbps: float
    """Of their stream, envelopes and all, as it arrives."""
    received: int
    level: float = 0.0
    """How loud they were heard since the last status, 0 to 1."""
    loudness: str = ""
    """How loud this person made them, in words; nothing if they are as they come."""
    chosen: bool = False
    """Whether the keys of the terminal are about them."""


class ViewStatus(msgspec.Struct, frozen=True):
    """What the view is doing."""

    runtime: str
    fps: float
    latency_ms: float | None
    """Playout's own estimate of capture to display."""
    cpu_ms: float
    """CPU time of a frame, rasteriser included."""
    people: int
    """How many others are on show."""


class Status(msgspec.Struct, frozen=True):
    """One participant, now."""

    name: str
    phase: str
    """``joining``, ``waiting``, ``in the call`` or ``leaving``."""
    kbps: float = 0.0
    """Of the participant's own stream, sent once, and of what was sent again."""
    peers: tuple[PeerStatus, ...] = ()
    view: ViewStatus | None = None
    note: str = ""
    level: float | None = None
    """How loud this person speaks, 0 to 1; None: there is no microphone."""
    muted: bool = False
    """Whether what they say is kept from the others."""
    released: bool = False
    """Whether it is because the key is not held by which they talk."""


_METER_CELLS = 6


@contextmanager
def live_table(console: Console) -> Iterator[Live]:
    """A place for a table that changes; what is printed after the block stands on a line below."""
    try:
        with Live(console=console, refresh_per_second=4) as live:
            yield live
    finally:
        if not console.is_terminal:
            # Live ends its last table with a new line on terminals only.
            console.print()


def status_table(statuses: Sequence[Status], title: str) -> Table:
    """Who is connected over what, kbit/s a stream, latency, frames a second."""
    # What people call themselves is not markup, whatever brackets it has.
    table = Table(title=escape(title), title_justify="left", expand=False)
    table.add_column("who")
    table.add_column("hears")
    table.add_column("over")
    for column in ("round trip", "kbit/s", "frames"):
        table.add_column(column, justify="right")
    table.add_column("view")
    for status in statuses:
        view = _view_cell(status)
        own = f"{escape(status.name)}\n[dim]{status.kbps:.0f} kbit/s out[/]"
        if status.level is not None:
            own += f"  {_said(status, status.level)}"
        if status.note:
            own += f"\n[yellow]{escape(status.note)}[/]"
        if not status.peers:
            table.add_row(own, f"[dim]{status.phase}[/]", "", "", "", "", view)
        for i, peer in enumerate(status.peers):
            trip = "–" if peer.round_trip_ms is None else f"{peer.round_trip_ms:.1f} ms"
            table.add_row(
                own if i == 0 else "",
                _peer_cell(peer),
                escape(peer.carrier),
                trip,
                f"{peer.kbps:.0f}",
                str(peer.received),
                view if i == 0 else "",
            )
        table.add_section()
    return table


def _peer_cell(peer: PeerStatus) -> str:
    name = f"[bold]▸ {escape(peer.name)}[/]" if peer.chosen else escape(peer.name)
    loudness = f"[dim]{peer.loudness}[/]" if peer.loudness else ""
    return " ".join(filter(None, (name, loudness, _meter(peer.level))))


def _said(status: Status, level: float) -> str:
    """How loud they are to the others, or why they are not."""
    if status.muted:
        return "[red]muted[/]"
    return "[dim]hold space to talk[/]" if status.released else _meter(level)


def _meter(level: float) -> str:
    """How loud somebody speaks, as a bar that is there while they do."""
    full = round(level * _METER_CELLS)
    return f"[green]{'▮' * full}[/]" if full else ""


def _view_cell(status: Status) -> str:
    view = status.view
    if view is None:
        return "[dim]none[/]"
    latency = "–" if view.latency_ms is None else f"{view.latency_ms:.0f} ms"
    return (
        f"{escape(view.runtime)}\n{view.fps:.0f} frames/s · {latency} to display\n"
        f"[dim]{view.cpu_ms:.0f} ms CPU a frame[/]"
    )
