import itertools

import pytest

from presence.errors import SignallingError
from presence.room.members import CAPACITY, LAST_STREAM, Outgoing, Room
from presence.wire.signalling import (
    HEARTBEAT_NS,
    SILENCE_NS,
    Description,
    Heartbeat,
    Join,
    Leave,
    Member,
    MemberJoined,
    MemberLeft,
    Refused,
    Welcome,
)


@pytest.fixture
def room():
    numbers = itertools.count(1)
    return Room(lambda: f"token {next(numbers)}")


def enter(room, name="Ada", now_ns=0, **wishes):
    """Join, and forget what is to be said about it."""
    welcome = room.join(Join(name=name, **wishes), now_ns)
    room.collect()
    return welcome


def test_the_first_is_welcomed_to_an_empty_room(room):
    assert room.join(Join(name="Ada"), 0) == Welcome(stream=1, seat=0, resume="token 1", members=())
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


def test_streams_run_out_in_a_sentence(room):
    for stream in range(1, LAST_STREAM + 1):
        assert enter(room).stream == stream
        room.disconnected(stream)
    room.collect()
    assert room.join(Join(name="Zoe"), 0).code == "worn-out"


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


def test_who_comes_back_takes_the_old_seat_and_the_old_connection_is_told(room):
    enter(room, "Ada")
    old = enter(room, "Bo")
    enter(room, "Cy")
    new = room.join(Join(name="Bo", resume=old.resume), 0)
    assert (new.stream, new.seat) == (4, old.seat)
    assert [member.stream for member in new.members] == [1, 3]
    replaced = MemberLeft(stream=2, reason="replaced")
    bo = Member(stream=4, seat=old.seat, name="Bo")
    assert room.collect() == [
        Outgoing(2, replaced, last=True),
        Outgoing(1, replaced),
        Outgoing(3, replaced),
        Outgoing(1, MemberJoined(member=bo)),
        Outgoing(3, MemberJoined(member=bo)),
    ]


def test_who_comes_back_to_a_full_room_replaces_nobody_else(room):
    welcomes = [enter(room) for _ in range(CAPACITY)]
    again = enter(room, resume=welcomes[2].resume)
    assert again.seat == welcomes[2].seat
    assert len(room.members) == CAPACITY


def test_a_token_that_nobody_here_has_is_no_claim(room):
    enter(room)
    gone = enter(room)
    room.disconnected(gone.stream)
    enter(room, seat=gone.seat)
    assert enter(room, resume=gone.resume, seat=gone.seat).seat == 2
    assert len(room.members) == 3


def test_nobody_without_a_token_replaces_anybody(room):
    enter(room)
    enter(room)
    assert [member.stream for member in room.members] == [1, 2]


def test_a_description_is_passed_on_with_its_true_sender(room):
    enter(room)
    enter(room)
    room.receive(2, Description(to=1, sender=77, kind="offer", sdp="v=0"), 0)
    assert room.collect() == [Outgoing(1, Description(to=1, sender=2, kind="offer", sdp="v=0"))]


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
