"""What people had in a room, written down so that it is kept for them when the host is restarted.

Their tokens prove it, but not before they come; a newcomer who is sooner would have it. Numbers
alone are written: neither who they are nor what the room is called.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from presence.resources import state_folder
from presence.room.members import RELAYED_CAPACITY
from presence.room.resume import Claim

_PREFIX = "places-"
_OLD_S = 86_400.0
"""A room that nobody opened again for so long is not opened again."""

_log = logging.getLogger(__name__)


class KeptPlaces:
    """The places of one room, on disk. State: what was written last."""

    def __init__(self, room: str, folder: Path | None = None) -> None:
        """Those of the room named ``room``; by default in the user's folder for such things."""
        folder = folder or state_folder()
        self._file = folder / (_PREFIX + hashlib.sha256(room.encode()).hexdigest()[:24])
        self._written: tuple[Claim, ...] = ()

    def read(self) -> tuple[Claim, ...]:
        """What was written last, by whichever process; nothing, if there is nothing of use."""
        try:
            self._forget_old()
            claims = msgspec.json.decode(self._file.read_bytes(), type=tuple[Claim, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError) as error:
            _log.info("nobody's place is kept: %s", error)
            return ()
        return claims[:RELAYED_CAPACITY]

    def write(self, claims: Iterable[Claim]) -> None:
        """Keep these, if they are others than before."""
        claims = tuple(claims)
        if claims == self._written:
            return
        self._written = claims
        try:
            if not claims:
                self._file.unlink(missing_ok=True)
                return
            half = self._file.with_suffix(".new")
            half.write_bytes(msgspec.json.encode(claims))
            half.replace(self._file)
        except OSError as error:
            # The call goes on; only newcomers may be sooner after a restart.
            _log.info("places cannot be kept for a restart: %s", error)

    def _forget_old(self) -> None:
        for file in self._file.parent.glob(_PREFIX + "*"):
            if time.time() - file.stat().st_mtime > _OLD_S:
                file.unlink(missing_ok=True)
