from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.errors import EnvelopeError
from presence.wire.bundle import BUNDLE_LIMIT, pack_bundles, unpack_bundle
from presence.wire.envelope import HEADER_LENGTH

some_bytes = st.binary(min_size=HEADER_LENGTH, max_size=400)


@given(st.lists(some_bytes, max_size=30), st.integers(402, BUNDLE_LIMIT))
def test_envelopes_come_back_in_order_from_bundles_within_the_limit(envelopes, limit):
    bundles = pack_bundles(envelopes, limit)
    assert [e for bundle in bundles for e in unpack_bundle(bundle)] == envelopes
    assert all(len(bundle) <= limit for bundle in bundles)


@given(st.lists(some_bytes, min_size=1, max_size=30))
def test_no_bundle_could_have_taken_the_next_ones_first_envelope(envelopes):
    bundles = pack_bundles(envelopes)
    for bundle, following in pairwise(bundles):
        assert len(bundle) + 2 + len(unpack_bundle(following)[0]) > BUNDLE_LIMIT


def test_an_envelope_that_fits_no_bundle_is_the_callers_mistake():
    assert len(pack_bundles([bytes(BUNDLE_LIMIT - 2)])) == 1
    with pytest.raises(ValueError, match="does not fit"):
        pack_bundles([bytes(BUNDLE_LIMIT - 1)])


def test_no_limit_above_what_receivers_take():
    with pytest.raises(ValueError, match="no receiver takes more"):
        pack_bundles([], limit=BUNDLE_LIMIT + 1)


def test_nothing_to_send_makes_no_bundle():
    assert pack_bundles([]) == []


def test_a_bundle_longer_than_any_sender_makes_is_an_error():
    with pytest.raises(EnvelopeError, match="1 to 1150"):
        unpack_bundle(bytes(BUNDLE_LIMIT + 1))
