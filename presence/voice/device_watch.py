"""Which sound devices there are by now, looked at from beside.

PortAudio sees a new device only when it begins anew, and that would end what is heard and played.
So a child of ours begins one of its own, says what it sees, and ends.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from presence.clock import SECOND
from presence.voice.choosing import DeviceInfo

_EVERY_NS = 5 * SECOND
_PATIENCE_NS = 15 * SECOND
_NODES = Path("/dev/snd")
_LOOK = """
import dataclasses, json
from presence.clock import MonotonicClock
from presence.voice.sound_system import SoundSystem
print(json.dumps([dataclasses.asdict(d) for d in SoundSystem(MonotonicClock()).devices()]))
"""


class DeviceWatch(Protocol):
    """Something that sees devices come and go."""

    def look(self, now_ns: int) -> list[DeviceInfo] | None:
        """All devices that there are, if found out since the last time; waits for nothing."""
        ...

    def close(self) -> None:
        """Look no more."""
        ...


class ChildWatch:
    """See the module. State: the child that looks, if one does, and when and where it looked last.

    On Linux a look costs nothing while the kernel's list of sound devices stays as it was.
    """

    def __init__(self, *, kernel: Callable[[], object] | None = None) -> None:
        """``kernel``: what changes when a device comes or goes; None where nothing is known to."""
        self._kernel = kernel or _kernel_devices
        self._child: subprocess.Popen[bytes] | None = None
        self._begun_ns = 0
        self._seen: object = None
        self._looked = False

    def look(self, now_ns: int) -> list[DeviceInfo] | None:
        """All devices that there are, if found out since the last time; waits for nothing."""
        if self._child is not None:
            return self._told(now_ns)
        if self._looked and now_ns - self._begun_ns < _EVERY_NS:
            return None
        kernel = self._kernel()
        self._begun_ns = now_ns
        if self._looked and kernel is not None and kernel == self._seen:
            return None
        self._looked, self._seen = True, kernel
        self._child = subprocess.Popen(
            [sys.executable, "-c", _LOOK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return None

    def close(self) -> None:
        """Look no more."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _told(self, now_ns: int) -> list[DeviceInfo] | None:
        assert self._child is not None
        if self._child.poll() is None:
            if now_ns - self._begun_ns > _PATIENCE_NS:
                self.close()
            return None
        said, _ = self._child.communicate()
        self._child = None
        with contextlib.suppress(ValueError, TypeError):
            return [DeviceInfo(**each) for each in json.loads(said)]
        return None


def _kernel_devices() -> object:
    """The kernel's sound devices; None where it has no such list."""
    if sys.platform != "linux" or not _NODES.is_dir():
        return None
    return sorted(node.name for node in _NODES.iterdir())
