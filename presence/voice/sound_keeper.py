"""One microphone and one pair of headphones at any time, whatever is plugged in and out.

Those that were asked for; else the system's choice, followed as it changes; else none, which is
silence at the right pace. Who talks never has to begin anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from presence.clock import SECOND
from presence.errors import SoundError
from presence.voice.choosing import DeviceInfo, Kind, choose, default_of
from presence.voice.device_watch import DeviceWatch
from presence.voice.file_device import null_headphones, null_microphone
from presence.voice.headphones import Headphones
from presence.voice.microphone import Microphone
from presence.voice.sound_system import SoundSystem

_LEAST_BETWEEN_NS = 2 * SECOND
"""Between one opening of the devices and the next."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which devices a person asked for: names or parts of them; None is the system's choice."""

    microphone: str | None = None
    headphones: str | None = None
    without: frozenset[Kind] = frozenset()
    """What is not to be opened at all."""

    def of(self, kind: Kind) -> str | None:
        """The wish for one of them."""
        return self.microphone if kind is Kind.MICROPHONE else self.headphones


class SoundKeeper:
    """See the module. State: what is open, under which names, and when that was last changed."""

    def __init__(
        self,
        wishes: Wishes,
        system: SoundSystem,
        watch: DeviceWatch,
        say: Callable[[str], None],
        now_ns: int,
    ) -> None:
        """Open what there is.

        Args:
            wishes: what was asked for.
            system: opens devices.
            watch: sees them come and go.
            say: is told in a sentence, for the person, what is used instead of what was.
            now_ns: the time.

        Raises:
            SoundError: a device that was asked for is not there, or its name is not clear.
        """
        self._wishes, self._system, self._watch, self._say = wishes, system, watch, say
        self._names: dict[Kind, str | None] = {}
        self._tried_ns = now_ns
        devices = system.devices()
        for kind in Kind:
            if (wanted := wishes.of(kind)) is not None:
                choose(devices, wanted, kind)
        self.microphone: Microphone = null_microphone(now_ns)
        """What hears."""
        self.headphones: Headphones = null_headphones(now_ns)
        """What plays."""
        self.begun_ns: int | None = None
        """Devices of a machine are no files, which would have a beginning."""
        self.changes = 0
        """How often devices were opened anew; their times and counts begin anew, too."""
        self._open(devices, now_ns)

    def check(self, now_ns: int) -> bool:
        """See that what is used is there, and the best there is; a few times a second.

        Returns:
            Whether ``microphone`` and ``headphones`` are others now.
        """
        gone = [kind for kind in Kind if not self._device(kind).alive]
        devices = self._watch.look(now_ns)
        better = devices is not None and any(self._misplaced(devices, kind) for kind in Kind)
        if not (gone or better) or now_ns - self._tried_ns < _LEAST_BETWEEN_NS:
            return False
        # PortAudio must end all it does to see what there is.
        self.microphone.close()
        self.headphones.close()
        self._system.refresh()
        try:
            there = self._system.devices()
        except SoundError as error:
            _log.warning("%s", error)
            there = []
        self._tried_ns = now_ns
        self.changes += 1
        self._open(there, now_ns)
        return True

    def close(self) -> None:
        """Give the devices back."""
        self._watch.close()
        self.microphone.close()
        self.headphones.close()

    def _device(self, kind: Kind) -> Microphone | Headphones:
        return self.microphone if kind is Kind.MICROPHONE else self.headphones

    def _misplaced(self, devices: list[DeviceInfo], kind: Kind) -> bool:
        """Whether another device than that in use should be."""
        name = self._names[kind]
        # One that is in use may not show in a list that others make: it is busy.
        if name is not None and all(device.name != name for device in devices):
            return False
        best = self._best(devices, kind)
        return best is not None and best.name != name

    def _best(self, devices: list[DeviceInfo], kind: Kind) -> DeviceInfo | None:
        if kind in self._wishes.without:
            return None
        wanted = self._wishes.of(kind)
        if wanted is not None:
            try:
                return choose(devices, wanted, kind)
            except SoundError as error:
                _log.debug("%s", error)
        return default_of(devices, kind)

    def _open(self, devices: list[DeviceInfo], now_ns: int) -> None:
        for kind in Kind:
            first = kind not in self._names
            before = self._names.get(kind)
            name = self._names[kind] = self._open_one(devices, kind, now_ns)
            if name != before and not first:
                self._say(_sentence(kind, before, name, self._wishes.of(kind)))
            elif first and name is None and kind not in self._wishes.without:
                self._say(_sentence(kind, None, None, None))

    def _open_one(self, devices: list[DeviceInfo], kind: Kind, now_ns: int) -> str | None:
        """Open the best that lets itself be opened; returns its name."""
        left = list(devices)
        while (best := self._best(left, kind)) is not None:
            try:
                if kind is Kind.MICROPHONE:
                    self.microphone = self._system.open_microphone(best)
                else:
                    self.headphones = self._system.open_headphones(best)
            except SoundError as error:
                _log.warning("%s", error)
                left.remove(best)
            else:
                return best.name
        if kind is Kind.MICROPHONE:
            self.microphone = null_microphone(now_ns)
        else:
            self.headphones = null_headphones(now_ns)
        return None


def _sentence(kind: Kind, before: str | None, name: str | None, wanted: str | None) -> str:
    """What has become of a device, for the person."""
    hears = "hears you" if kind is Kind.MICROPHONE else "is what you hear by"
    if name is None:
        there = f"{before!r} is gone, and there is no other" if before else "there is no"
        if kind is Kind.MICROPHONE:
            return f"{there} microphone: nobody hears you until you plug one in"
        return f"{there} headphone or speaker: you hear nobody until you plug one in"
    if before is None:
        return f"{name!r} {hears} now"
    if wanted is not None and wanted.casefold() in name.casefold():
        return f"{name!r} is back and {hears} again"
    return f"{name!r} {hears} now instead of {before!r}"
