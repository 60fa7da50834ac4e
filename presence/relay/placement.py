"""Which worker carries which room: all of a room on one, and new rooms where the fewest people are.

A room stays where it is for as long as anybody is in it or comes to it. That of a worker that ended
goes, with whoever comes first, to another.

Sans-IO.
"""

from __future__ import annotations

from dataclasses import dataclass

from presence.relay.limits import RelayLimits
from presence.relay.refusal import BEGINNING, GOING, NO_ROOM_LEFT, RELAY_FULL, RefusalError

SOON_S = 0.5
"""After so many seconds there will be a worker again."""


@dataclass(slots=True)
class _Place:
    worker: int
    coming: int = 0
    people: int = 0


class Placement:
    """State: the workers that run, and for each room where it is and how many are there."""

    def __init__(self, limits: RelayLimits) -> None:
        """No worker runs yet."""
        self.draining = False
        """Whether there are no new rooms any more."""
        self._limits = limits
        self._workers: set[int] = set()
        self._rooms: dict[str, _Place] = {}

    @property
    def people(self) -> int:
        """In all rooms, and on their way there."""
        return sum(place.people + place.coming for place in self._rooms.values())

    def worker_began(self, worker: int) -> None:
        """A worker takes rooms."""
        self._workers.add(worker)

    def worker_ended(self, worker: int) -> None:
        """A worker is no more, and neither are its rooms."""
        self._workers.discard(worker)
        for name in [n for n, place in self._rooms.items() if place.worker == worker]:
            del self._rooms[name]

    def why_not_ready(self) -> str | None:
        """Why nobody can come into a new room; None: they can."""
        if self.draining:
            return GOING
        if not self._workers:
            return BEGINNING
        if len(self._rooms) >= self._limits.rooms:
            return NO_ROOM_LEFT
        return RELAY_FULL if self.people >= self._limits.people else None

    def come(self, room: str) -> tuple[int, bool]:
        """Somebody comes to a room; until :meth:`came` the room stays where it is.

        Returns:
            The worker, and whether the relay is so full that only who is in the room may come.

        Raises:
            RefusalError: nobody can come to that room now.
        """
        place = self._rooms.get(room)
        if place is None:
            why = self.why_not_ready()
            if why is not None:
                after_s = SOON_S if why == BEGINNING else None
                raise RefusalError("busy" if why in (GOING, BEGINNING) else "full", why, after_s)
            place = self._rooms[room] = _Place(self._emptiest())
        full = self.people >= self._limits.people
        place.coming += 1
        return place.worker, full

    def came(self, worker: int, room: str) -> None:
        """What :meth:`come` began is over, whether they are in the room now or not."""
        place = self._rooms.get(room)
        if place is not None and place.worker == worker:
            place.coming -= 1
            self._forget_if_empty(room, place)

    def told(self, worker: int, room: str, people: int) -> None:
        """A worker says how many are in a room of its own."""
        place = self._rooms.get(room)
        if place is not None and place.worker == worker:
            place.people = people
            self._forget_if_empty(room, place)

    def _emptiest(self) -> int:
        load = dict.fromkeys(sorted(self._workers), (0, 0))
        for place in self._rooms.values():
            people, rooms = load[place.worker]
            load[place.worker] = people + place.people + place.coming, rooms + 1
        return min(load, key=load.__getitem__)

    def _forget_if_empty(self, room: str, place: _Place) -> None:
        if not place.people and not place.coming:
            del self._rooms[room]
