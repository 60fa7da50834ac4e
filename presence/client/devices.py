"""The microphone and the headphones that a participant's settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from presence.client.lines import RATE, lines
from presence.client.settings import Settings
from presence.clock import Clock
from presence.errors import SoundError, UsageError
from presence.voice.choosing import Kind
from presence.voice.device_watch import ChildWatch
from presence.voice.file_device import (
    file_headphones,
    file_microphone,
    null_headphones,
    null_microphone,
    sound_microphone,
)
from presence.voice.headphones import Headphones
from presence.voice.microphone import Microphone
from presence.voice.sound_keeper import SoundKeeper, Wishes
from presence.voice.sound_system import SoundSystem

_LINES_S = 600.0
"""For so long a performer has something to say; then it begins again."""
_FILE = "file:"


class Devices(Protocol):
    """A microphone and headphones at any time, whatever is plugged in and out."""

    microphone: Microphone
    headphones: Headphones
    begun_ns: int | None
    """When the headphones' file begins, if they are one."""

    def check(self, now_ns: int) -> bool:
        """See that they are there; whether they are others now. A few times a second."""

    def close(self) -> None:
        """Give them back."""


class FixedDevices:
    """Files, or nothing: they stay what they are."""

    def __init__(
        self, microphone: Microphone, headphones: Headphones, begun_ns: int | None = None
    ) -> None:
        """Take these."""
        self.microphone = microphone
        self.headphones = headphones
        self.begun_ns = begun_ns

    def check(self, now_ns: int) -> bool:
        """They are what they were."""
        return False

    def close(self) -> None:
        """End what they write."""
        self.microphone.close()
        self.headphones.close()


def open_devices(
    settings: Settings, clock: Clock, seat: int, epoch_ns: int, say: Callable[[str], None]
) -> Devices:
    """What the settings name; the settings are such as :meth:`Settings.check` lets pass.

    Args:
        settings: the participant's.
        clock: its own.
        seat: where it stands, which a performer's script needs.
        epoch_ns: when a performance begins, by the clock: files are heard from then on.
        say: is told in a sentence, for the person, which device is used instead of another.

    Raises:
        SoundError: a device that was named is not there.
        SourceError: a file cannot be used.
        UsageError: a performer cannot speak here.
    """
    microphone, headphones = settings.microphone, settings.headphones
    if _is_real(microphone) or _is_real(headphones):
        return _keeper(settings, clock, say)
    now_ns = clock.now_ns()
    if microphone == "lines":
        voice = lines(settings.seed, seat, settings.cast, _LINES_S)
        said = sound_microphone("the lines of a performer", voice, RATE, epoch_ns, loop=True)
    elif microphone.startswith(_FILE):
        said = file_microphone(Path(microphone.removeprefix(_FILE)), epoch_ns)
    else:
        said = null_microphone(now_ns)
    if headphones.startswith(_FILE):
        heard = file_headphones(Path(headphones.removeprefix(_FILE)), now_ns)
    else:
        heard = null_headphones(now_ns)
    return FixedDevices(said, heard, now_ns)


def _is_real(name: str) -> bool:
    """Whether a name stands for a device of this machine."""
    return name not in ("none", "lines") and not name.startswith(_FILE)


def _keeper(settings: Settings, clock: Clock, say: Callable[[str], None]) -> Devices:
    names = {Kind.MICROPHONE: settings.microphone, Kind.HEADPHONES: settings.headphones}
    for kind, name in names.items():
        if not _is_real(name) and name != "none":
            raise UsageError(
                f"--{kind} {name} cannot go with a device of this machine: "
                "give files for both, or for neither"
            )
    named = {kind: name for kind, name in names.items() if name not in ("default", "none")}
    wishes = Wishes(
        named.get(Kind.MICROPHONE),
        named.get(Kind.HEADPHONES),
        without=frozenset(kind for kind, name in names.items() if name == "none"),
    )
    try:
        return SoundKeeper(wishes, SoundSystem(clock), ChildWatch(), say, clock.now_ns())
    except SoundError as error:
        if named:
            raise
        # Who did not ask for sound by name is not kept from the call for want of it.
        say(str(error))
        return FixedDevices(null_microphone(clock.now_ns()), null_headphones(clock.now_ns()))
