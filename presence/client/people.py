"""The people whom a view shows: what the media process said of each, played out in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from presence.client.records import Came, Heard, Record, Seated, Went
from presence.playout import Playout, Shown, ShownState
from presence.pose.proportions import Proportions
from presence.room.places import seen_from
from presence.scene.avatar import Avatar
from presence.scene.stage import Person, Stage


@dataclass(slots=True)
class _Guest:
    """Someone who is here. State: what was heard of them."""

    came: Came
    proportions: Proportions
    playout: Playout = field(default_factory=Playout)


@dataclass(frozen=True, slots=True)
class OnShow:
    """Someone as they are shown at one display time."""

    stream: int
    shown: Shown


class People:
    """Everybody else in the room. State: who is here, and what was heard of each."""

    def __init__(self, avatar_of: Callable[[Came], Avatar | None]) -> None:
        """``avatar_of`` gives the body drawn for somebody, or None while it is being made."""
        self._avatar_of = avatar_of
        self._guests: dict[int, _Guest] = {}
        self._own_seat = 0

    def __len__(self) -> int:
        return len(self._guests)

    def tell(self, record: Record) -> None:
        """Take in what the media process said."""
        match record:
            case Heard():
                guest = self._guests.get(record.stream)
                if guest is not None:
                    guest.playout.push(record.sample, record.sequence, record.arrival_ns)
            case Came():
                guest = self._guests.get(record.stream)
                if guest is None:
                    self._guests[record.stream] = _Guest(record, record.proportions)
                    return
                # Bodies are fitted once to the same object, and most of this is said again.
                if guest.came.profile != record.profile:
                    guest.proportions = record.proportions
                guest.came = record
            case Went():
                self._guests.pop(record.stream, None)
            case Seated():
                self._own_seat = record.seat

    def at(self, display_ns: int, now_ns: int) -> tuple[Stage, list[OnShow]]:
        """Everyone as they are shown at ``display_ns``, by this participant's clock.

        Nobody is shown in one's own seat: only a host that errs gives one to two.
        """
        seats = {self._own_seat, *(guest.came.seat for guest in self._guests.values())}
        places = seen_from(self._own_seat, seats)
        people, on_show = [], []
        for stream, guest in self._guests.items():
            shown = guest.playout.show(display_ns, now_ns)
            avatar = self._avatar_of(guest.came)
            place = places.get(guest.came.seat)
            if shown is None or shown.state is ShownState.GONE or avatar is None or place is None:
                continue
            people.append(
                Person(
                    avatar=avatar,
                    sample=shown.sample,
                    proportions=guest.proportions,
                    own_place_from_place=place,
                    opacity=shown.opacity,
                )
            )
            on_show.append(OnShow(stream, shown))
        return Stage(people), on_show
