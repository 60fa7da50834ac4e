"""Where people stand: evenly round a circle, facing its middle, at conversation distance.

Each person's ``place`` is a spot on the floor with a direction; what they do is captured in their
own place and shown there in everyone's room.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from presence.pose.rigid import Rigid

NEIGHBOUR_DISTANCE = 1.4
"""Metres between neighbours: within the social distance that people keep when they talk (E. T.
Hall, "The Hidden Dimension", 1966: 1.2 to 2.1 m); nearer, two others do not both fit into a
headset's field of view."""


def arrange(seats: Iterable[int]) -> dict[int, Rigid]:
    """The place of each seat, as ``room_from_place``.

    Seats are taken in order of their numbers, anticlockwise seen from above. The room's origin is
    the middle of the circle on the floor; the first seat stands at +Z of it and faces −Z. One
    person alone stands at the middle.
    """
    order = sorted(set(seats))
    count = len(order)
    if count < 2:
        return {seat: Rigid.identity() for seat in order}
    radius = NEIGHBOUR_DISTANCE / (2.0 * math.sin(math.pi / count))
    places = {}
    for i, seat in enumerate(order):
        angle = 2.0 * math.pi * i / count
        spot = np.array([math.sin(angle) * radius, 0.0, math.cos(angle) * radius])
        # Whoever stands at angle a round +Y from +Z faces the middle when turned by a.
        places[seat] = Rigid.from_yaw(angle, spot)
    return places


def seen_from(own_seat: int, seats: Iterable[int]) -> dict[int, Rigid]:
    """The others' places in one's own: ``own_place_from_place`` for every other seat.

    Raises:
        KeyError: ``own_seat`` is not among ``seats``.
    """
    places = arrange(seats)
    own_from_room = places[own_seat].inverse()
    return {seat: own_from_room @ place for seat, place in places.items() if seat != own_seat}
