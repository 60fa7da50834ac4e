"""SPAKE2, held to the test vectors of RFC 9382, appendix B."""

import json
from pathlib import Path

import pytest

from presence.errors import SealError
from presence.wire.spake2 import ORDER, SHARE_LENGTH, Spake2, password_scalar

VECTORS = json.loads((Path(__file__).parent / "vectors" / "spake2.json").read_text())["vectors"]
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"A={v['A']!r}, B={v['B']!r}")
def test_the_rfcs_vectors(vector):
    names = vector["A"].encode(), vector["B"].encode()
    w, x, y = (int(vector[name], 16) for name in "wxy")
    a, b = Spake2("A", w, names, x), Spake2("B", w, names, y)
    assert a.share.hex() == vector["pA"]
    assert b.share.hex() == vector["pB"]
    of_a, of_b = a.finish(b.share), b.finish(a.share)
    assert of_a.key.hex() == of_b.key.hex() == vector["Ke"]
    assert of_a.confirmation.hex() == of_b.expected.hex() == vector["cA"]
    assert of_b.confirmation.hex() == of_a.expected.hex() == vector["cB"]


def exchange(w_a, w_b, names=(b"a", b"b"), context=b"", other_context=None):
    a, b = Spake2("A", w_a, names), Spake2("B", w_b, names)
    theirs = context if other_context is None else other_context
    return a.finish(b.share, context), b.finish(a.share, theirs)


def test_the_same_password_gives_a_key_that_is_new_each_time():
    keys = set()
    for _ in range(3):
        a, b = exchange(5, 5)
        a.confirm(b.confirmation)
        b.confirm(a.confirmation)
        assert a.key == b.key
        keys.add(a.key)
    assert len(keys) == 3


def test_another_password_or_another_context_is_noticed_by_both():
    for a, b in (exchange(5, 6), exchange(5, 5, context=b"x", other_context=b"y")):
        for one, other in ((a, b), (b, a)):
            with pytest.raises(SealError, match="another code"):
                one.confirm(other.confirmation)


def test_ones_own_confirmation_reflected_is_none():
    a, _ = exchange(5, 5)
    with pytest.raises(SealError):
        a.confirm(a.confirmation)


@pytest.mark.parametrize(
    "share",
    [
        b"",
        bytes(SHARE_LENGTH),
        b"\x04" + bytes(64),
        b"\x04" + PRIME.to_bytes(32, "big") + bytes(32),
        b"\x04" + bytes(31) + b"\x01" + bytes(31) + b"\x01",
        b"\x02" + bytes(32),
        b"\x04" + b"\xff" * 64,
        b"\x04" + bytes(70),
    ],
)
def test_what_is_no_point_is_refused(share):
    with pytest.raises(SealError, match="no point"):
        Spake2("A", 5, (b"a", b"b")).finish(share)


def test_a_share_that_would_give_the_key_away_is_refused():
    names = (b"a", b"b")
    # Its secret is none, which only who knows the password could send.
    nothing = Spake2("B", 5, names, scalar=ORDER)
    with pytest.raises(SealError, match="no key can be agreed on"):
        Spake2("A", 5, names).finish(nothing.share)


def test_a_password_makes_a_number_that_depends_on_room_and_words():
    numbers = {password_scalar(w, s) for w in (b"one", b"two") for s in (b"room", b"other")}
    assert len(numbers) == 4
    assert all(0 < number < ORDER for number in numbers)
