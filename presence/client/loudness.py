"""How loud each person is to this listener, remembered by their device from call to call."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import msgspec

from presence.client.keeping import set_aside, write_whole
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
            aside = set_aside(file)
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
            write_whole(self._file, msgspec.json.format(msgspec.json.encode(self._known)))
        except OSError as error:
            log.warning("how loud people are is forgotten after this call: %s", error)
