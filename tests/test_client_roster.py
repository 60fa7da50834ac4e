"""Who is there, by the host's word and by ear."""

from presence.client.roster import GONE_AFTER_NS, Roster
from presence.wire.signalling import Member


def member(stream, seat=None):
    return Member(stream=stream, seat=stream if seat is None else seat, name=f"number {stream}")


def roster(*streams):
    some = Roster(4)
    assert some.welcomed([member(s) for s in streams]) == []
    return some


def gone(some, now_ns=GONE_AFTER_NS, linked=(), heard=None):
    return some.gone(now_ns, linked.__contains__, lambda stream: (heard or {}).get(stream, 0))


def test_whom_the_host_lists_is_there_however_silent():
    assert gone(roster(1, 2), now_ns=1000 * GONE_AFTER_NS) == []


def test_a_new_welcome_doubles_nobody_and_loses_nobody_who_is_still_heard():
    some = roster(1, 2, 3)
    assert some.welcomed([member(2)]) == []
    assert sorted(some.members) == [1, 2, 3]
    assert gone(some, linked={1}) == [3]
    assert gone(some, linked={1}, heard={3: 1}) == []
    assert some.came(member(3)) == []
    assert gone(some, linked={1}) == []
    assert sorted(some.members) == [1, 2, 3]


def test_whom_the_host_lost_stays_as_long_as_there_is_a_link_and_fades_after():
    some = roster(1, 2)
    some.lost(2)
    assert gone(some, now_ns=100 * GONE_AFTER_NS, linked={2}) == []
    assert gone(some, now_ns=GONE_AFTER_NS + 4, heard={2: 5}) == []
    assert gone(some, now_ns=GONE_AFTER_NS + 5, heard={2: 5}) == [2]
    # The one that is asked decides; it is told back.
    some.forget(2)
    assert sorted(some.members) == [1]


def test_somebody_in_the_seat_of_a_person_who_was_lost_is_that_person_come_back():
    some = roster(1, 2)
    some.lost(2)
    assert some.came(member(9, seat=2)) == [2]
    assert sorted(some.members) == [1, 9]
    # Somebody whom the host lists is not put out, whatever it says of seats.
    assert some.came(member(10, seat=1)) == []


def test_a_new_welcome_in_other_numbers_puts_each_in_their_own_place():
    some = roster(1, 2)
    assert sorted(some.welcomed([member(7, seat=1), member(8, seat=2)])) == [1, 2]
    assert sorted(some.members) == [7, 8]


def test_who_is_listed_no_more_makes_room_for_whoever_is():
    some = roster(1, 2, 3, 4)
    some.lost(2)
    some.lost(3)
    assert some.came(member(9)) == [2]
    assert sorted(some.members) == [1, 3, 4, 9]


def test_to_lose_or_forget_somebody_unknown_does_nothing():
    some = roster(1)
    some.lost(5)
    some.forget(5)
    assert list(some.members) == [1]
    assert 1 in some
    assert 5 not in some
    assert len(some) == 1
