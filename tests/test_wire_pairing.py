"""Spoken codes: who knows one is given the secret, and who guesses is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import SealError, UsageError
from presence.wire.pairing import (
    ATTEMPTS,
    PATIENCE_NS,
    Invitation,
    Newcomer,
    new_words,
    parse_code,
    stretched,
)
from presence.wire.words import WORDS

ROOM, ADA, BEN, EVE = "garden", 7, 8, 9
RIGHT, WRONG = "olive-tiger", "olive-otter"
# A tenth of a second each.
SLOW = {words: stretched(ROOM, ADA, words) for words in (RIGHT, WRONG)}


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    def known(room, stream, words):
        return SLOW[words] if (room, stream) == (ROOM, ADA) else stretched(room, stream, words)

    monkeypatch.setattr("presence.wire.pairing.stretched", known)


def invitation(words=RIGHT):
    return Invitation(ROOM, ADA, words, SLOW[words], "hush-hush")


def pair(inviting, newcomer, sender=BEN):
    box = newcomer.begin()
    while box is not None:
        box = newcomer.receive(inviting.receive(sender, box, 0))
    return newcomer.secret


def test_who_knows_the_code_is_given_the_secret_and_nobody_after_them():
    inviting = invitation()
    assert inviting.code == "7-olive-tiger"
    assert pair(inviting, Newcomer(ROOM, ADA, RIGHT)) == "hush-hush"
    assert inviting.used
    assert inviting.void(0)
    with pytest.raises(SealError, match="used before"):
        pair(inviting, Newcomer(ROOM, ADA, RIGHT), EVE)


def test_who_guesses_is_told_nothing_and_only_a_few_times():
    inviting = invitation()
    for left in range(ATTEMPTS - 1, -1, -1):
        with pytest.raises(SealError, match="another code"):
            pair(inviting, Newcomer(ROOM, ADA, WRONG), EVE)
        assert inviting.attempts == left
    with pytest.raises(SealError, match="too often"):
        pair(inviting, Newcomer(ROOM, ADA, RIGHT))
    assert not inviting.used
    inviting.forget(EVE)
    assert inviting.void(0)


def test_who_begins_and_never_ends_does_not_keep_a_code_alive():
    inviting = invitation()
    for _ in range(ATTEMPTS):
        inviting.receive(EVE, Newcomer(ROOM, ADA, WRONG).begin(), 5)
    assert not inviting.void(5)
    assert inviting.void(5 + PATIENCE_NS)


def test_a_newcomer_who_skips_the_proof_is_given_nothing():
    inviting, newcomer = invitation(), Newcomer(ROOM, ADA, WRONG)
    answer = inviting.receive(EVE, newcomer.begin(), 0)
    assert inviting.receive(EVE, b"\x03" + answer[-32:], 0) == b"\x00"
    assert inviting.receive(EVE, b"\x03" + bytes(32), 0) == b"\x00"
    assert not inviting.used


def test_a_confirmation_is_worth_nothing_from_another():
    inviting, newcomer = invitation(), Newcomer(ROOM, ADA, RIGHT)
    proof = newcomer.receive(inviting.receive(BEN, newcomer.begin(), 0))
    assert inviting.receive(EVE, proof, 0) == b"\x00"
    assert newcomer.receive(inviting.receive(BEN, proof, 0)) is None
    assert newcomer.secret == "hush-hush"


def test_a_host_between_them_learns_nothing_and_is_noticed():
    inviting, newcomer = invitation(), Newcomer(ROOM, ADA, RIGHT)
    # It answers in the member's place, by a guess.
    with pytest.raises(SealError, match="another code"):
        newcomer.receive(invitation(WRONG).receive(BEN, newcomer.begin(), 0))
    # It changes the secret on its way.
    newcomer = Newcomer(ROOM, ADA, RIGHT)
    proof = newcomer.receive(inviting.receive(BEN, newcomer.begin(), 0))
    secret = bytearray(inviting.receive(BEN, proof, 0))
    secret[3] ^= 1
    with pytest.raises(SealError, match="not from the member"):
        newcomer.receive(bytes(secret))
    assert newcomer.secret is None


@pytest.mark.parametrize("room_and_stream", [("cellar", ADA), (ROOM, BEN)])
def test_a_code_is_of_one_room_and_one_member(room_and_stream):
    with pytest.raises(SealError):
        pair(invitation(), Newcomer(*room_and_stream, RIGHT))


@given(st.binary(min_size=1, max_size=512))
def test_hostile_steps_are_refused_by_the_member_and_an_error_to_the_newcomer(box):
    inviting = invitation()
    assert inviting.receive(EVE, box, 0)[0] in (0, 2)
    assert not inviting.used
    with pytest.raises(SealError):
        Newcomer(ROOM, ADA, RIGHT).receive(box)


@pytest.mark.parametrize(
    "text", ["7-olive-tiger", "7 olive tiger", " 7-Olive-TIGER ", "7_olive  tiger"]
)
def test_a_code_is_understood_however_it_is_written(text):
    assert parse_code(text) == (7, "olive-tiger")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("olive-tiger", "is no code"),
        ("0-olive-tiger", "is no code"),
        ("70000-olive-tiger", "is no code"),
        ("7-olive", "is no code"),
        ("7-olive-tigger", "no code has the word 'tigger'"),
        ("", "is no code"),
    ],
)
def test_what_is_no_code_is_said_so(text, why):
    with pytest.raises(UsageError, match=why):
        parse_code(text)


def test_there_are_256_words_all_different_and_easily_written():
    assert len(set(WORDS)) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)
    assert new_words(lambda count: bytes(range(count))) == f"{WORDS[0]}-{WORDS[1]}"
    assert parse_code(f"1-{WORDS[255]}-{WORDS[0]}")
