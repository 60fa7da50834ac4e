import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import SealError
from presence.relay.admission import (
    Admission,
    public_key,
    public_text,
    read_admission,
    sign_admission,
)

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
SOMEBODY = Admission("kX3vQ9sTzBfa", 7, 1_800_000_000)


def read(token, *, key=KEY, now_s=1_799_999_999):
    return read_admission(token, [public_key(public_text(key))], now_s)


def test_a_hosts_token_lets_in_whom_it_names():
    assert read(sign_admission(KEY, SOMEBODY)) == SOMEBODY


def test_a_token_that_has_run_out_is_refused():
    with pytest.raises(SealError, match="run out"):
        read(sign_admission(KEY, SOMEBODY), now_s=1_800_000_001)


def test_another_hosts_token_is_refused():
    with pytest.raises(SealError, match="signed"):
        read(sign_admission(OTHER, SOMEBODY))


def test_several_hosts_may_be_trusted():
    keys = [public_key(public_text(key)) for key in (KEY, OTHER)]
    assert read_admission(sign_admission(OTHER, SOMEBODY), keys, 0) == SOMEBODY


def test_no_bit_of_a_token_can_be_changed():
    token = sign_admission(KEY, SOMEBODY)
    data = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for at in range(len(data)):
        data[at] ^= 1
        changed = base64.urlsafe_b64encode(data).decode().rstrip("=")
        with pytest.raises(SealError):
            read(changed)
        data[at] ^= 1


@given(st.text(max_size=300))
def test_whatever_is_shown_is_refused_with_a_sentence(text):
    with pytest.raises(SealError):
        read(text)


@pytest.mark.parametrize(
    "admission",
    [Admission("", 1, 1), Admission("x" * 65, 1, 1), Admission("x", 1 << 16, 1)],
)
def test_what_no_token_can_say_is_not_signed(admission):
    with pytest.raises(ValueError, match=r"room|number"):
        sign_admission(KEY, admission)


def test_nobody_has_number_0():
    with pytest.raises(SealError, match="nobody"):
        read(sign_admission(KEY, Admission("x", 0, SOMEBODY.expires_s)))
