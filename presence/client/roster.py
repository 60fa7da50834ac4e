"""Who else is in the room, as far as this participant can know: by the host's word, and by ear.

A host may be away for a while, or forget; the others are still heard then. So who is listed no more
stays for as long as they are heard, and only who said goodbye goes at once.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from presence.playout import PlayoutSettings
from presence.wire.signalling import Member

GONE_AFTER_NS = PlayoutSettings().gone_after_ns
"""Who is not heard for so long is shown no more."""


@dataclass(slots=True)
class _Known:
    """Somebody else. State: whether the host, as far as it was heard, has them in the room."""

    member: Member
    listed: bool = True


class Roster:
    """The others. State: each by stream, and whether the host lists them."""

    def __init__(self, capacity: int) -> None:
        """Nobody is there; there may be ``capacity`` others at most."""
        self._capacity = capacity
        self._known: dict[int, _Known] = {}

    @property
    def members(self) -> dict[int, Member]:
        """Everybody, by stream."""
        return {stream: known.member for stream, known in self._known.items()}

    def __contains__(self, stream: int) -> bool:
        return stream in self._known

    def __len__(self) -> int:
        return len(self._known)

    def welcomed(self, members: Iterable[Member]) -> list[int]:
        """The host, which may be a new one, says who is there.

        Returns:
            Those who were known, and in whose place somebody else is now: they are gone.
        """
        for known in self._known.values():
            known.listed = False
        # Any who are there still are not to be taken for those whose place was taken.
        members = list(members)
        for member in members:
            self._list(member)
        return [stream for member in members for stream in self._make_room(member)]

    def came(self, member: Member) -> list[int]:
        """The host says that somebody came, or came back; returns as :meth:`welcomed`."""
        self._list(member)
        return self._make_room(member)

    def lost(self, stream: int) -> None:
        """The host lost somebody; whether they are still there is for the ear to tell."""
        if stream in self._known:
            self._known[stream].listed = False

    def forget(self, stream: int) -> None:
        """Somebody is gone."""
        self._known.pop(stream, None)

    def gone(
        self, now_ns: int, linked: Callable[[int], bool], heard_ns: Callable[[int], int]
    ) -> list[int]:
        """Whom neither the host has, nor anybody heard for so long that they have faded.

        Args:
            now_ns: The time.
            linked: Whether there is a link to a stream.
            heard_ns: When anything of a stream was heard last.
        """
        return [
            stream
            for stream, known in self._known.items()
            if not known.listed
            and not linked(stream)
            and now_ns - heard_ns(stream) >= GONE_AFTER_NS
        ]

    def _list(self, member: Member) -> None:
        self._known[member.stream] = _Known(member)

    def _make_room(self, newest: Member) -> list[int]:
        """Forget those unlisted in whose seat somebody is, and those for whom no room is left."""
        unlisted = [stream for stream, known in self._known.items() if not known.listed]
        gone = [s for s in unlisted if self._known[s].member.seat == newest.seat]
        too_many = len(self._known) - len(gone) - self._capacity
        gone += [s for s in unlisted if s not in gone][: max(0, too_many)]
        for stream in gone:
            del self._known[stream]
        return gone
