"""What a participant leaves for a report: columns of numbers, and the settings they came from.

Two clocks are in these logs: ``*_machine_ns`` is the machine's, which is the truth that every
process shares; any other time is by the participant's own clock. Nothing here is ever read by the
call itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from presence.client.settings import Settings
from presence.errors import UsageError


class Columns:
    """Rows of numbers that grow during a call. State: the rows."""

    def __init__(self, *names: str) -> None:
        """Name the columns; every row must have as many values."""
        self._names = names
        self._rows: list[tuple[float, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, *values: float) -> None:
        """Append a row."""
        self._rows.append(values)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Each column as an array: integers where every value is one, doubles elsewhere."""
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(self._names)
        return {
            name: np.array(column, dtype=np.int64 if _whole(column) else np.float64)
            for name, column in zip(self._names, columns, strict=True)
        }


def _whole(values: tuple[float, ...]) -> bool:
    return all(isinstance(value, int) for value in values)


def captured_columns() -> Columns:
    """A row for each frame that this participant made."""
    return Columns("sequence", "capture_ns", "capture_machine_ns", "bytes", "golden")


def received_columns() -> Columns:
    """A row for each frame of another that arrived and was decoded."""
    return Columns("stream", "sequence", "arrival_machine_ns", "bytes")


def frame_columns() -> Columns:
    """A row for each frame that the view displayed."""
    return Columns(
        "woke_machine_ns", "display_machine_ns", "period_ns", "done_machine_ns", "cpu_ns"
    )


def shown_columns() -> Columns:
    """A row for each person in each displayed frame; the poses are kept beside it."""
    return Columns(
        "display_machine_ns",
        "stream",
        "older_sequence",
        "newer_sequence",
        "fraction",
        "extrapolated_ns",
        "sender_ns",
        "estimate_ns",
        "opacity",
    )


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Who a log is of."""

    settings: Settings
    stream: int
    seat: int
    epoch_ns: int
    """When the performance or the motion began, by the participant's clock."""
    peers: dict[str, str] = {}
    """Each peer's stream number and the carrier that their frames came over."""
    sound_from_ns: int | None = None
    """When the first sample of files that stand for devices was heard, by the same clock."""


class ViewAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What the view was."""

    runtime: str
    render_size: tuple[int, int]
    """Width and height of each eye's image rectangle during the call, pixels."""
    still_size: tuple[int, int]
    renderer: str
    """What OpenGL says it is."""


def save_log(directory: Path, name: str, about: msgspec.Struct, **columns: NDArray[Any]) -> None:
    """Write ``NAME.json`` and ``NAME.npz`` into the directory.

    Raises:
        UsageError: they cannot be written there.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        np.savez(directory / f"{name}.npz", **columns)
        (directory / f"{name}.json").write_bytes(msgspec.json.encode(about))
    except OSError as error:
        raise UsageError(
            f"the log of the call could not be written ({error}); choose another folder"
        ) from error


def prefixed(prefix: str, columns: Columns) -> dict[str, NDArray[Any]]:
    """A table's columns under one prefix, so that one file holds several tables."""
    return {f"{prefix}_{name}": values for name, values in columns.arrays().items()}


class Log:
    """One saved log, read back. State: the open file's columns."""

    def __init__(self, directory: Path, name: str) -> None:
        """Read ``NAME.json`` and ``NAME.npz``.

        Raises:
            UsageError: they are missing or damaged.
        """
        try:
            self._about = (directory / f"{name}.json").read_bytes()
            with np.load(directory / f"{name}.npz") as file:
                self._columns = dict(file)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{directory}/{name} is not a whole call log ({error}); run the call again"
            ) from error

    def about(self, kind: type[msgspec.Struct]) -> Any:
        """The JSON half, as the given struct."""
        return msgspec.json.decode(self._about, type=kind)

    def table(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The columns of one table."""
        start = len(prefix) + 1
        return {k[start:]: v for k, v in self._columns.items() if k.startswith(prefix + "_")}
