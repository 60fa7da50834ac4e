"""Where people stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.pose.rigid import FORWARD, UP
from presence.room.places import NEIGHBOUR_DISTANCE, arrange, seen_from

groups = st.sets(st.integers(0, 1000), min_size=2, max_size=8)


@given(groups)
def test_everyone_stands_on_the_floor_facing_the_middle(seats):
    for place in arrange(seats).values():
        spot = place.translation
        assert spot[1] == 0.0
        ahead = place.apply(FORWARD) - spot
        np.testing.assert_allclose(ahead, -spot / np.linalg.norm(spot), atol=1e-9)
        np.testing.assert_allclose(place.apply(UP) - spot, UP, atol=1e-12)


@given(groups)
def test_neighbours_are_at_conversation_distance_and_nobody_is_nearer(seats):
    spots = [place.translation for place in arrange(seats).values()]
    count = len(spots)
    for i in range(count):
        gap = np.linalg.norm(spots[i] - spots[(i + 1) % count])
        assert gap == pytest.approx(NEIGHBOUR_DISTANCE)
        for other in spots[i + 1 :]:
            assert np.linalg.norm(spots[i] - other) > NEIGHBOUR_DISTANCE - 1e-9


@given(groups)
def test_seats_follow_one_another_anticlockwise_seen_from_above(seats):
    places = arrange(seats)
    assert list(places) == sorted(seats)
    first, second = list(places.values())[:2]
    np.testing.assert_allclose(first.translation[0], 0.0, atol=1e-12)
    assert first.translation[2] > 0.0
    # Anticlockwise about +Y, which points at whoever looks from above.
    turn = np.cross(first.translation, second.translation)[1]
    assert turn > 0.0 or len(seats) == 2


def test_someone_alone_stands_in_the_middle():
    np.testing.assert_array_equal(arrange([4])[4].matrix(), np.eye(4))
    assert arrange([]) == {}


def test_the_order_of_arrival_does_not_matter():
    one, other = arrange([3, 1, 2]), arrange([2, 2, 3, 1])
    for seat in (1, 2, 3):
        np.testing.assert_array_equal(one[seat].matrix(), other[seat].matrix())


@given(groups)
def test_what_two_people_see_of_each_other_agrees(seats):
    first, second, *_ = sorted(seats)
    there = seen_from(first, seats)[second]
    back = seen_from(second, seats)[first]
    np.testing.assert_allclose((there @ back).matrix(), np.eye(4), atol=1e-9)
    assert set(seen_from(first, seats)) == seats - {first}


def test_of_two_people_each_sees_the_other_ahead_and_turned_about():
    other = seen_from(0, [0, 1])[1]
    np.testing.assert_allclose(other.translation, [0.0, 0.0, -NEIGHBOUR_DISTANCE], atol=1e-12)
    np.testing.assert_allclose(other.apply(FORWARD) - other.translation, -FORWARD, atol=1e-12)


def test_of_three_people_each_sees_one_at_the_left_and_one_at_the_right():
    for own in range(3):
        left_of = {
            seat: place.translation[0] < 0.0 for seat, place in seen_from(own, range(3)).items()
        }
        assert sorted(left_of.values()) == [False, True]


def test_one_who_is_not_there_sees_nobody():
    with pytest.raises(KeyError):
        seen_from(9, [1, 2])
