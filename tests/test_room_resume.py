from hypothesis import given
from hypothesis import strategies as st

from presence.room.resume import Claim, ResumeTokens

CLAIMS = st.builds(
    Claim,
    stream=st.integers(1, 0xFFFF),
    seat=st.integers(0, 0xFF),
    nonce=st.integers(0, 0xFFFF_FFFF),
)
TOKENS = ResumeTokens(bytes(range(32)), "garden")


@given(CLAIMS)
def test_a_token_proves_what_it_was_made_for_and_fits_signalling(claim):
    token = TOKENS.make(claim)
    assert ResumeTokens(bytes(range(32)), "garden").read(token) == claim
    assert len(token) <= 64


@given(CLAIMS, st.data())
def test_a_token_in_which_anything_was_changed_proves_nothing(claim, data):
    token = TOKENS.make(claim)
    # Of the last character not all bits count.
    at = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.sampled_from("ABCabc012-_").filter(lambda c: c != token[at]))
    assert TOKENS.read(token[:at] + other + token[at + 1 :]) is None


@given(st.text(max_size=64))
def test_whatever_was_not_made_here_proves_nothing(text):
    assert TOKENS.read(text) is None
