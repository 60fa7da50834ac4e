"""Who else is in the room and what was heard of each, for whoever shows them or hears them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from presence.client.mouth import Mouth
from presence.client.records import Came, Heard, Record, Seated, Spoke, Went
from presence.playout import Playout
from presence.pose.proportions import Proportions
from presence.pose.rigid import Rigid
from presence.room.places import seen_from


@dataclass(slots=True)
class Guest:
    """Someone who is here. State: what was heard of them."""

    came: Came
    proportions: Proportions
    playout: Playout = field(default_factory=Playout)
    mouth: Mouth = field(default_factory=Mouth)


class Guests:
    """Everybody else in the room. State: who is here, and one's own seat."""

    def __init__(self) -> None:
        """Nobody is here yet."""
        self._guests: dict[int, Guest] = {}
        self._own_seat = 0
        self._places: dict[int, Rigid] | None = None
        """Of seats, seen from one's own; None: they have to be found anew."""

    def __len__(self) -> int:
        return len(self._guests)

    def get(self, stream: int) -> Guest | None:
        """Who has that number, if they are here."""
        return self._guests.get(stream)

    def tell(self, record: Record) -> None:
        """Take in what the media process said."""
        if isinstance(record, Came | Went | Seated):
            self._places = None
        match record:
            case Heard():
                guest = self._guests.get(record.stream)
                if guest is not None:
                    guest.playout.push(record.sample, record.sequence, record.arrival_ns)
            case Came():
                guest = self._guests.get(record.stream)
                if guest is None:
                    self._guests[record.stream] = Guest(record, record.proportions)
                    return
                # Bodies are fitted once to the same object, and most of this is said again.
                if guest.came.profile != record.profile:
                    guest.proportions = record.proportions
                guest.came = record
            case Went():
                self._guests.pop(record.stream, None)
            case Spoke():
                guest = self._guests.get(record.stream)
                if guest is not None:
                    guest.mouth.tell(record)
                    guest.playout.follow(record.behind_ns)
            case Seated():
                self._own_seat = record.seat

    def items(self) -> Iterable[tuple[int, Guest]]:
        """Everyone, by their number."""
        return self._guests.items()

    def placed(self) -> Iterator[tuple[int, Guest, Rigid]]:
        """Everyone, and where they stand: their ``own_place_from_place``.

        Nobody stands in one's own seat: only a host that errs gives one to two.
        """
        if self._places is None:
            seats = {self._own_seat, *(guest.came.seat for guest in self._guests.values())}
            self._places = seen_from(self._own_seat, seats)
        for stream, guest in self._guests.items():
            place = self._places.get(guest.came.seat)
            if place is not None:
                yield stream, guest, place
