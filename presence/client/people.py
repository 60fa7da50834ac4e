"""The people whom a view shows: what the media process said of each, played out in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from presence.client.guests import Guests
from presence.client.records import Came, Record
from presence.playout import Shown, ShownState
from presence.scene.avatar import Avatar
from presence.scene.stage import Person, Stage


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
                    sample=shown.sample,
                    proportions=guest.proportions,
                    own_place_from_place=place,
                    opacity=shown.opacity,
                )
            )
            on_show.append(OnShow(stream, shown))
        return Stage(people), on_show
