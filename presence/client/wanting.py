"""What a participant has use for of everybody else, asked of the relay.

Who stands far away across a large room is a few pixels high: fingers and lips are under a pixel of
a headset from some distance on, and so is what one pose in two would have shown. Straight links
carry everything; rooms that have them are small.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from presence.clock import SECOND
from presence.room.places import seen_from
from presence.wire.relaying import WANTS_LIMIT, WHOLE, Sections, Want, Wants

FINE_WITHIN = 7.0
"""Metres within which hands and face are wanted of every pose. A pixel of a headset's is 0.04°
(25 pixels a degree), which is 5 mm at that distance."""
SMOOTH_WITHIN = 10.0
"""Metres within which every pose is wanted; beyond, one in two, between which what is shown differs
by less than 1 mm."""
EVERYBODY = 0
"""The number that stands for every stream."""
REPEAT_NS = 2 * SECOND
"""How often it is said again, for what is said may get lost."""
_EVERYTHING = (Wants(((EVERYBODY, WHOLE),)),)


def want_at(distance: float, *, voice: bool = True) -> Want:
    """How much is wanted of somebody who stands so many metres away."""
    if distance < FINE_WITHIN:
        return Want(voice=voice)
    return Want(1 if distance < SMOOTH_WITHIN else 2, Sections.REFERENCES, voice=voice)


class Wanting:
    """See the module. State: what the relay was told, and when."""

    def __init__(self) -> None:
        """No relay was told anything, and so sends everything."""
        self._relay: object = None
        self._told: tuple[Wants, ...] = _EVERYTHING
        self._told_ns: int | None = None

    def due(
        self,
        relay: object,
        own_seat: int,
        seats: Mapping[int, int],
        now_ns: int,
        *,
        voices: bool = True,
    ) -> tuple[Wants, ...]:
        """What the relay is to be told now; nothing if it knows.

        Args:
            relay: the link to it; a new one is told anew.
            own_seat: where this participant stands.
            seats: where the others stand, by stream.
            now_ns: the time.
            voices: whether voices are of any use here.
        """
        each = _wants(own_seat, seats, voices=voices)
        wants = tuple(
            Wants(tuple(each[begin : begin + WANTS_LIMIT]))
            for begin in range(0, len(each), WANTS_LIMIT)
        )
        if relay is not self._relay:
            self._relay, self._told, self._told_ns = relay, _EVERYTHING, None
        if wants == self._told and (self._told_ns is None or now_ns - self._told_ns < REPEAT_NS):
            return ()
        self._told, self._told_ns = wants, now_ns
        return wants


def _wants(own_seat: int, seats: Mapping[int, int], *, voices: bool) -> list[tuple[int, Want]]:
    """Of everybody what is wanted of most, first; then of each who is nearer or further."""
    places = seen_from(own_seat, [own_seat, *seats.values()])
    at = {
        stream: want_at(float(np.linalg.norm(places[seat].translation)), voice=voices)
        for stream, seat in seats.items()
        if seat != own_seat
    }
    usual = Want(voice=voices)
    less = sorted((stream, want) for stream, want in at.items() if want != usual)
    return [(EVERYBODY, usual), *less]
