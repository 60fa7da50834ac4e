"""What this device's user measures, kept in their configuration from call to call."""

from __future__ import annotations

import logging
import math
from datetime import date
from pathlib import Path

import msgspec

from presence.client.device import default_device_file
from presence.client.keeping import write_whole
from presence.errors import UsageError
from presence.pose.proportions import Proportions
from presence.tracking.measuring import Measured

_log = logging.getLogger(__name__)
_SIZE_LIMIT = 4096


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """One person's measures, as they are kept."""

    eye_height: float
    """Metres from the floor to the eyes, standing."""
    reach: float | None = None
    """Metres from wrist to wrist."""
    measured: str = ""
    """The day, as 2026-11-27."""

    def as_measured(self) -> Measured:
        """The same for whoever builds a body of it."""
        return Measured(self.eye_height, self.reach)


def measures_file(device: Path | None = None) -> Path:
    """Where measures are kept: beside a device's key, by default this user's."""
    return (device or default_device_file()).with_name("measures.json")


def kept_measures(file: Path | None = None) -> Measures | None:
    """The measures that are kept; None if there are none.

    Raises:
        UsageError: the file cannot be read, or holds no person's measures.
    """
    file = file or measures_file()
    again = "run presence calibrate to be measured anew"
    try:
        with file.open("rb") as opened:
            text = opened.read(_SIZE_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        fault = error.strerror or error
        raise UsageError(f"your measures in {file} cannot be read ({fault}); {again}") from None
    try:
        measures = msgspec.json.decode(text, type=Measures)
    except msgspec.MsgspecError:
        raise UsageError(f"your measures in {file} are damaged; {again}") from None
    known = [value for value in (measures.eye_height, measures.reach) if value is not None]
    if not all(math.isfinite(value) and 0.3 < value < 3.0 for value in known):
        raise UsageError(f"the measures in {file} are no person's; {again}")
    return measures


def keep_measures(measured: Measured, file: Path | None = None) -> Path:
    """Keep somebody's measures with the day, whole or not at all; returns where.

    Raises:
        UsageError: they cannot be written.
    """
    file = file or measures_file()
    measures = Measures(
        eye_height=round(measured.eye_height, 3),
        reach=None if measured.reach is None else round(measured.reach, 3),
        measured=date.today().isoformat(),
    )
    try:
        write_whole(file, msgspec.json.format(msgspec.json.encode(measures)) + b"\n")
    except OSError as error:
        raise UsageError(
            f"your measures cannot be kept in {file} ({error.strerror or error}); make the folder "
            "writable"
        ) from None
    return file


def measured_proportions(file: Path | None = None) -> Proportions | None:
    """The body of whoever uses this device, as measured; None if they never were.

    A damaged file is said in the log, and is as good as none.
    """
    try:
        measures = kept_measures(file)
    except UsageError as error:
        _log.warning("%s", error)
        return None
    return None if measures is None else measures.as_measured().proportions()
