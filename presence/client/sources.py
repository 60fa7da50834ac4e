"""The source that a participant's settings name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from presence.client.settings import Settings
from presence.codec import encode_profile
from presence.errors import SourceError, UsageError
from presence.pose.arrays import frozen
from presence.pose.proportions import Proportions
from presence.pose.sample import Part, PoseSample
from presence.tracking.source import Source

if TYPE_CHECKING:
    from presence.tracking.programs.vmc_out import VmcOut


class Voiced:
    """Somebody made by code who has a voice: what the mouth does is known by that alone."""

    def __init__(self, source: Source) -> None:
        """Take everything but the mouth from ``source``."""
        self._source = source
        self.proportions = source.proportions
        tracked = np.ones(len(Part))
        tracked[Part.FACE] = 0.0
        self._tracked = frozen(tracked)

    def sample(self, time_ns: int) -> PoseSample | None:
        """What they do, the face said to be made up."""
        sample = self._source.sample(time_ns)
        return None if sample is None else replace(sample, tracked=self._tracked)


class Retold:
    """Somebody of whom another program is told, too, whatever is sent to the room."""

    def __init__(self, source: Source, out: VmcOut) -> None:
        """Tell ``out`` what ``source`` does."""
        self._source = source
        self._out = out

    @property
    def proportions(self) -> Proportions:
        """The person's measures."""
        return self._source.proportions

    def sample(self, time_ns: int) -> PoseSample | None:
        """What they do."""
        sample = self._source.sample(time_ns)
        if sample is not None:
            self._out.send(sample)
        return sample


@contextlib.contextmanager
def retold(source: Source, vmc_out: str | None) -> Iterator[Source]:
    """The source, and within the block a program at ``vmc_out`` is told what they do, if given.

    Raises:
        UsageError: there is no such host.
    """
    if vmc_out is None:
        yield source
        return
    from presence.tracking.programs.vmc_out import open_vmc_out

    with contextlib.closing(open_vmc_out(vmc_out, source.proportions)) as out:
        yield Retold(source, out)


def make_source(settings: Settings, seat: int, epoch_ns: int) -> Source:
    """A performer or a motion file, as the settings say; whom sensors follow is made of those.

    Args:
        settings: what the participant was told.
        seat: where it stands, which a performer needs to know whom to look at.
        epoch_ns: when the performance begins, by the participant's clock.

    Raises:
        SourceError: a file cannot be used.
        UsageError: the settings name no such source, or no file.
    """
    if settings.source == "performer":
        from presence.scene.body.drawing import draw_traits
        from presence.scene.body.measures import draw_measures
        from presence.tracking.performer import Performer

        # They move as the body that is drawn for their seed: hands meet and feet stand.
        traits = draw_traits(settings.seed)
        performer = Performer(
            settings.seed,
            seat=seat,
            cast=settings.cast,
            epoch_ns=epoch_ns,
            proportions=draw_measures(traits),
            girth=traits.girth,
        )
        return Voiced(performer) if settings.speaks else performer
    if settings.source == "file":
        from presence.tracking.motion import MotionSource

        if settings.motion is None:
            raise UsageError("--as file needs a motion: add --motion FILE.bvh")
        face = Path(settings.face) if settings.face else None
        source = MotionSource(Path(settings.motion), face, epoch_ns=epoch_ns)
        try:
            encode_profile(source.proportions)
        except ValueError as error:
            fault = str(error).partition(";")[0]
            raise SourceError(
                f"{settings.motion}: {fault}, which is no person; give a person's motion"
            ) from None
        return source
    raise UsageError(f"no source is called {settings.source!r}: use performer or file")
