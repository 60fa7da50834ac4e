"""How loud each person is to this listener, remembered by their device from call to call."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec

from presence.voice.spatial import LOUDEST

log = logging.getLogger(__name__)


class Loudness(msgspec.Struct, frozen=True):
    """One person's, for one listener."""

    gain: Annotated[float, msgspec.Meta(ge=0.0, le=LOUDEST)] = 1.0
    """1 is as they come."""
    silenced: bool = False
    """Whether they are not heard, whatever the gain."""


AS_THEY_COME = Loudness()


class LoudnessBook:
    """Everybody's. State: what was chosen, in memory and in the file."""

    def __init__(self, file: Path) -> None:
        """Read the file, if there is one; one that is damaged is set aside, and said so."""
        self._file = file
        self._known: dict[str, Loudness] = {}
        try:
            self._known = msgspec.json.decode(file.read_bytes(), type=dict[str, Loudness])
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as error:
            aside = file.with_name(f"{file.name}.damaged")
            with contextlib.suppress(OSError):
                file.replace(aside)
            log.warning("how loud people are was forgotten: %s (%s); see %s", file, error, aside)

    def of(self, device: bytes) -> Loudness:
        """How loud whoever has that device is."""
        return self._known.get(device.hex(), AS_THEY_COME)

    def choose(self, device: bytes, loudness: Loudness) -> None:
        """Remember how loud somebody is to be; if that cannot be written, the log says so."""
        if loudness == AS_THEY_COME:
            self._known.pop(device.hex(), None)
        else:
            self._known[device.hex()] = loudness
        try:
            self._write()
        except OSError as error:
            log.warning("how loud people are is forgotten after this call: %s", error)

    def _write(self) -> None:
        """Whole or not at all."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(msgspec.json.format(msgspec.json.encode(self._known)))
            Path(name).replace(self._file)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
