"""Whom one believes, and the keys that follow from it, against a host that means harm."""

from dataclasses import replace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from villagers import LINK, Village, someone

from presence.client.trust import ASK_AFTER_NS, ASK_AGAIN_NS, HANDOVER_NS, WANTED_NS
from presence.clock import SECOND
from presence.errors import SealError, UnknownKeyError
from presence.wire.envelope import Envelope, Kind
from presence.wire.key_package import Party, pack_key
from presence.wire.link import RoomLink
from presence.wire.sealing import ENVELOPES_A_KEY, Sealer
from presence.wire.signalling import KeyRequest, Member


def village(*names):
    place = Village()
    return place, *(place.join(name) for name in names)


def member(person, stream, **changes):
    """How a host would introduce somebody."""
    given = {"stream": stream, "seat": stream % 5, "name": person.name}
    return Member(**{**given, "identity": person.own.introduce(person.name, 0), **changes})


# -- how it goes among friends -------------------------------------------------------------------


def test_everyone_understands_everyone():
    place, *people = village("Ada", "Ben", "Cleo")
    place.run(1.0)
    for speaker in people:
        for listener in people:
            if speaker is not listener:
                assert place.hears(listener, speaker)


def test_keys_are_there_before_a_link_could_be():
    place, ada, ben = village("Ada", "Ben")
    # No time has passed: what was said through the host is enough.
    assert place.hears(ada, ben)
    assert place.hears(ben, ada)


def test_a_new_key_seals_only_after_all_had_time_to_get_it():
    place, ada, ben = village("Ada", "Ben")
    assert place.hears(ben, ada)
    before = ada.says().epoch
    cleo = place.join("Cleo")
    assert ada.says().epoch == before
    place.run(HANDOVER_NS / SECOND + 0.05)
    assert ada.says().epoch == before + 1
    assert place.hears(ben, ada)
    assert place.hears(cleo, ada)


def test_a_link_to_a_newcomer_brings_the_new_key_into_use_at_once():
    place, ada, ben = village("Ada", "Ben")
    before = ada.says().epoch
    cleo = place.join("Cleo")
    assert not ada.trust.link_up(ben.stream + 100)
    assert ada.trust.link_up(cleo.stream)
    assert ada.says().epoch == before + 1
    assert place.hears(cleo, ada)
    assert not ada.trust.link_up(cleo.stream)


def test_several_who_come_at_once_cost_one_new_key():
    place, ada, ben = village("Ada", "Ben")
    before = ada.says().epoch
    cleo, dan = place.join("Cleo"), place.join("Dan")
    place.run(1.0)
    assert ada.says().epoch == before + 1
    assert all(place.hears(listener, ada) for listener in (ben, cleo, dan))


def test_a_newcomer_cannot_read_what_was_said_before():
    place, ada, _ = village("Ada", "Ben")
    said = ada.says()
    cleo = place.join("Cleo")
    place.run(1.0)
    assert place.hears(cleo, ada)
    with pytest.raises(SealError):
        # Nor is it of any use to call it one of the new key's.
        cleo.trust.open(replace(said, epoch=ada.says().epoch), place.now)
    assert cleo.trust.open(said, place.now) is None


def test_who_left_reads_no_further():
    place, ada, ben, cleo = village("Ada", "Ben", "Cleo")
    place.run(1.0)
    assert place.hears(cleo, ada)
    place.leave(cleo)
    place.run(HANDOVER_NS / SECOND + 0.05)
    said = ada.says()
    with pytest.raises(UnknownKeyError):
        cleo.trust.open(said, place.now)
    assert ben.trust.open(said, place.now)
    # Nor if she asks.
    ada.trust.asked(cleo.stream, place.now)
    assert ada.trust.collect() == []


def test_who_leaves_while_a_key_is_on_its_way_does_not_get_by_with_that_one():
    place, ada, ben = village("Ada", "Ben")
    ada.says()
    cleo = place.join("Cleo")
    place.leave(cleo)
    place.run(1.0)
    said = ada.says()
    with pytest.raises(UnknownKeyError):
        cleo.trust.open(said, place.now)
    assert ben.trust.open(said, place.now)


def test_before_a_number_could_come_round_there_is_a_new_key():
    place, ada, ben = village("Ada", "Ben")
    before = ada.says().epoch
    for number in (ENVELOPES_A_KEY // 4, ENVELOPES_A_KEY // 2 + 9):
        ada.numbers = iter(range(number, number + 9))
        assert place.hears(ben, ada)
    place.run(1.0)
    assert ada.says().epoch == before + 1
    assert place.hears(ben, ada)


def test_after_a_restart_of_the_program_no_nonce_comes_twice():
    device = Ed25519PrivateKey.generate()
    place, ada = village("Ada")
    ben = place.join("Ben", someone(device=device))
    first = ben.says()
    place.leave(ben)
    again = place.join("Ben", someone(device=device))
    place.run(1.0)
    assert place.hears(ada, again)
    # The same person, by the same device; nothing else is as it was.
    assert again.own.device_public == ben.own.device_public
    assert ada.trust.package(again.stream, place.delivered[0].box) is False
    with pytest.raises(SealError):
        ada.trust.open(first, place.now)


# -- the link's secret ---------------------------------------------------------------------------


def test_who_has_another_secret_is_not_let_in_and_both_sides_are_told_why():
    place, ada = village("Ada")
    mallory = place.join("Mallory", someone(RoomLink("192.0.2.7", 8440, "garden", "guess")))
    for one, other in ((ada, mallory), (mallory, ada)):
        assert not one.trust.believes(other.stream)
        sentence = one.trust.refused[other.stream].sentence
        assert other.name in sentence
        assert "secret" in sentence
        assert "compare your links" in sentence
        with pytest.raises(SealError, match="not believed"):
            one.trust.open(other.says(), place.now)
    assert place.delivered == []


def test_who_does_not_say_who_they_are_is_not_let_in():
    place, ada = village("Ada")
    assert not ada.trust.came(Member(stream=9, seat=1, name="Old"), place.now)
    assert "out of date" in ada.trust.refused[9].sentence


def test_the_secret_of_another_room_proves_nothing():
    elsewhere = someone(RoomLink("192.0.2.7", 8440, "cellar", LINK.secret))
    place, ada = village("Ada")
    assert not ada.trust.came(
        Member(stream=9, seat=1, name="Ben", identity=elsewhere.introduce("Ben", 0)), place.now
    )


# -- a host that means harm ----------------------------------------------------------------------


def test_a_host_cannot_invent_a_member():
    place, ada, ben = village("Ada", "Ben")
    stranger = Village().join("Stranger", someone(RoomLink("h", 1, "garden", "of-the-host")))
    genuine = ben.own.introduce("Ben", 0)
    forged = stranger.own.introduce("Stranger", 0)
    for identity in (
        forged,
        msgspec.structs.replace(forged, proof=genuine.proof),
        msgspec.structs.replace(genuine, agreement=forged.agreement),
        msgspec.structs.replace(genuine, device=forged.device),
        msgspec.structs.replace(genuine, signature=forged.signature),
        msgspec.structs.replace(genuine, proof=bytes(32)),
    ):
        assert not ada.trust.came(member(stranger, 9, identity=identity), place.now)
        assert not ada.trust.came(member(ben, 9, identity=identity), place.now)
    assert ada.trust.collect() == []


def test_a_host_cannot_give_somebody_another_name_or_look():
    place, ada = village("Ada")
    ben = Village().join("Ben")
    assert not ada.trust.came(member(ben, 9, name="Cleo"), place.now)
    assert not ada.trust.came(member(ben, 9, look=5), place.now)
    assert ada.trust.came(member(ben, 9), place.now)


def test_a_host_that_shows_somebody_twice_or_shows_one_oneself_is_not_believed():
    place, ada, ben = village("Ada", "Ben")
    assert not ada.trust.came(member(ben, 9), place.now)
    assert not ada.trust.came(member(ada, 10), place.now)
    assert place.hears(ada, ben)


def test_a_host_that_swaps_two_identities_makes_nobody_heard_as_another():
    place, ada = village("Ada")
    ben, cleo = (Village().join(name) for name in ("Ben", "Cleo"))
    ben.stream, cleo.stream = 2, 3
    # Ben is told that he is 2 and Cleo that she is 3; Ada is told the opposite.
    for person in (ben, cleo):
        person.trust.welcome(person.stream, [member(ada, ada.stream)], place.now)
    assert ada.trust.came(member(cleo, 2), place.now)
    assert ada.trust.came(member(ben, 3), place.now)
    for person in (ben, cleo):
        for package in person.trust.collect():
            for stream in (2, 3):
                assert not ada.trust.package(stream, package.box)
    assert ada.trust.bad_packages == 4
    with pytest.raises(UnknownKeyError):
        ada.trust.open(ben.says(), place.now)


def test_a_host_that_replays_a_key_package_changes_nothing():
    place, ada, ben = village("Ada", "Ben")
    old = [p for p in place.delivered if p.sender == ben.stream]
    said = ben.says()
    assert ada.trust.open(said, place.now)
    place.join("Cleo")
    place.run(1.0)
    assert place.hears(ada, ben)
    for package in old:
        assert not ada.trust.package(ben.stream, package.box)
    assert place.hears(ada, ben)
    assert ada.trust.open(said, place.now) is None


def test_a_host_that_brings_back_who_left_with_all_they_said_is_heard_by_nobody():
    place, ada, ben = village("Ada", "Ben")
    packages = [p for p in place.delivered if p.sender == ben.stream]
    said = ben.says()
    assert ada.trust.open(said, place.now)
    introduced = member(ben, ben.stream)
    place.leave(ben)
    # The very same words as before, from its records.
    assert ada.trust.came(introduced, place.now)
    for package in packages:
        assert not ada.trust.package(ben.stream, package.box)
    assert ada.trust.open(said, place.now) is None


def test_a_key_package_is_of_use_to_nobody_but_its_receiver():
    place, ada, ben, cleo = village("Ada", "Ben", "Cleo")
    place.run(1.0)
    for package in place.delivered:
        if package.sender == ada.stream and package.to == ben.stream:
            assert not cleo.trust.package(ada.stream, package.box)
            # Reflected to who made it, and passed off as another's.
            assert not ada.trust.package(ben.stream, package.box)
            assert not ben.trust.package(cleo.stream, package.box)
    # Nor is one that is newer than any that they have.
    newest = pack_key(ada.own, ada.stream, Party.own(ben.stream, ben.own), 99, bytes(16))
    for trust, sender in ((cleo.trust, 1), (ada.trust, 2), (ben.trust, 3)):
        assert not trust.package(sender, newest)
        assert trust.bad_packages == 1
    assert ben.trust.package(ada.stream, newest)


def test_hostile_key_packages_cost_only_themselves():
    place, ada, ben = village("Ada", "Ben")
    assert place.hears(ada, ben)
    genuine = pack_key(ben.own, ben.stream, Party.own(ada.stream, ada.own), 1 << 40, bytes(16))
    for bit in range(8 * len(genuine)):
        changed = bytearray(genuine)
        changed[bit // 8] ^= 1 << bit % 8
        assert not ada.trust.package(ben.stream, bytes(changed))
    for box in (b"x", bytes(136), bytes(512), genuine[:-1], genuine + b"\0"):
        assert not ada.trust.package(ben.stream, box)
    assert not ada.trust.package(77, genuine)
    # All but zeros and the one bit that makes its generation an old one.
    assert ada.trust.bad_packages == 8 * len(genuine) - 1 + 4
    assert place.hears(ada, ben)
    assert ada.trust.package(ben.stream, genuine)


def test_a_member_cannot_speak_as_another_to_somebody_who_has_not_given_them_a_key():
    place, ada, ben = village("Ada", "Ben")
    mallory = Sealer(ben.stream, 1, bytes(16))
    forged = mallory.seal(_voice(ben.stream))
    with pytest.raises(SealError):
        ada.trust.open(forged, place.now)


def _voice(stream):
    return Envelope.single(Kind.VOICE, stream, sequence=1, capture_ns=0, payload=b"hello")


# -- keys that are lost or late ------------------------------------------------------------------


def test_a_key_that_was_lost_is_asked_for_and_given_again():
    place, ada, ben = village("Ada", "Ben")
    assert place.hears(ben, ada)
    place.dropping = True
    place.join("Cleo")
    place.run(1.0)
    place.dropping = False
    said = ada.says()
    with pytest.raises(UnknownKeyError):
        ben.trust.open(said, place.now)
    place.run((ASK_AFTER_NS + ASK_AGAIN_NS) / SECOND)
    assert ben.trust.open(said, place.now)


def test_a_missing_key_is_asked_for_now_and_then_while_it_is_wanted():
    place, ada, ben = village("Ada", "Ben")
    ada.says()
    place.dropping = True
    place.join("Cleo")
    place.run(1.0)
    asked = []
    for _ in range(60):
        with pytest.raises(UnknownKeyError):
            ben.trust.open(ada.says(), place.now)
        place.now += SECOND // 60
        ben.trust.tick(place.now)
        asked += ben.trust.collect()
    assert set(asked) == {KeyRequest(to=ada.stream)}
    assert 2 <= len(asked) <= SECOND // ASK_AGAIN_NS + 1
    # Nothing comes any more: nothing is asked for.
    for _ in range(3):
        place.now += WANTED_NS
        ben.trust.tick(place.now)
        asked = ben.trust.collect()
    assert asked == []


def test_who_asks_on_and_on_is_answered_now_and_then():
    place, ada, ben = village("Ada", "Ben")
    for _ in range(100):
        place.now += SECOND // 1000
        ada.trust.asked(ben.stream, place.now)
    assert len(ada.trust.collect()) <= 2


def test_when_the_host_was_away_keys_stay_and_are_given_again():
    place, ada, ben = village("Ada", "Ben")
    assert place.hears(ada, ben)
    before = ada.says()
    ada.trust.welcome(ada.stream, [member(ben, ben.stream)], place.now)
    # A member's identity is said again as it was.
    assert ada.trust.believes(ben.stream)
    assert place.hears(ada, ben)
    assert ada.says().epoch == before.epoch
    assert [message.to for message in ada.trust.collect()] == [ben.stream]


def test_under_a_new_number_of_ones_own_everything_is_sealed_by_a_new_key():
    place, ada, ben = village("Ada", "Ben")
    before = ada.says().epoch
    ada.trust.welcome(9, [member(ben, ben.stream)], place.now)
    ada.stream = 9
    assert ada.says().epoch == before + 1
    again = member(ada, 9)
    assert ben.trust.changed([again]) == [1]
    ben.trust.went(1, place.now)
    assert ben.trust.came(again, place.now)
    for package in ada.trust.collect():
        assert ben.trust.package(9, package.box)
    assert place.hears(ben, ada)


def test_who_is_not_there_yet_when_the_host_comes_back_is_believed_until_they_are_gone():
    place, ada, ben, cleo = village("Ada", "Ben", "Cleo")
    place.run(1.0)
    assert place.hears(cleo, ada)
    assert not ada.trust.welcome(ada.stream, [member(ben, ben.stream)], place.now)
    assert place.hears(cleo, ada)
    ada.trust.went(cleo.stream, place.now)
    place.run(1.0)
    with pytest.raises(UnknownKeyError):
        cleo.trust.open(ada.says(), place.now)
    assert place.hears(ben, ada)


def test_who_was_taken_for_gone_and_was_not_is_understood_again_but_not_what_came_before():
    place, ada, ben = village("Ada", "Ben")
    said = ben.says()
    assert ada.trust.open(said, place.now)
    # Ada lost Ben; he noticed nothing, and gives her the key that she had.
    ada.trust.went(ben.stream, place.now)
    assert ada.trust.came(member(ben, ben.stream), place.now)
    ben.trust.came(member(ada, ada.stream), place.now)
    place.run(1.0)
    assert place.hears(ada, ben)
    assert place.hears(ben, ada)
    assert ada.trust.open(said, place.now) is None


def test_a_forged_newcomer_makes_nobody_give_way():
    place, ada, ben = village("Ada", "Ben")
    mallory = Village().join("Mallory", someone(RoomLink("h", 1, "garden", "guess")))
    stolen = msgspec.structs.replace(
        mallory.own.introduce("Mallory", 0), agreement=ben.own.agreement_public
    )
    for forged in (member(mallory, ben.stream), member(mallory, 9, identity=stolen)):
        assert ada.trust.changed([forged]) == []
        assert not ada.trust.came(forged, place.now)
    assert place.hears(ada, ben)


def test_a_number_that_is_somebody_elses_by_now_is_said_so_and_believed_once_it_is_free():
    place, ada, ben = village("Ada", "Ben")
    other = member(Village().join("Cleo"), ben.stream)
    assert ada.trust.changed([other, member(ada, 77)]) == [ben.stream]
    assert not ada.trust.came(other, place.now)
    assert place.hears(ada, ben)
    ada.trust.went(ben.stream, place.now)
    assert ada.trust.came(other, place.now)
    with pytest.raises(UnknownKeyError):
        ada.trust.open(ben.says(), place.now)
