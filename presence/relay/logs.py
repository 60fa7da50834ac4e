"""What a relay writes about itself to standard error: sentences, or lines of JSON for programs.

Nothing of it says who somebody is: no address unless that is asked for, no token, and of a room a
name of its own that nobody else can make, and that changes with each start.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import sys
from typing import Any

import msgspec

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
_NAME_BYTES = 4
_OURS = "presence"


class LogSettings(msgspec.Struct, frozen=True):
    """What is written, and how."""

    form: str = "text"
    """``text`` or ``json``."""
    level: str = "info"
    addresses: bool = False
    """Whether the addresses of who was refused are written."""
    salt: bytes = b""
    """Makes the names by which rooms are called; the same in all processes of a relay."""
    worker: int | None = None
    """Which process this is; None: the only one, or the one that watches over the others."""


def set_up_logging(settings: LogSettings) -> None:
    """From now on this process writes what happens.

    Only what this package says: libraries tell addresses and, as they debug, tokens. Of those
    warnings are written, as they are without this.
    """
    handler = logging.StreamHandler(sys.stderr)
    form = _JsonFormatter if settings.form == "json" else _TextFormatter
    handler.setFormatter(form(settings.worker))
    ours = logging.getLogger(_OURS)
    ours.handlers = [handler]
    ours.propagate = False
    ours.setLevel(settings.level.upper())


def tell(log: logging.Logger, level: int, event: str, sentence: str, **fields: Any) -> None:
    """Write that something happened.

    Args:
        log: The module's.
        level: How much it matters.
        event: A word for it that programs know.
        sentence: For people.
        fields: What programs may want to know of it.
    """
    log.log(level, "%s", sentence, extra={"event": event, "fields": fields})


def name_in_logs(room: str, salt: bytes) -> str:
    """What a room is called where it is written of."""
    return hashlib.blake2s(room.encode(), key=salt, digest_size=_NAME_BYTES).hexdigest()


def quiet_logger() -> logging.Logger:
    """For websockets, which would write of those who come: their mistakes, with tracebacks."""
    quiet = logging.getLogger(f"{__name__}.quiet")
    quiet.setLevel(logging.CRITICAL)
    return quiet


class _Formatter(logging.Formatter):
    def __init__(self, worker: int | None) -> None:
        super().__init__()
        self._worker = worker

    def _time(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _TextFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        worker = "" if self._worker is None else f" worker {self._worker}:"
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        line = f"{self._time(record)} {record.levelname.lower()}:{worker} {record.getMessage()}"
        return line + (f" ({fields[1:]})" if fields else "") + self._traceback(record)

    def _traceback(self, record: logging.LogRecord) -> str:
        return "" if record.exc_info is None else "\n" + self.formatException(record.exc_info)


class _JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self._time(record),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "sentence": record.getMessage(),
        }
        if self._worker is not None:
            line["worker"] = self._worker
        line |= _fields(record)
        if record.exc_info is not None:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields
