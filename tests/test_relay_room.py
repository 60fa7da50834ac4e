import gc
import weakref

import pytest
from relay_room import Party, pose, single, voice, what

from presence.clock import MILLISECOND, SECOND
from presence.relay.limits import RelayLimits
from presence.relay.room import HOLD_NS
from presence.wire.envelope import Envelope, Kind, encode_envelope
from presence.wire.relaying import (
    WHOLE,
    Again,
    Newest,
    RelayBye,
    RelayPing,
    RelayPong,
    Sections,
    Want,
    Wants,
)

POSE, VOICE = Kind.POSE, Kind.VOICE


def test_everybody_hears_the_others_and_nobody_themselves():
    party = Party(1, 2, 3)
    for stream in (1, 2, 3):
        party.say(stream, pose(stream, 0))
    party.pass_time()
    assert what(party.heard(1)) == [(2, POSE, 0), (3, POSE, 0)]
    assert what(party.heard(2)) == [(1, POSE, 0), (3, POSE, 0)]
    assert what(party.heard(3)) == [(1, POSE, 0), (2, POSE, 0)]


def test_envelopes_are_passed_on_unchanged():
    party = Party(1, 2)
    sent = [pose(1, 0), pose(1, 1, 0), voice(1, 0), single(Kind.PROFILE, 1, 0, priority=2)]
    party.say(1, *sent)
    party.pass_time()
    key = lambda e: (e.kind, e.sequence)  # noqa: E731
    assert sorted(party.heard(2), key=key) == sorted(sent, key=key)


def test_poses_wait_for_a_bundle_to_fill_but_not_long():
    party = Party(1, 2, 3)
    party.say(1, pose(1, 0))
    party.settle()
    assert party.heard(3) == []
    party.clock.advance(HOLD_NS // 2)
    party.say(2, pose(2, 0))
    party.clock.advance(HOLD_NS // 2)
    party.settle()
    (bundle,) = party.carriers[3].take()
    assert what(bundle) == [(1, POSE, 0), (2, POSE, 0)]


def test_bundles_fill_for_longer_while_sending_takes_long():
    party = Party(1, 2)
    for _ in range(50):
        party.room.flush_took(2 * MILLISECOND)
    party.say(1, pose(1, 0))
    party.pass_time(4 * MILLISECOND)
    assert party.heard(2) == []
    party.pass_time(3 * MILLISECOND)
    assert len(party.heard(2)) == 1
    party.say(1, voice(1, 0))
    party.settle()
    assert len(party.heard(2)) == 1
    for _ in range(100):
        party.room.flush_took(0)
    party.say(1, pose(1, 1))
    party.pass_time(HOLD_NS)
    assert len(party.heard(2)) == 1


def test_a_full_bundle_leaves_before_its_time():
    party = Party(1, 2)
    for number in range(10):
        party.say(1, pose(1, number))
    assert 8 <= len(party.heard(2)) < 10


def test_voice_leaves_at_once_and_before_the_poses_that_wait():
    party = Party(1, 2, 3)
    party.say(1, pose(1, 0))
    party.say(2, voice(2, 0))
    party.settle()
    (bundle,) = party.carriers[3].take()
    assert what(bundle) == [(2, VOICE, 0), (1, POSE, 0)]


def test_a_kind_that_is_not_known_is_forwarded_by_its_priority():
    party = Party(1, 2)
    party.say(1, single(63, 1, 7, priority=3), single(62, 1, 8, priority=0))
    party.settle()
    assert what(party.heard(2)) == [(1, 63, 7), (1, 62, 8)]


def test_what_is_about_keys_goes_to_its_receiver_alone():
    party = Party(1, 2, 3)
    party.say(1, single(Kind.KEY, 1, 0, epoch=0, core=b"\0\2" + bytes(136)))
    party.pass_time()
    assert what(party.heard(2)) == [(1, Kind.KEY, 0)]
    assert party.heard(3) == []


def test_nobody_speaks_for_another():
    party = Party(1, 2, 3)
    party.say(1, pose(2, 0), pose(1, 0))
    party.pass_time()
    assert what(party.heard(3)) == [(1, POSE, 0)]
    assert party.room.members[1].foreign == 1


def test_what_is_not_sealed_is_not_passed_on():
    party = Party(1, 2)
    party.say(1, pose(1, 0, epoch=0))
    party.pass_time()
    assert party.heard(2) == []


def test_a_full_path_gets_the_newest_of_what_waited_and_the_goldens():
    party = Party(1, 2)
    party.carriers[2].ready = False
    party.say(1, pose(1, 0))
    party.pass_time()
    for number in range(1, 5):
        party.say(1, pose(1, number, 0))
        party.pass_time()
    party.say(1, voice(1, 0))
    party.pass_time()
    party.carriers[2].open()
    assert what(party.heard(2)) == [(1, VOICE, 0), (1, POSE, 0), (1, POSE, 4)]


def test_a_golden_that_waits_gives_way_to_a_newer_golden_alone():
    party = Party(1, 2)
    party.carriers[2].ready = False
    party.say(1, pose(1, 0), pose(1, 6, 0, reference=True))
    party.pass_time()
    party.say(1, pose(1, 8))
    party.pass_time()
    party.carriers[2].open()
    assert what(party.heard(2)) == [(1, POSE, 8)]


def test_one_full_path_delays_nobody_else():
    party = Party(1, 2, 3)
    party.carriers[2].ready = False
    for number in range(20):
        party.say(1, pose(1, number))
        party.pass_time()
    assert len(party.heard(3)) == 20


def test_who_comes_late_gets_golden_references_and_profile():
    party = Party(1, 2)
    party.say(1, single(Kind.PROFILE, 1, 0, priority=2))
    party.say(1, pose(1, 0), pose(1, 1, 0), pose(1, 6, 0, reference=True))
    party.say(1, pose(1, 12, 6, reference=True), pose(1, 13, 12))
    party.pass_time()
    party.come(3)
    assert what(party.heard(3)) == [
        (1, Kind.PROFILE, 0), (1, POSE, 0), (1, POSE, 6), (1, POSE, 12)
    ]  # fmt: skip


def test_a_newer_golden_makes_what_is_kept_needless():
    party = Party(1, 2)
    party.say(1, pose(1, 0), pose(1, 6, 0, reference=True), pose(1, 12))
    party.come(3)
    assert what(party.heard(3)) == [(1, POSE, 12)]


def test_what_is_kept_goes_with_the_key_that_sealed_it():
    party = Party(1, 2)
    party.say(1, single(Kind.PROFILE, 1, 0, priority=2, epoch=254), pose(1, 0, epoch=254))
    party.say(1, pose(1, 1, epoch=1))
    party.say(1, pose(1, 2, epoch=254))  # It was on its way; nobody else can open it.
    party.come(3)
    assert what(party.heard(3)) == [(1, POSE, 1)]


def test_a_lost_reference_and_those_that_lead_to_it_come_again_to_the_asker_alone():
    party = Party(1, 2, 3)
    party.say(1, pose(1, 0), *(pose(1, n, n - 6, reference=True) for n in (6, 12, 18)))
    party.pass_time()
    party.heard(2), party.heard(3)
    party.ask(2, Again(1, missing=18, known=6))
    party.settle()
    assert what(party.heard(2)) == [(1, POSE, 12), (1, POSE, 18)]
    assert party.heard(3) == []
    party.ask(2, Again(1, missing=18, known=6))
    party.pass_time(10 * MILLISECOND)
    assert party.heard(2) == []  # Once in a while is enough: the first may be on its way.
    party.pass_time(50 * MILLISECOND)
    party.ask(2, Again(1, missing=18, known=18))
    party.settle()
    assert what(party.heard(2)) == [(1, POSE, n) for n in (0, 6, 12, 18)]


def test_a_chain_with_a_gap_is_not_sent_again():
    party = Party(1, 2)
    party.say(1, pose(1, 0), pose(1, 12, 6, reference=True))
    party.pass_time()
    party.heard(2)
    party.ask(2, Again(1, missing=12, known=0))
    party.pass_time()
    assert party.heard(2) == []


def test_the_newest_is_sent_on_request():
    party = Party(1, 2)
    party.say(1, pose(1, 0))
    party.pass_time()
    party.heard(2)
    party.ask(2, Newest(1))
    assert what(party.heard(2)) == [(1, POSE, 0)]


def test_a_ping_is_answered_at_once():
    party = Party(1, 2)
    party.ask(1, RelayPing(99))
    party.settle()
    assert party.told(1) == [RelayPong(99)]
    assert party.heard(2) == []


@pytest.mark.parametrize(
    ("want", "sequences", "details"),
    [
        (WHOLE, list(range(13)), 13),
        (Want(2), [0, 2, 4, 6, 8, 10, 12], 7),
        (Want(3, Sections.NONE), [0, 3, 6, 9, 12], 0),
        (Want(1, Sections.REFERENCES), list(range(13)), 3),
        (Want(0, Sections.ALL), [0, 6, 12], 3),
        (Want(1, Sections.ALL, pose=False), [], 0),
    ],
)
def test_a_receiver_gets_as_much_of_a_stream_as_it_asked_for(want, sequences, details):
    party = Party(1, 2, 3)
    party.ask(2, Wants(((1, want),)))
    for n in range(13):
        refers = None if n == 0 else (n - 1) // 6 * 6
        party.say(1, pose(1, n, refers, reference=n % 6 == 0))
        party.pass_time()
    party.say(3, pose(3, 0))
    party.pass_time()
    heard = party.heard(2)
    mine = [e for e in heard if e.stream == 1]
    assert [e.sequence for e in mine] == sequences
    assert sum(bool(e.detail) for e in mine) == details
    assert all(e.detail_made for e in mine)
    assert [e.stream for e in heard if e.stream != 1] == [3]
    assert len(party.heard(3)) == 13


def test_voices_can_be_left_out():
    party = Party(1, 2)
    party.ask(2, Wants(((0, Want(voice=False)),)))
    party.say(1, voice(1, 0), pose(1, 0))
    party.pass_time()
    assert what(party.heard(2)) == [(1, POSE, 0)]


def test_an_older_wish_that_was_overtaken_does_not_count():
    party = Party(1, 2)
    late = party._numbers
    party.ask(2, Wants(((0, WHOLE),)))
    party.ask(2, Wants(((0, Want(pose=False)),)))
    late[2] = 0
    party.ask(2, Wants(((0, WHOLE),)))
    party.say(1, pose(1, 0))
    party.pass_time()
    assert party.heard(2) == []


def test_a_narrow_path_is_sent_less_and_references_last():
    party = Party(1, 2)
    party.carriers[2].budget_bps = 20_000.0
    for n in range(180):
        refers = None if n == 0 else (n - 1) // 6 * 6
        party.say(1, pose(1, n, refers, reference=n % 6 == 0, core=60, detail=40))
        party.pass_time(16 * MILLISECOND)
    party.heard(2)
    for n in range(180, 240):
        party.say(1, pose(1, n, (n - 1) // 6 * 6, reference=n % 6 == 0))
        party.pass_time(16 * MILLISECOND)
    heard = party.heard(2)
    assert {e.sequence for e in heard if e.sequence % 6 == 0} == set(range(180, 240, 6))
    assert len(heard) < 30
    party.carriers[2].budget_bps = 200_000.0
    for n in range(240, 480):
        party.say(1, pose(1, n, (n - 1) // 6 * 6, reference=n % 6 == 0))
        party.pass_time(16 * MILLISECOND)
    heard = [e for e in party.heard(2) if e.sequence >= 450]
    assert len(heard) == 30
    assert all(e.detail for e in heard)


def test_whom_a_receiver_names_stays_whole_the_longest():
    party = Party(1, 2, 3)
    party.ask(2, Wants(((1, WHOLE),)))
    party.carriers[2].budget_bps = 120_000.0
    for n in range(120):
        refers = None if n == 0 else (n - 1) // 6 * 6
        for stream in (1, 3):
            party.say(stream, pose(stream, n, refers, reference=n % 6 == 0))
        party.pass_time(16 * MILLISECOND)
    heard = [e for e in party.heard(2) if e.sequence >= 60]
    assert sum(e.stream == 1 for e in heard) == 60
    assert sum(e.stream == 3 for e in heard) < 60


def test_who_sends_garbage_is_shown_out_and_nobody_else_notices():
    party = Party(1, 2, 3)
    for n in range(200):
        party.hear(1, b"\0\1garbage")
        party.say(3, pose(3, n))
        party.pass_time(1 * MILLISECOND)
    assert party.ended == {1: "malformed"}
    assert set(party.room.members) == {2, 3}
    assert len(party.heard(2)) == 200


def test_who_floods_costs_the_others_little_and_is_shown_out():
    party = Party(1, 2, 3)
    others = 0
    for n in range(1500):
        party.say(1, pose(1, n))
        if n % 100 == 0:
            party.say(3, pose(3, n))
            others += 1
        if n % 10 == 0:
            party.pass_time(1 * MILLISECOND)
    party.pass_time()
    heard = party.heard(2)
    assert party.ended == {1: "flood"}
    assert sum(e.stream == 3 for e in heard) == others
    assert sum(e.stream == 1 for e in heard) < 400


def test_who_sends_much_but_not_without_end_loses_only_what_is_too_much():
    party = Party(1, 2, limits=RelayLimits(envelopes_per_s=50.0, lost_after_s=60.0))
    for n in range(200):
        party.say(1, pose(1, n, None if n == 0 else n - 1, core=20, detail=0))
        party.pass_time(10 * MILLISECOND)
    assert party.ended == {}
    assert 100 <= len(party.heard(2)) <= 152


def test_who_says_nothing_for_long_is_gone():
    party = Party(1, 2, limits=RelayLimits())
    for n in range(45):
        party.say(2, pose(2, n))
        party.pass_time(100 * MILLISECOND)
    assert party.ended == {1: "lost"}
    assert set(party.room.members) == {2}


def test_who_leaves_is_gone_at_once():
    party = Party(1, 2)
    party.ask(1, RelayBye())
    assert party.ended == {1: "left"}
    party.say(2, pose(2, 0))
    party.pass_time()
    assert party.carriers[1].bundles == []


def test_a_new_connection_takes_the_old_ones_place():
    party = Party(1, 2)
    old = party.carriers[1]
    party.come(1)
    assert party.ended == {1: "replaced"}
    party.say(2, pose(2, 0))
    party.pass_time()
    assert what(party.heard(1)) == [(2, POSE, 0)]
    assert old.bundles == []


def test_a_carrier_that_closes_takes_its_member_along():
    party = Party(1, 2)
    party.carriers[1].on_closed()
    assert party.ended == {1: "lost"}
    assert set(party.room.members) == {2}


def test_a_large_room_is_served_within_its_time():
    party = Party(*range(1, 41))
    for n in range(3):
        for stream in range(1, 41):
            party.say(stream, pose(stream, n, None if n == 0 else n - 1))
            party.clock.advance(SECOND // 30 // 40)
            party.settle()
    party.pass_time()
    for stream in range(1, 41):
        heard = what(party.heard(stream))
        assert len(heard) == len(set(heard)) == 39 * 3


def test_hostile_requests_cost_only_themselves():
    party = Party(1, 2)
    party.say(1, Envelope(Kind.RELAY, 1, 0, 0, core=b"\1\4\0", priority=3))
    party.ask(1, Again(9, 5, 5), Newest(9), Again(1, 0, 0), Newest(1))
    for _ in range(200):
        party.ask(1, *(RelayPing(n) for n in range(20)))
    party.pass_time()
    assert len(party.told(1)) <= 50
    party.say(2, pose(2, 0))
    party.pass_time()
    assert what(party.heard(1)) == [(2, POSE, 0)]


def test_a_bundle_is_never_too_long():
    party = Party(1, 2)
    for n in range(30):
        party.say(1, pose(1, n, core=300 + 37 * n % 600, detail=20))
        party.say(1, voice(1, n))
    party.pass_time()
    assert all(len(bundle) <= 1150 for bundle in party.carriers[2].bundles)
    assert len(party.heard(2)) == 60
    assert encode_envelope(pose(1, 0))


def test_a_hundred_who_come_within_a_second_delay_nobody():
    party = Party(*range(1, 11), limits=RelayLimits(capacity=200, lost_after_s=60.0))
    for stream in range(1, 11):
        party.say(stream, pose(stream, 0))
    sequence = 0
    for newcomer in range(11, 111):
        party.come(newcomer)
        if newcomer % 3 == 0:
            sequence += 1
            for stream in range(1, 11):
                party.say(stream, pose(stream, sequence, 0))
        party.pass_time(10 * MILLISECOND)
    for stream in range(1, 11):
        heard = [e for e in party.heard(stream) if e.kind == POSE]
        assert len(heard) == 9 * (sequence + 1)
    for newcomer in (11, 60, 110):
        heard = what(party.heard(newcomer))
        # The goldens first, whenever they came.
        assert heard[:10] == [(stream, POSE, 0) for stream in range(1, 11)]


def test_who_has_gone_leaves_nothing_behind():
    party = Party(1, 2)
    gone = []
    for n in range(50):
        party.come(3)
        gone.append(weakref.ref(party.room.members[3]))
        party.ask(1, Wants(((3, Want(2)),)))
        party.say(3, pose(3, n), voice(3, n))
        party.say(1, pose(1, n))
        party.pass_time()
        party.ask(3, Again(1, n, n))
        party.ask(3, RelayBye())
        party.pass_time()
        del party.carriers[3]
    gc.collect()
    party.say(1, pose(1, 50))
    party.pass_time()
    assert [ref for ref in gone if ref() is not None] == []
    assert set(party.room.members) == {1, 2}
