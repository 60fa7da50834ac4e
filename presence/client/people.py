"""The people whom a view shows: what the media process said of each, played out in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from presence.client.guests import Guest, Guests
from presence.client.records import Came, Record
from presence.playout import Shown, ShownState
from presence.pose.arrays import frozen
from presence.pose.derive import with_jaw
from presence.pose.sample import Part, PoseSample
from presence.scene.avatar import Avatar
from presence.scene.stage import Person, Stage
from presence.voice.lips import blend


@dataclass(frozen=True, slots=True)
class OnShow:
    """Someone as they are shown at one display time."""

    stream: int
    shown: Shown


class People:
    """Everybody else in the room, as they are shown. State: what was heard of each."""

    def __init__(self, avatar_of: Callable[[Came], Avatar | None]) -> None:
        """``avatar_of`` gives the body drawn for somebody, or None while it is being made."""
        self._avatar_of = avatar_of
        self._guests = Guests()

    def __len__(self) -> int:
        return len(self._guests)

    def tell(self, record: Record) -> None:
        """Take in what the media process said."""
        self._guests.tell(record)

    @property
    def waits(self) -> dict[int, int]:
        """How far behind each would be shown, were it not for their voice, nanoseconds."""
        return {stream: guest.playout.wait_ns for stream, guest in self._guests.items()}

    def at(self, display_ns: int, now_ns: int) -> tuple[Stage, list[OnShow]]:
        """Everyone as they are shown at ``display_ns``, by this participant's clock."""
        people, on_show = [], []
        for stream, guest, place in self._guests.placed():
            shown = guest.playout.show(display_ns, now_ns)
            avatar = self._avatar_of(guest.came)
            if shown is None or shown.state is ShownState.GONE or avatar is None:
                continue
            people.append(
                Person(
                    avatar=avatar,
                    sample=_speaking(shown.sample, guest),
                    proportions=guest.proportions,
                    own_place_from_place=place,
                    opacity=shown.opacity,
                    speaking=guest.mouth.level_at(shown.sender_ns),
                )
            )
            on_show.append(OnShow(stream, shown))
        return Stage(people), on_show


def _speaking(sample: PoseSample, guest: Guest) -> PoseSample:
    """The sample with the mouth that the voice says, as far as the face is not tracked."""
    lips, counts = guest.mouth.shapes_at(sample.capture_ns)
    tracked = float(sample.tracked[Part.FACE])
    if counts == 0.0 or tracked == 1.0:
        return sample
    face = blend(sample.face, lips, 1.0 - counts * (1.0 - tracked))
    return with_jaw(replace(sample, face=frozen(face)))
