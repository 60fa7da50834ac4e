"""What a benchmark says: rows, and bars that they are held against; as a table and as JSON."""

from __future__ import annotations

import os
import platform
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


class Bar(msgspec.Struct, frozen=True):
    """A figure and its limit."""

    name: str
    value: float
    limit: float
    ok: bool


class BenchResult(msgspec.Struct, frozen=True):
    """One run of a benchmark."""

    bench: str
    args: dict[str, Any]
    rows: list[dict[str, Any]]
    bars: list[Bar]
    machine: dict[str, Any] = msgspec.field(default_factory=lambda: this_machine())

    def json(self) -> str:
        """The result as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()

    def print(self, console: Console) -> None:
        """The result as tables, for a person."""
        table = Table(title=f"presence bench {self.bench}", title_justify="left")
        # Figures go down and cases across: there are many of the former and few of the latter.
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        cases = [str(row[names[0]]) for row in self.rows] if len(self.rows) > 1 else ["value"]
        table.add_column("figure" if len(self.rows) == 1 else names[0])
        for case in cases:
            table.add_column(case, justify="right")
        for name in names if len(self.rows) == 1 else names[1:]:
            cells = (_cell(row.get(name, "")) for row in self.rows)
            table.add_row(name.replace("_", " "), *cells)
        console.print(table)
        for bar in self.bars:
            mark = "[green]met[/]" if bar.ok else "[red]missed[/]"
            console.print(f"{mark}  {bar.name}: {bar.value:g} (limit {bar.limit:g})")


def at_most(name: str, value: float, limit: float) -> Bar:
    """A bar that a figure must not pass."""
    return Bar(name, value, limit, value <= limit)


def this_machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
