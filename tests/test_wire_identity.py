"""Identities and key packages: what is signed, by whom and for whom."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from villagers import LINK, someone

from presence.errors import SealError
from presence.wire.identity import OwnIdentity, RoomSecret, check_identity, framed
from presence.wire.key_package import (
    BOX_LENGTH,
    Party,
    key_payload,
    pack_key,
    read_key_payload,
    unpack_key,
)
from presence.wire.link import RoomLink
from presence.wire.signalling import Identity, KeyPackage, KeyRequest

VECTORS = json.loads((Path(__file__).parent / "vectors" / "identity.json").read_text())
KEY = bytes(range(16))
SECRET = RoomSecret.of(LINK)


def own(vector):
    private = (bytes.fromhex(vector[f"{name}_private"]) for name in ("device", "agreement"))
    link = RoomLink("192.0.2.7", 8440, VECTORS["room"], VECTORS["secret"])
    device, agreement = private
    return OwnIdentity(
        Ed25519PrivateKey.from_private_bytes(device),
        X25519PrivateKey.from_private_bytes(agreement),
        RoomSecret.of(link),
    )


@pytest.mark.parametrize("vector", VECTORS["identities"], ids=lambda vector: vector["name"])
def test_identity_vector_is_made_and_believed(vector):
    who = own(vector)
    assert who.secret.key.hex() == VECTORS["secret_key"]
    identity = who.introduce(vector["name"], vector["look"])
    for name in ("device", "agreement", "signature", "proof"):
        assert getattr(identity, name).hex() == vector[name]
    check_identity(identity, who.secret, vector["name"], vector["look"])


def test_key_package_vector_opens_for_its_receiver():
    ada, ben = (own(vector) for vector in VECTORS["identities"])
    package = VECTORS["package"]
    opened = unpack_key(ben, 2, Party.own(1, ada), bytes.fromhex(package["box"]))
    assert opened == (package["generation"], bytes.fromhex(package["base_key"]))


def test_an_identity_is_of_one_name_look_room_and_secret():
    identity = someone().introduce("Ada", 3)
    check_identity(identity, SECRET, "Ada", 3)
    other_secret = RoomSecret.of(replace(LINK, secret="guess"))
    other_room = RoomSecret.of(replace(LINK, room="cellar"))
    for secret, name, look in (
        (SECRET, "Eve", 3),
        (SECRET, "Ada", 4),
        (other_secret, "Ada", 3),
        (other_room, "Ada", 3),
        (RoomSecret("cellar", SECRET.key), "Ada", 3),
    ):
        with pytest.raises(SealError):
            check_identity(identity, secret, name, look)


def test_not_one_bit_of_an_identity_can_be_changed():
    identity = someone().introduce("Ada", 3)
    for field in ("device", "agreement", "signature", "proof"):
        for bit in range(8 * len(getattr(identity, field))):
            changed = bytearray(getattr(identity, field))
            changed[bit // 8] ^= 1 << bit % 8
            forged = msgspec.structs.replace(identity, **{field: bytes(changed)})
            with pytest.raises(SealError):
                check_identity(forged, SECRET, "Ada", 3)


def test_who_knows_the_secret_cannot_borrow_anothers_device():
    ada, eve = someone(), someone()
    # Eve proves the secret for Ada's device, which did not sign what she says.
    eve.device_public = ada.device_public
    with pytest.raises(SealError, match="not who their device signed"):
        check_identity(eve.introduce("Ada", 0), SECRET, "Ada", 0)


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_a_key_to_which_nothing_can_be_sealed_is_refused(point):
    eve = someone()
    eve.agreement_public = point
    with pytest.raises(SealError, match="nothing can be sealed"):
        check_identity(eve.introduce("Eve", 0), SECRET, "Eve", 0)


def test_a_link_without_a_secret_authenticates_nobody():
    with pytest.raises(ValueError, match="authenticates nobody"):
        RoomSecret.of(replace(LINK, secret=""))


def test_a_package_opens_only_from_its_sender_for_its_receiver_as_they_are_now():
    ada, ben, eve = someone(), someone(), someone()
    box = pack_key(ada, 1, Party.own(2, ben), 5, KEY)
    assert len(box) == BOX_LENGTH
    assert unpack_key(ben, 2, Party.own(1, ada), box) == (5, KEY)
    again = someone(device=ben.device)
    for receiver, stream, sender in (
        (eve, 2, Party.own(1, ada)),
        (ben, 3, Party.own(1, ada)),
        (again, 2, Party.own(1, ada)),
        (ben, 2, Party.own(4, ada)),
        (ben, 2, Party.own(1, eve)),
        (ben, 2, Party.own(1, someone(device=ada.device))),
        (ada, 1, Party.own(2, ben)),
    ):
        with pytest.raises(SealError):
            unpack_key(receiver, stream, sender, box)


def test_a_package_made_anew_by_somebody_who_knows_the_secret_is_not_anothers():
    ada, ben, eve = someone(), someone(), someone()
    eve.device_public, eve.agreement_public = ada.device_public, ada.agreement_public
    with pytest.raises(SealError):
        unpack_key(ben, 2, Party.own(1, ada), pack_key(eve, 1, Party.own(2, ben), 9, KEY))


def test_what_is_said_of_keys_is_the_same_by_link_as_through_the_host():
    box = bytes(range(BOX_LENGTH))
    assert read_key_payload(key_payload(KeyPackage(to=258, box=box))) == (258, box)
    assert read_key_payload(key_payload(KeyRequest(to=258))) == (258, None)
    for payload in (b"", b"\1", bytes(3), bytes(BOX_LENGTH), bytes(BOX_LENGTH + 3)):
        with pytest.raises(SealError, match="neither box nor request"):
            read_key_payload(payload)


@given(st.binary(max_size=200))
def test_hostile_boxes_raise_only_the_documented_error(box):
    with pytest.raises(SealError):
        unpack_key(BEN, 2, Party.own(1, ADA), box)


@given(st.tuples(*(st.binary(min_size=n, max_size=n) for n in (32, 32, 64, 32))))
def test_hostile_identities_raise_only_the_documented_error(parts):
    names = ("device", "agreement", "signature", "proof")
    with pytest.raises(SealError):
        check_identity(Identity(**dict(zip(names, parts, strict=True))), SECRET, "Ada", 0)


ADA, BEN = someone(), someone()


@given(st.lists(st.binary(max_size=9), max_size=4), st.lists(st.binary(max_size=9), max_size=4))
def test_no_two_lists_of_parts_read_alike(one, other):
    assert (framed(*one) == framed(*other)) == (one == other)
