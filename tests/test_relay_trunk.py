"""Rooms that are at several relays, with trunks in memory, under a clock moved by hand."""

from relay_room import PATIENT, HeldCarrier, Party, pose, single, voice, what

from presence.clock import MILLISECOND, SECOND
from presence.relay.limits import RelayLimits
from presence.relay.member import Expelled
from presence.wire.envelope import Kind
from presence.wire.relaying import Again, Newest

GOES = Expelled("left", "they go")


class Trunked:
    """The same room at several relays, each with some people. State: the parties and the wires."""

    def __init__(self, *people, limits=PATIENT):
        self.parties = [Party(*streams, limits=limits) for streams in people]
        self.wires = {}
        for one in range(len(people)):
            for other in range(len(people)):
                if one != other:
                    self._open(one, other)

    def _open(self, one, other):
        party, wire = self.parties[one], HeldCarrier()
        self.wires[one, other] = wire
        party.room.open_trunk(f"node {other}", wire, lambda why: None, party.clock.now_ns())

    def cut(self, one, other):
        for wire in (self.wires[one, other], self.wires[other, one]):
            wire.send = lambda bundle: True

    def pass_time(self, ns=12 * MILLISECOND):
        for _ in range(ns // MILLISECOND):
            for party in self.parties:
                party.pass_time(MILLISECOND)
            self._carry()
        self._carry()
        for party in self.parties:
            party.settle()

    def _carry(self):
        for (one, other), wire in self.wires.items():
            bundles, wire.bundles = wire.bundles, []
            far = self.wires[other, one]
            for bundle in bundles:
                if far.on_bundle is not None:
                    far.on_bundle(bundle, self.parties[other].clock.now_ns())


def test_who_is_at_another_relay_is_heard_and_nothing_goes_round():
    room = Trunked([1, 2], [3], [4])
    first, second, third = room.parties
    first.say(1, pose(1, 0))
    first.say(2, voice(2, 5))
    room.pass_time()
    assert what(first.heard(2)) == [(1, Kind.POSE, 0)]
    for party, stream in ((second, 3), (third, 4)):
        assert sorted(what(party.heard(stream))) == [(1, Kind.POSE, 0), (2, Kind.VOICE, 5)]
    assert first.heard(1) == [] or what(first.heard(1)) == []


def test_a_newcomer_at_any_relay_is_given_what_is_kept_of_everybody():
    room = Trunked([1], [2])
    room.parties[0].say(1, single(Kind.PROFILE, 1, 1, priority=2), pose(1, 6))
    room.pass_time()
    room.parties[1].come(9)
    room.pass_time()
    assert [kind for _, kind, _ in what(room.parties[1].heard(9))] == [Kind.PROFILE, Kind.POSE]


def test_a_trunk_that_opens_late_is_given_what_is_kept():
    room = Trunked([1], [])
    room.parties[1].come(2)
    room.wires.clear()
    room.parties[0].say(1, pose(1, 6))
    room.parties[0].pass_time()
    for one, other in ((0, 1), (1, 0)):
        room._open(one, other)
    room.pass_time()
    assert what(room.parties[1].heard(2)) == [(1, Kind.POSE, 6)]


def test_repairs_come_from_the_nearest_relay():
    room = Trunked([1], [2])
    room.parties[0].say(1, pose(1, 6), pose(1, 12, 6, reference=True))
    room.pass_time()
    room.parties[1].heard(2)
    room.cut(0, 1)
    room.parties[1].ask(2, Again(1, 12, 6))
    room.pass_time()
    assert what(room.parties[1].heard(2)) == [(1, Kind.POSE, 12)]
    room.parties[1].ask(2, Newest(1))
    room.pass_time()
    assert what(room.parties[1].heard(2)) == [(1, Kind.POSE, 6), (1, Kind.POSE, 12)]


def test_what_is_about_keys_finds_its_receiver_wherever_they_are():
    room = Trunked([1], [2], [3])
    first, second, third = room.parties
    second.say(2, pose(2, 0))
    room.pass_time()
    first.heard(1), third.heard(3)
    key = single(Kind.KEY, 1, 1, epoch=0, core=(2).to_bytes(2, "big") + b"box")
    first.say(1, key)
    room.pass_time()
    assert what(second.heard(2)) == [(1, Kind.KEY, 1)]
    assert third.heard(3) == []
    # Of three nobody has heard anything yet, so it goes to all relays and to that one alone.
    first.say(1, single(Kind.KEY, 1, 2, epoch=0, core=(3).to_bytes(2, "big") + b"box"))
    room.pass_time()
    assert what(third.heard(3)) == [(1, Kind.KEY, 2)]
    assert second.heard(2) == []


def test_who_goes_over_to_another_relay_is_heard_from_there_at_once():
    room = Trunked([1, 2], [3])
    first, second = room.parties
    first.say(1, pose(1, 0))
    room.pass_time()
    first.heard(2), second.heard(3)
    second.come(1)
    second.say(1, pose(1, 1, 0))
    first.say(1, pose(1, 2, 0))
    room.pass_time()
    # Still here and already there: what comes by either is passed on.
    assert {(1, Kind.POSE, 1), (1, Kind.POSE, 2)} <= set(what(first.heard(2)))
    assert (1, Kind.POSE, 1) in what(second.heard(3))
    first.room.leave(first.room.members[1], GOES)
    second.say(1, pose(1, 3, 0))
    room.pass_time()
    assert (1, Kind.POSE, 3) in what(first.heard(2))


def test_a_trunk_on_which_nothing_is_heard_ends_and_a_silent_room_keeps_its_own():
    room = Trunked([1], [2], limits=RelayLimits(lost_after_s=3.0))
    for party, stream in zip(room.parties, (1, 2), strict=True):
        party.room.members[stream].lost_ns = 10**18
    room.pass_time(5 * SECOND)
    assert all(len(party.room.trunks) == 1 for party in room.parties)
    room.cut(0, 1)
    room.pass_time(4 * SECOND)
    assert not any(party.room.trunks for party in room.parties)


def test_a_room_that_closes_says_so_to_the_other_relay():
    room = Trunked([1], [2])
    first, second = room.parties
    first.room.close(GOES, first.clock.now_ns())
    room.pass_time()
    assert not second.room.trunks
    assert second.ended == {}


def test_a_narrow_trunk_is_sent_less_of_each():
    room = Trunked([1, 2, 3], [4])
    room.wires[0, 1].budget_bps = 100_000.0
    first = room.parties[0]
    for sequence in range(3 * 60):
        for stream in (1, 2, 3):
            first.say(stream, pose(stream, sequence, None if sequence % 60 == 0 else sequence - 1))
        room.pass_time(16 * MILLISECOND)
    assert first.room.trunks["node 1"].listener.thinning.cut > 0
    assert first.room.members[1].listener.thinning.cut == 0
