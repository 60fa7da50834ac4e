"""Which sound device a person means."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from presence.errors import SoundError

_BEST_HOSTS = ("Windows WASAPI", "Core Audio", "ALSA", "JACK Audio Connection Kit")
"""Where one device can be had in several ways, the first of these that has it."""


class Kind(enum.StrEnum):
    """What a sound device is to be used as."""

    MICROPHONE = "microphone"
    HEADPHONES = "headphones"

    @property
    def plural(self) -> str:
        """Several of them, for people."""
        return "microphones" if self is Kind.MICROPHONE else "headphones"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A sound device that is there."""

    index: int
    """Its number, as long as PortAudio does not begin anew."""
    name: str
    host: str
    """By which of the system's ways it is reached, such as ALSA."""
    inputs: int
    """Channels that it hears."""
    outputs: int
    """Channels that it plays."""
    rate: int
    """Samples a second that it prefers."""
    default_input: bool
    """Whether it is the system's choice for hearing."""
    default_output: bool
    """Whether it is the system's choice for playing."""

    def serves(self, kind: Kind) -> bool:
        """Whether it can be used as that."""
        return (self.inputs if kind is Kind.MICROPHONE else self.outputs) > 0

    def is_default(self, kind: Kind) -> bool:
        """Whether it is the system's choice for that."""
        return self.default_input if kind is Kind.MICROPHONE else self.default_output


def default_of(devices: Sequence[DeviceInfo], kind: Kind) -> DeviceInfo | None:
    """The system's choice; else the first that serves; None where none does."""
    serving = [device for device in devices if device.serves(kind)]
    chosen = [device for device in serving if device.is_default(kind)]
    return next(iter([*chosen, *serving]), None)


def choose(devices: Sequence[DeviceInfo], wanted: str, kind: Kind) -> DeviceInfo:
    """The device that a name, or a part of one that no other has, stands for.

    Args:
        devices: those that are there.
        wanted: the name; case does not matter.
        kind: what it is for.

    Raises:
        SoundError: none or several are called that; the message lists what there is.
    """
    serving = [device for device in devices if device.serves(kind)]
    part = wanted.strip().casefold()
    found = [device for device in serving if part in device.name.casefold()]
    found = [device for device in found if device.name.casefold() == part] or found
    names = list(dict.fromkeys(device.name for device in found))
    # One of Windows' ways cuts names off after 31 characters.
    longest = max(names, key=len, default="")
    if not found or not all(longest.startswith(name) for name in names):
        there = ", ".join(dict.fromkeys(repr(device.name) for device in found or serving))
        fits = f"fits several {kind.plural}" if found else f"fits none of the {kind.plural} here"
        raise SoundError(
            f"the name {wanted!r} {fits}: "
            + (f"give a part of just one of {there}" if there else "there are none, so plug one in")
        )
    return min(found, key=_rank)


def _rank(device: DeviceInfo) -> int:
    return _BEST_HOSTS.index(device.host) if device.host in _BEST_HOSTS else len(_BEST_HOSTS)
