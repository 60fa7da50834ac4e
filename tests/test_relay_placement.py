"""Which worker carries which room."""

import pytest

from presence.relay.limits import RelayLimits
from presence.relay.placement import Placement
from presence.relay.refusal import RefusalError


def placement(*workers, **limits):
    placed = Placement(RelayLimits(**limits))
    for worker in workers:
        placed.worker_began(worker)
    return placed


def enter(placed, room, people=1):
    """Somebody comes, and so many are there then."""
    worker, _ = placed.come(room)
    placed.told(worker, room, people)
    placed.came(worker, room)
    return worker


def test_a_room_stays_on_one_worker_while_anybody_is_in_it():
    placed = placement(1, 2)
    first = enter(placed, "room")
    for number in range(2, 9):
        enter(placed, f"other {number}")
        assert enter(placed, "room", number) == first


def test_new_rooms_go_where_the_fewest_people_are():
    placed = placement(1, 2, 3)
    assert [enter(placed, name, people) for name, people in [("a", 9), ("b", 4), ("c", 5)]] == [
        1,
        2,
        3,
    ]
    assert enter(placed, "d", 2) == 2
    assert enter(placed, "e") == 3


def test_a_room_that_empties_while_somebody_comes_stays_where_they_come():
    placed = placement(1, 2)
    worker = enter(placed, "room", 1)
    enter(placed, "other", 1)
    # A room that is opened anew goes to the other worker from now on.
    assert enter(placed, "third", 9) == worker
    coming, _ = placed.come("room")
    placed.told(worker, "room", 0)
    again, _ = placed.come("room")
    assert coming == again == worker
    placed.came(worker, "room")
    assert placed.come("room") == (worker, False)


def test_an_empty_room_is_forgotten_and_may_be_anywhere():
    placed = placement(1, 2, rooms=1)
    worker = enter(placed, "room")
    with pytest.raises(RefusalError, match="as many rooms"):
        placed.come("other")
    placed.told(worker, "room", 0)
    enter(placed, "other")
    assert placed.people == 1


def test_who_did_not_come_in_after_all_leaves_no_room_behind():
    placed = placement(1, rooms=1)
    worker, _ = placed.come("room")
    placed.came(worker, "room")
    enter(placed, "other")


def test_the_rooms_of_a_worker_that_ended_go_to_another():
    placed = placement(1, 2)
    worker = enter(placed, "room", 3)
    placed.worker_ended(worker)
    assert enter(placed, "room") == 3 - worker
    placed.worker_began(worker)
    # What the former one still had to say is not believed.
    placed.told(worker, "room", 7)
    placed.came(worker, "room")
    assert placed.people == 1


def test_without_any_worker_people_are_told_to_come_again_soon():
    placed = placement(1)
    placed.worker_ended(1)
    with pytest.raises(RefusalError, match="just beginning") as refused:
        placed.come("room")
    assert refused.value.code == "busy"
    assert 0 < refused.value.after_s <= 1
    assert placed.why_not_ready() is not None


def test_a_full_relay_takes_only_those_again_whom_it_has():
    placed = placement(1, 2, people=3)
    worker = enter(placed, "room", 3)
    assert placed.come("room") == (worker, True)
    with pytest.raises(RefusalError, match="as many people"):
        placed.come("other")


def test_a_relay_that_drains_opens_no_room_but_its_rooms_stay_open():
    placed = placement(1, 2)
    worker = enter(placed, "room")
    placed.draining = True
    assert placed.come("room") == (worker, False)
    with pytest.raises(RefusalError, match="going"):
        placed.come("other")
    assert "going" in placed.why_not_ready()
