"""What a benchmark says: rows, and bars that they are held against; as a table and as JSON."""

from __future__ import annotations

import os
import platform
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


class Bar(msgspec.Struct, frozen=True, omit_defaults=True):
    """A figure and its limit."""

    name: str
    value: float
    limit: float
    ok: bool
    stretch: bool = False
    """A goal beyond the bar, which may be missed."""


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
        for name, rows in self.tables().items():
            console.print(_table(f"presence bench {self.bench}{name and ': '}{name}", rows))
        for bar in self.bars:
            mark = "[green]met[/]" if bar.ok else "[red]missed[/]"
            name = f"{bar.name} (stretch)" if bar.stretch else bar.name
            console.print(f"{mark}  {name}: {bar.value:g} (limit {bar.limit:g})")

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The rows by the table that they name, if they name one."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows:
            rest = {name: value for name, value in row.items() if name != "table"}
            tables.setdefault(row.get("table", ""), []).append(rest)
        return tables

    @property
    def met(self) -> bool:
        """Whether every bar is met; goals beyond them do not count."""
        return all(bar.ok or bar.stretch for bar in self.bars)


def at_most(name: str, value: float, limit: float, *, stretch: bool = False) -> Bar:
    """A bar that a figure must not pass."""
    return Bar(name, value, limit, value <= limit, stretch)


def at_least(name: str, value: float, limit: float) -> Bar:
    """A bar that a figure must reach."""
    return Bar(name, value, limit, value >= limit)


def this_machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    """Figures go down and cases across: there are many of the former and few of the latter."""
    table = Table(title=title, title_justify="left")
    names = list(dict.fromkeys(name for row in rows for name in row))
    cases = [str(row[names[0]]) for row in rows] if len(rows) > 1 else ["value"]
    table.add_column("figure" if len(rows) == 1 else names[0])
    for case in cases:
        table.add_column(case, justify="right")
    for name in names if len(rows) == 1 else names[1:]:
        cells = (_cell(row.get(name, "")) for row in rows)
        table.add_row(name.replace("_", " "), *cells)
    return table


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
