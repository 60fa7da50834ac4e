"""Sealed envelopes: what a receiver takes, and what nobody can make it take."""

import json
import random
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import EnvelopeError, SealError, UnknownKeyError, WireError
from presence.wire.envelope import (
    SEQUENCE_PERIOD,
    Envelope,
    Kind,
    decode_envelope,
    encode_envelope,
    seal_length,
)
from presence.wire.sealing import (
    ENVELOPES_A_KEY,
    EPOCHS,
    OLD_KEY_NS,
    WINDOW,
    Opener,
    ReplayWindow,
    Sealer,
    epoch_of,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sealing.json").read_text())["vectors"]
ADA = 7
KEY = bytes(range(16))
CORE, DETAIL = b"the root, the head and the body", b"hands, face and gaze"


def pose(sequence, golden=False, **more):
    distance = 0 if golden else 1
    given = {"core": CORE, "detail": DETAIL, "detail_made": True, "droppable": not golden}
    return Envelope(Kind.POSE, ADA, sequence, 5, distance, **{**given, **more})


def single(kind, sequence=0, payload=b"payload"):
    return Envelope.single(kind, ADA, sequence=sequence, capture_ns=0, payload=payload)


SEALED = [Kind.POSE, Kind.VOICE, Kind.CONTROL, Kind.PROFILE]
ALL_KINDS = [pose(0, golden=True), pose(1), *(single(kind, 2) for kind in SEALED[1:])]


def opener(generation=1, key=KEY, stream=ADA):
    new = Opener(stream)
    assert new.add(generation, key)
    return new


# -- what is sealed is what is opened ------------------------------------------------------------


@pytest.mark.parametrize("envelope", ALL_KINDS, ids=lambda e: f"{e.kind}-{e.golden}")
def test_what_was_sealed_is_opened_and_weighs_its_tags_more(envelope):
    sealed = Sealer(ADA, 1, KEY).seal(envelope)
    arrived = decode_envelope(encode_envelope(sealed))
    assert arrived == sealed
    assert opener().open(arrived, 0) == envelope
    tag = seal_length(envelope.kind, envelope.golden)
    assert sealed.size == envelope.size + tag * (1 + bool(envelope.detail))
    assert sealed.size == sealed.sealed_size == envelope.sealed_size
    assert envelope.core not in encode_envelope(sealed)


def test_a_relay_may_drop_the_detail_and_the_core_still_opens():
    sealed = Sealer(ADA, 1, KEY).seal(pose(1)).without_detail()
    assert opener().open(sealed, 0) == pose(1).without_detail()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector_is_sealed_to_its_bytes_and_opened(vector):
    envelope = Envelope(
        **{**vector["envelope"], **{n: bytes.fromhex(vector["envelope"][n]) for n in PARTS}}
    )
    key, generation = bytes.fromhex(vector["base_key"]), vector["generation"]
    sealed = bytes.fromhex(vector["hex"])
    assert encode_envelope(Sealer(envelope.stream, generation, key).seal(envelope)) == sealed
    opened = opener(generation, key, envelope.stream).open(decode_envelope(sealed), 0)
    assert opened == envelope


PARTS = ("core", "detail")


# -- what nobody can make anyone take ------------------------------------------------------------


@pytest.mark.parametrize("envelope", ALL_KINDS, ids=lambda e: f"{e.kind}-{e.golden}")
def test_not_one_bit_of_header_or_sections_can_be_changed(envelope):
    sealed = encode_envelope(Sealer(ADA, 1, KEY).seal(envelope))
    opening = opener()
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            arrived = decode_envelope(bytes(changed))
            opened = opening.open(arrived, 0)
        except (EnvelopeError, SealError):
            continue
        # It may have become a kind that this version does not know, or an epoch long past.
        assert opened is None
        assert arrived.kind not in SEALED or arrived.epoch != 1
    # Nothing of all that kept the genuine one out.
    assert opening.open(decode_envelope(sealed), 0) == envelope


def test_sections_cannot_change_places_nor_come_from_another_envelope():
    sealer = Sealer(ADA, 1, KEY)
    first, second = (sealer.seal(pose(n, detail=CORE)) for n in (1, 2))
    for forged in (
        replace(first, core=first.detail, detail=first.core),
        replace(first, core=second.core),
        replace(first, detail=second.detail),
        replace(first, detail=first.detail[:-1]),
    ):
        with pytest.raises(SealError):
            opener().open(forged, 0)


def test_an_envelope_in_clear_is_refused():
    with pytest.raises(SealError, match="not sealed"):
        opener().open(pose(1), 0)


def test_what_another_sealed_or_what_comes_back_to_its_sender_does_not_open():
    ben = 8
    mine = Sealer(ADA, 1, KEY).seal(pose(1))
    # Reflected: under the other's number, even if their keys were the same.
    with pytest.raises(SealError):
        opener(stream=ben).open(replace(mine, stream=ben), 0)
    with pytest.raises(SealError):
        opener(key=bytes(16)).open(mine, 0)


# -- replay --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SEALED)
def test_an_envelope_passes_once(kind):
    envelope = pose(5) if kind is Kind.POSE else single(kind, 5)
    sealed = Sealer(ADA, 1, KEY).seal(envelope)
    opening = opener()
    assert opening.open(sealed, 0) is not None
    assert opening.open(sealed, 0) is None


def test_kinds_have_their_own_numbers():
    sealer, opening = Sealer(ADA, 1, KEY), opener()
    for kind in (Kind.VOICE, Kind.CONTROL, Kind.PROFILE):
        assert opening.open(sealer.seal(single(kind, 5)), 0) is not None


def test_within_the_window_order_does_not_matter_and_beyond_it_nothing_passes():
    sealer, opening = Sealer(ADA, 1, KEY), opener()
    sealed = [sealer.seal(pose(n)) for n in range(WINDOW + 1)]
    assert opening.open(sealed[WINDOW], 0) is not None
    assert opening.open(sealed[0], 0) is None
    order = list(range(1, WINDOW))
    random.Random(3).shuffle(order)
    assert all(opening.open(sealed[n], 0) is not None for n in order)
    assert not any(opening.open(one, 0) for one in sealed)


def test_a_forged_number_does_not_move_the_window():
    sealer, opening = Sealer(ADA, 1, KEY), opener()
    sealed = [sealer.seal(pose(n)) for n in range(3)]
    assert opening.open(sealed[0], 0)
    with pytest.raises(SealError):
        opening.open(replace(sealed[1], sequence=SEQUENCE_PERIOD // 4), 0)
    assert opening.open(sealed[1], 0)
    assert opening.open(sealed[2], 0)


@given(st.lists(st.integers(-3000, 3000), max_size=60))
def test_the_window_lets_pass_what_a_set_of_all_numbers_would(steps):
    window, came, newest = ReplayWindow(), set(), None
    at = SEQUENCE_PERIOD - 1500
    for step in steps:
        number = max(0, at + step)
        fresh = number not in came and (newest is None or newest - number < WINDOW)
        whole = window.fresh(number % SEQUENCE_PERIOD)
        assert (whole is not None) == fresh
        if whole is not None:
            window.take(whole)
            came.add(number)
            newest = number if newest is None else max(newest, number)
            at = newest


def test_numbers_go_on_over_the_end_of_their_24_bits():
    sealer, opening = Sealer(ADA, 1, KEY), opener()
    for n in range(SEQUENCE_PERIOD - 3, SEQUENCE_PERIOD + 3):
        sealed = sealer.seal(pose(n % SEQUENCE_PERIOD))
        assert opening.open(sealed, 0) is not None
        assert opening.open(sealed, 0) is None


# -- no nonce twice ------------------------------------------------------------------------------


def test_a_number_is_never_sealed_twice_nor_one_before_it():
    sealer = Sealer(ADA, 1, KEY)
    sealer.seal(pose(5))
    for again in (pose(5), pose(5, core=b"other"), pose(4)):
        with pytest.raises(ValueError, match="only ever grows"):
            sealer.seal(again)
    sealer.seal(single(Kind.VOICE, 5))


def test_a_key_is_spent_before_a_number_could_come_round():
    sealer = Sealer(ADA, 1, KEY)
    assert sealer.unused
    sealer.seal(pose(1))
    assert not sealer.nearly_spent
    sealer.seal(pose(ENVELOPES_A_KEY // 2 + 2))
    assert sealer.nearly_spent
    sealer.seal(pose(ENVELOPES_A_KEY))
    with pytest.raises(ValueError, match="never comes round"):
        sealer.seal(pose(ENVELOPES_A_KEY + 1))


def test_only_ones_own_envelopes_of_known_kinds_are_sealed_and_only_once():
    sealer = Sealer(ADA, 1, KEY)
    for wrong in (replace(pose(1), stream=8), single(Kind.KEY), sealer.seal(pose(1))):
        with pytest.raises(ValueError, match="was to be sealed"):
            sealer.seal(wrong)
    with pytest.raises(ValueError, match="fits no header"):
        sealer.seal(pose(2, core=bytes(250)))


# -- keys come and go ----------------------------------------------------------------------------


def test_a_key_that_has_not_come_is_asked_for_by_name():
    with pytest.raises(UnknownKeyError) as caught:
        Opener(ADA).open(Sealer(ADA, 1, KEY).seal(pose(0)), 0)
    assert caught.value.stream == ADA
    with pytest.raises(UnknownKeyError):
        opener().open(Sealer(ADA, 2, KEY).seal(pose(0)), 0)


def test_an_old_key_opens_for_two_seconds_after_the_new_one_was_first_used():
    old, new = Sealer(ADA, 1, KEY), Sealer(ADA, 2, bytes(16))
    opening = opener()
    assert opening.open(old.seal(pose(0)), 0)
    assert opening.add(2, bytes(16))
    late = [old.seal(pose(n)) for n in range(1, 4)]
    hour = 3600 * OLD_KEY_NS
    assert opening.open(late[0], hour)
    assert opening.open(new.seal(pose(5)), hour)
    assert opening.open(late[1], hour + OLD_KEY_NS - 1)
    assert opening.open(late[2], hour + OLD_KEY_NS) is None
    # It is given up, not missing.
    assert opening.open(old.seal(pose(4)), hour + OLD_KEY_NS) is None


def test_a_forged_envelope_of_the_new_key_does_not_end_the_old_one():
    old, new = Sealer(ADA, 1, KEY), Sealer(ADA, 2, bytes(16))
    opening = opener()
    opening.add(2, bytes(16))
    with pytest.raises(SealError):
        opening.open(replace(new.seal(pose(0)), capture_us=6), 0)
    assert opening.open(old.seal(pose(0)), 10 * OLD_KEY_NS)


def test_a_key_is_taken_only_if_it_is_newer():
    opening = opener(generation=5)
    assert not opening.add(5, bytes(16))
    assert not opening.add(4, bytes(16))
    assert opening.open(Sealer(ADA, 5, KEY).seal(pose(0)), 0)
    assert not Opener(ADA, after=9).add(9, KEY)
    assert Opener(ADA, after=9).add(10, KEY)


def test_epochs_come_round_and_keys_do_not_pile_up():
    assert [epoch_of(g) for g in (1, 2, EPOCHS, EPOCHS + 1)] == [1, 2, 255, 1]
    opening = Opener(ADA)
    for generation in range(1, 2 * EPOCHS + 3):
        key = generation.to_bytes(16, "big")
        assert opening.add(generation, key)
        assert opening.open(Sealer(ADA, generation, key).seal(pose(0)), 0)
        assert len(opening._keys) <= 4


def test_a_restart_seals_by_another_key_so_that_no_nonce_comes_twice():
    # The same numbers and generation, as after a restart, but a random base key.
    first, second = Sealer(ADA, 1, KEY), Sealer(ADA, 1, bytes(16))
    one, two = first.seal(pose(0, core=CORE)), second.seal(pose(0, core=CORE))
    assert one.core != two.core
    streams = [bytes(a ^ b for a, b in zip(e.core, CORE, strict=False)) for e in (one, two)]
    assert streams[0] != streams[1]


# -- hostile bytes -------------------------------------------------------------------------------


@given(st.binary(max_size=80), st.integers(0, 3))
def test_hostile_bytes_raise_nothing_but_documented_errors(data, head):
    sealed = encode_envelope(Sealer(ADA, 1, KEY).seal(pose(1)))
    bytes_ = sealed[: head * 7] + data
    try:
        opened = opener().open(decode_envelope(bytes_), 0)
    except WireError:
        return
    assert opened is None or bytes_ == sealed


def test_every_field_of_an_envelope_survives_sealing():
    assert {field.name for field in fields(Envelope)} == {
        *("kind", "stream", "sequence", "capture_us", "reference_distance", "core", "detail"),
        *("detail_made", "droppable", "priority", "epoch"),
    }, "with_sections passes each on by its place"
