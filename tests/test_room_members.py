import itertools

import pytest

from presence.errors import SignallingError
from presence.room.members import CAPACITY, HELD_NS, LAST_STREAM, Outgoing, Room
from presence.room.resume import ResumeTokens
from presence.wire.signalling import (
    HEARTBEAT_NS,
    SILENCE_NS,
    Description,
    Heartbeat,
    Identity,
    Join,
    KeyPackage,
    KeyRequest,
    Leave,
    Member,
    MemberJoined,
    MemberLeft,
    Refused,
    Welcome,
)

TOKENS = ResumeTokens(bytes(32), "garden")
_nonces = itertools.count()


def open_room(**how):
    return Room(TOKENS, lambda: next(_nonces), **how)


@pytest.fixture
def room():
    return open_room()


def enter(room, name="Ada", now_ns=0, **wishes):
    """Join, and forget what is to be said about it."""
    welcome = room.join(Join(name=name, **wishes), now_ns)
    room.collect()
    return welcome


def test_the_first_is_welcomed_to_an_empty_room(room):
    welcome = room.join(Join(name="Ada"), 0)
    assert welcome == Welcome(stream=1, seat=0, resume=welcome.resume, members=())
    assert room.collect() == []


def test_a_newcomer_learns_who_is_here_and_they_learn_of_the_newcomer(room):
    enter(room, "Ada", look=7)
    welcome = room.join(Join(name="Bo", look=9), 0)
    assert welcome.members == (Member(stream=1, seat=0, name="Ada", look=7),)
    assert room.collect() == [
        Outgoing(1, MemberJoined(member=Member(stream=2, seat=1, name="Bo", look=9)))
    ]


def test_what_was_collected_is_not_given_again(room):
    enter(room)
    room.join(Join(name="Bo"), 0)
    assert room.collect()
    assert room.collect() == []


def test_the_room_fills_its_seats_and_then_refuses_in_a_sentence(room):
    seats = [enter(room).seat for _ in range(CAPACITY)]
    assert seats == list(range(CAPACITY))
    refused = room.join(Join(name="Zoe"), 0)
    assert isinstance(refused, Refused)
    assert refused.code == "full"
    assert "full" in refused.sentence
    assert room.collect() == []


def test_a_stream_number_is_never_given_again_but_a_seat_is(room):
    enter(room)
    enter(room)
    room.receive(1, Leave(), 0)
    room.collect()
    welcome = enter(room)
    assert (welcome.stream, welcome.seat) == (3, 0)


def test_a_wished_seat_is_given_if_it_is_free(room):
    assert enter(room, seat=3).seat == 3
    assert enter(room, seat=3).seat == 0
    assert enter(room, seat=CAPACITY).seat == 1


def test_after_the_last_number_the_first_that_is_not_in_use_is_given():
    room = open_room(last_stream=LAST_STREAM - 2)
    streams = [enter(room, name).stream for name in ("Ada", "Bo", "Cy")]
    assert streams == [LAST_STREAM - 1, LAST_STREAM, 1]
    again = open_room(last_stream=0)
    assert enter(again, resume=token_of(1)).stream == 1
    assert enter(again, "Bo").stream == 2


def test_who_leaves_is_told_so_and_so_are_the_others(room):
    for name in ("Ada", "Bo", "Cy"):
        enter(room, name)
    room.receive(2, Leave(), 0)
    left = MemberLeft(stream=2, reason="left")
    assert room.collect() == [Outgoing(2, left, last=True), Outgoing(1, left), Outgoing(3, left)]
    assert [member.name for member in room.members] == ["Ada", "Cy"]


def test_a_connection_that_ends_without_a_word_is_a_loss_at_once(room):
    enter(room, "Ada")
    enter(room, "Bo")
    room.disconnected(2)
    assert Outgoing(1, MemberLeft(stream=2, reason="lost")) in room.collect()


def test_a_connection_that_ends_after_leaving_is_no_loss(room):
    enter(room)
    enter(room)
    room.receive(2, Leave(), 0)
    room.collect()
    room.disconnected(2)
    assert room.collect() == []


def test_only_the_silent_are_lost_and_after_three_seconds(room):
    enter(room, "Ada")
    enter(room, "Bo")
    for now_ns in range(0, SILENCE_NS, HEARTBEAT_NS):
        room.receive(1, Heartbeat(), now_ns)
        assert room.collect() == [Outgoing(1, Heartbeat())]
        room.tick(now_ns)
    room.tick(SILENCE_NS - 1)
    assert room.collect() == []
    room.tick(SILENCE_NS)
    lost = MemberLeft(stream=2, reason="lost")
    assert room.collect() == [Outgoing(2, lost, last=True), Outgoing(1, lost)]


def token_of(stream, seat=0):
    """The token of somebody whom an earlier host let in."""
    earlier = open_room(last_stream=stream - 1)
    return enter(earlier, seat=seat).resume


def test_who_comes_back_has_number_and_seat_and_the_old_connection_alone_is_told(room):
    enter(room, "Ada")
    old = enter(room, "Bo")
    enter(room, "Cy")
    new = room.join(Join(name="Bo", resume=old.resume), 0)
    assert (new.stream, new.seat, new.resume) == (old.stream, old.seat, old.resume)
    assert [member.stream for member in new.members] == [1, 3]
    bo = Member(stream=2, seat=old.seat, name="Bo")
    assert room.collect() == [
        Outgoing(2, MemberLeft(stream=2, reason="replaced"), last=True),
        Outgoing(1, MemberJoined(member=bo)),
        Outgoing(3, MemberJoined(member=bo)),
    ]


def test_who_comes_back_to_a_full_room_replaces_nobody_else(room):
    welcomes = [enter(room) for _ in range(CAPACITY)]
    again = enter(room, resume=welcomes[2].resume)
    assert (again.stream, again.seat) == (welcomes[2].stream, welcomes[2].seat)
    assert len(room.members) == CAPACITY


def test_the_place_of_who_was_lost_is_kept_for_ten_minutes_and_for_nobody_else(room):
    lost = enter(room, "Ada")
    for name in ("Bo", "Cy", "Di", "Ed"):
        enter(room, name)
    room.disconnected(lost.stream)
    refused = room.join(Join(name="Zoe"), HELD_NS - 1)
    assert refused.code == "full"
    assert "4 people are in it, and 1 place is kept" in refused.sentence
    back = enter(room, "Ada", now_ns=HELD_NS - 1, resume=lost.resume)
    assert (back.stream, back.seat) == (lost.stream, lost.seat)
    room.disconnected(back.stream)
    zoe = enter(room, "Zoe", now_ns=2 * HELD_NS)
    assert (zoe.stream, zoe.seat) == (6, lost.seat)
    assert room.join(Join(name="Ada", resume=lost.resume), 2 * HELD_NS).code == "full"


def test_nobodys_place_is_kept_who_left_on_purpose(room):
    gone = enter(room, "Ada")
    for name in ("Bo", "Cy", "Di", "Ed"):
        enter(room, name)
    room.receive(gone.stream, Leave(), 0)
    assert enter(room, "Zoe").seat == gone.seat


def test_whose_program_was_begun_again_has_the_seat_back_by_name_and_look_under_a_new_number(room):
    enter(room, "Ada")
    lost = enter(room, "Bo", look=7)
    room.disconnected(lost.stream)
    assert enter(room, "Bo", look=8).seat == 2
    again = enter(room, "Bo", look=7)
    assert (again.stream, again.seat) == (4, lost.seat)


def test_a_restarted_host_gives_number_and_seat_back_to_whoever_has_its_token():
    before = open_room()
    ada, bo = enter(before, "Ada", seat=3), enter(before, "Bo", seat=1)
    after = open_room(last_stream=4_000, returning_until_ns=10)
    newcomer = enter(after, "Zoe")
    welcome = after.join(Join(name="Bo", resume=bo.resume), 5)
    assert (welcome.stream, welcome.seat) == (bo.stream, bo.seat)
    assert after.collect() == [
        Outgoing(newcomer.stream, MemberJoined(member=Member(stream=2, seat=1, name="Bo")))
    ]
    welcome = enter(after, "Ada", now_ns=5, resume=ada.resume)
    assert (welcome.stream, welcome.seat) == (ada.stream, ada.seat)
    assert newcomer.stream == 4_001
    # While people return, newcomers keep off the seats that fill first.
    assert newcomer.seat == CAPACITY - 1
    assert enter(after, "Yan", now_ns=10).seat == 0


def test_newcomers_after_a_restart_do_not_get_the_places_of_those_who_were_here():
    before = open_room()
    there = [enter(before, f"Person {k}") for k in range(CAPACITY - 1)]
    before.disconnected(there[0].stream)
    after = open_room(last_stream=4_000, returning_until_ns=10, returning=before.claims)
    newcomer = enter(after, "Zoe", seat=there[1].seat)
    assert newcomer.seat == CAPACITY - 1
    assert isinstance(enter(after, "Yan"), Refused)
    for one in there:
        back = enter(after, "whoever", now_ns=5, resume=one.resume)
        assert (back.stream, back.seat) == (one.stream, one.seat)
    assert {claim.stream for claim in after.claims} == {1, 2, 3, 4, 4_001}


def test_places_from_before_a_restart_are_kept_no_longer_than_people_need_to_return():
    before = open_room()
    for _ in range(CAPACITY):
        enter(before)
    after = open_room(last_stream=4_000, returning_until_ns=10, returning=before.claims)
    assert isinstance(enter(after, "Zoe", now_ns=9), Refused)
    assert enter(after, "Zoe", now_ns=10).seat == 0


def test_a_number_that_is_another_persons_by_now_is_not_taken_from_them():
    before = open_room(last_stream=6)
    old = enter(before, "Ada", seat=2)
    after = open_room(last_stream=6)
    other = enter(after, "Bo", seat=2)
    assert other.stream == old.stream
    back = enter(after, "Ada", resume=old.resume)
    assert back.stream != other.stream
    assert back.seat != other.seat
    assert [member.name for member in after.members] == ["Bo", "Ada"]


def test_a_token_of_another_room_or_host_or_of_nobody_is_no_claim():
    for tokens in (ResumeTokens(bytes(32), "other"), ResumeTokens(b"x" * 32, "garden")):
        stranger = Room(tokens, lambda: 0, last_stream=4)
        token = enter(stranger, seat=3).resume
        room = open_room()
        welcome = enter(room, resume=token)
        assert (welcome.stream, welcome.seat) == (1, 0)
    for token in ("x", "!", "ä", "A" * 64, enter(open_room()).resume[:-1]):
        room = open_room()
        enter(room)
        assert enter(room, resume=token).stream == 2


def test_nobody_without_a_token_replaces_anybody(room):
    enter(room)
    enter(room)
    assert [member.stream for member in room.members] == [1, 2]


def test_a_description_is_passed_on_with_its_true_sender(room):
    enter(room)
    enter(room)
    room.receive(2, Description(to=1, sender=77, kind="offer", sdp="v=0"), 0)
    assert room.collect() == [Outgoing(1, Description(to=1, sender=2, kind="offer", sdp="v=0"))]


def test_what_is_said_about_keys_is_passed_on_unread_with_its_true_sender(room):
    enter(room)
    enter(room)
    room.receive(2, KeyPackage(to=1, sender=1, box=b"sealed"), 0)
    room.receive(2, KeyRequest(to=1, sender=1), 0)
    assert room.collect() == [
        Outgoing(1, KeyPackage(to=1, sender=2, box=b"sealed")),
        Outgoing(1, KeyRequest(to=1, sender=2)),
    ]
    room.receive(2, KeyPackage(to=9, box=b"sealed"), 0)
    assert room.collect() == []


def test_who_somebody_says_they_are_is_passed_on_to_all(room):
    who = Identity(device=bytes(32), agreement=bytes(32), signature=bytes(64), proof=bytes(32))
    enter(room)
    assert enter(room, identity=who).members[0].identity is None
    assert enter(room).members[1].identity == who


@pytest.mark.parametrize("to", [2, 9])
def test_a_description_to_oneself_or_to_nobody_goes_nowhere(room, to):
    enter(room)
    enter(room)
    room.receive(2, Description(to=to, kind="offer", sdp="v=0"), 0)
    assert room.collect() == []


def test_somebody_who_was_lost_is_not_listened_to(room):
    enter(room)
    enter(room)
    room.disconnected(2)
    room.collect()
    room.receive(2, Description(to=1, kind="offer", sdp="v=0"), 0)
    room.receive(2, Leave(), 0)
    assert room.collect() == []


def test_joining_twice_is_not_allowed(room):
    enter(room)
    with pytest.raises(SignallingError, match="again"):
        room.receive(1, Join(name="Ada"), 0)
