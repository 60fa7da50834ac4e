"""What one participant is told to do."""

from __future__ import annotations

from pathlib import Path

import msgspec

from presence.clock import SkewedClock
from presence.errors import LinkError, UsageError
from presence.transport.path_choice import PathChoice
from presence.wire.link import parse_link
from presence.wire.signalling import NAME_LIMIT

SENSORS = ("headset", "camera", "vmc", "live-link")
"""What can follow a person."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One participant's settings; the media process hands them to its view as JSON."""

    link: str
    """The room's link, as the host printed it."""
    name: str = "guest"
    """What the others call this person."""
    source: str = "performer"
    """``performer``, ``file``, ``headset``, ``camera`` or ``vmc``."""
    beside: tuple[str, ...] = ()
    """Further sensors, whose surest is taken of each part: ``camera``, ``vmc``, ``live-link``."""
    camera: str = "default"
    """``default``, a number, a part of a camera's name, or ``file:PATH``."""
    camera_mirrored: bool = False
    """Whether the camera's pictures come mirrored, as some programs' do."""
    camera_degrees: float | None = None
    """What its lens takes in from corner to corner; None: as most do."""
    standing: bool = False
    """Whether the person stands before the camera; else they sit."""
    vmc: str = "127.0.0.1:39539"
    """Where another program sends VMC packets to, ``HOST:PORT``."""
    live_link: str = "0.0.0.0:11111"
    """Where a phone sends its Live Link Face packets to, ``HOST:PORT``."""
    vmc_out: str | None = None
    """Where what this person does is sent as VMC packets, ``HOST:PORT``."""
    view: str = "window"
    """``headset``, ``window``, ``offscreen`` or ``none``."""
    path: PathChoice = "auto"
    """By which way the others are reached."""
    motion: str | None = None
    """A BVH file, for ``source="file"``."""
    face: str | None = None
    """A Live Link Face CSV file beside the motion."""
    seed: int = 0
    """Of the performer's ways and of the body that the others draw."""
    seat: int | None = None
    """The seat to ask the host for; None takes the first that is free."""
    cast: int = 3
    """How many people a performer believes are in the room."""
    epoch_ns: int | None = None
    """When a performance begins, by this participant's clock; None: now."""
    microphone: str = "none"
    """``none``, ``default``, ``lines`` (a performer's own), ``file:PATH``, or a device's name."""
    headphones: str = "none"
    """``none``, ``default``, ``file:PATH``, or a device's name."""
    muted: bool = False
    """Send nothing of the voice until told otherwise."""
    push_to_talk: bool = False
    """Send of the voice only what is said while a key is held."""
    rate: int = 60
    """Samples sent a second."""
    carriers: tuple[str, ...] = ("rtp", "data")
    """What may carry them to the others, the best first."""
    clock_offset_ns: int = 0
    """Nanoseconds by which this participant's clock is set apart from the machine's."""
    clock_drift_ppm: float = 0.0
    """Parts per million by which it runs fast."""
    eye_pixels: int | None = None
    """The longer side of the image rectangle drawn for each eye during the call, pixels.

    None: what the headset recommends, or 512 where a software rasteriser draws.
    """
    still_pixels: int = 1056
    """The longer side of the image rectangle of a still picture, pixels."""
    samples: int = 0
    """Samples a pixel during the call; 0 for one."""
    log_directory: str | None = None
    """Where to leave what was captured, sent, received and shown, for a report."""
    stills_after_s: float | None = None
    """Take a picture of both eyes so many seconds after the others are first seen."""
    video: bool = False
    """Keep the left eye's frames for a video."""
    code: str | None = None
    """A spoken code, in place of the link's secret."""
    invite: bool = False
    """Show codes by which others can be let in."""
    device: str | None = None
    """The file of this device's key, made if there is none; None: this user's own."""
    duration_s: float | None = None
    """End by itself so many seconds after joining."""

    @property
    def clock(self) -> SkewedClock:
        """This participant's own clock."""
        return SkewedClock(self.clock_offset_ns, self.clock_drift_ppm)

    @property
    def sensors(self) -> tuple[str, ...]:
        """What follows this person, the surest first; nothing does a performer or a file."""
        own = (self.source,) if self.source in SENSORS else ()
        return tuple(dict.fromkeys((*own, *self.beside)))

    @property
    def speaks(self) -> bool:
        """Whether anything can be heard of this person."""
        return self.microphone != "none"

    @property
    def listens(self) -> bool:
        """Whether voices are of any use here: to ears, or to whoever sees mouths move."""
        return self.headphones != "none" or self.view != "none"

    def check(self) -> None:
        """Find what cannot be before anything is started for it.

        Raises:
            LinkError: the link is none, or lacks its secret.
            UsageError: the name is none, the log has no place, or options contradict one another.
        """
        if self.code is not None:
            if parse_link(self.link).secret:
                raise UsageError("a whole link needs no --code: leave that out")
        elif not parse_link(self.link).secret:
            raise LinkError(
                "the link lacks the secret after its #, by which people know that they were "
                "invited; copy the whole link, as the host printed it, and put it in quotes; or "
                "ask somebody in the room for a --code"
            )
        if not self.name.strip() or len(self.name) > NAME_LIMIT or not self.name.isprintable():
            raise UsageError(
                f"--name {self.name!r} cannot be shown; give 1 to {NAME_LIMIT} printable characters"
            )
        self.check_sensors()
        if self.source == "file" and self.motion is None:
            raise UsageError("--as file needs a motion: add --motion FILE.bvh")
        if self.microphone == "lines" and self.source != "performer":
            raise UsageError("--microphone lines is a performer's own voice: add --as performer")
        if self.push_to_talk and not self.speaks:
            raise UsageError(
                "--push-to-talk needs something to talk into: add --microphone default"
            )
        if self.source != "file" and (self.motion or self.face):
            raise UsageError("--motion and --face are read with --as file only; add it")
        log = Path(self.log_directory or ".")
        if log.exists() and not log.is_dir():
            raise UsageError(f"--log {log} is a file; name a folder")

    def check_sensors(self) -> None:
        """Find what cannot be of what follows the person.

        Raises:
            UsageError: a sensor is none, or options contradict one another.
        """
        if self.source == "headset" and self.view != "headset":
            raise UsageError("--as headset needs --view headset: nothing else tracks a head")
        unknown = [name for name in self.beside if name not in SENSORS[1:]]
        if unknown:
            raise UsageError(f"--with {unknown[0]} is no sensor; give {', '.join(SENSORS[1:])}")
        if self.beside and self.source not in SENSORS:
            # A telephone's face alone makes nobody.
            other = next((name for name in self.beside if name != "live-link"), "vmc")
            raise UsageError(
                f"--with adds to a person who is tracked: say whom by --as, as --as {other}"
            )
        if self.camera_degrees is not None and not 20.0 <= self.camera_degrees <= 150.0:
            raise UsageError(
                f"--camera-degrees {self.camera_degrees:g} is no lens of a camera's; give what it "
                "takes in from corner to corner, 20 to 150, or leave it out"
            )
