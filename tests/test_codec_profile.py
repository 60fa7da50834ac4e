"""Proportions on the wire."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smooth_motion import PERSON

from presence.codec import decode_profile, encode_profile
from presence.errors import ControlError
from presence.pose import default_proportions


@given(st.floats(0.8, 2.3))
def test_anyone_comes_back_to_a_tenth_of_a_millimetre(height):
    person = default_proportions(height)
    data = encode_profile(person)
    back = decode_profile(data)
    assert len(data) <= 600
    for name in ("offsets", "fingertips", "toes", "soles", "crown"):
        assert np.abs(getattr(back, name) - getattr(person, name)).max() <= 0.000051
    assert encode_profile(back) == data


@given(st.binary(max_size=600))
def test_arbitrary_bytes_raise_a_control_error(data):
    with pytest.raises(ControlError):
        decode_profile(data)


@given(st.binary(min_size=420, max_size=420))
def test_arbitrary_numbers_are_refused_or_somebody_plausible(numbers):
    try:
        person = decode_profile(b"\x01" + numbers)
    except ControlError:
        return
    assert 0.3 <= person.eye_height <= 3.0


@pytest.mark.parametrize("length", [0, 1, 420, 422])
def test_a_profile_of_another_length_is_refused(length):
    with pytest.raises(ControlError, match="same version"):
        decode_profile((encode_profile(PERSON) + b"\x00")[:length])


def test_another_version_is_refused():
    with pytest.raises(ControlError, match="same version"):
        decode_profile(b"\x02" + encode_profile(PERSON)[1:])


@pytest.mark.parametrize(("factor", "fault"), [(0.1, "above the floor"), (2.1, "above the floor")])
def test_dwarfs_and_giants_are_neither_sent_nor_accepted(factor, fault):
    with pytest.raises(ValueError, match=fault):
        encode_profile(PERSON.scaled(factor))
    numbers = np.frombuffer(encode_profile(PERSON), dtype=">i2", offset=1)
    scaled = (numbers * factor).astype(">i2").tobytes()
    with pytest.raises(ControlError, match=fault):
        decode_profile(b"\x01" + scaled)


def test_measures_that_are_no_number_are_not_sent():
    offsets = PERSON.offsets.copy()
    offsets[20, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        encode_profile(replace(PERSON, offsets=offsets))


def test_a_bone_as_long_as_a_person_is_not_sent():
    offsets = PERSON.offsets.copy()
    offsets[20, 0] = 1.6
    with pytest.raises(ValueError, match="a bone is"):
        encode_profile(replace(PERSON, offsets=offsets))
