"""What the media process tells the view, as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.client.records import Came, Heard, Seated, Spoke, Went, pack_record, unpack_record
from presence.codec import encode_profile
from presence.pose import Attention, Contact, PoseSample, checked, default_proportions
from presence.pose.sample import Part

BODY = default_proportions(1.62)


@pytest.mark.parametrize(
    "record",
    [
        Came(3, 2, "Åse", "/somewhere/1.glb", encode_profile(BODY)),
        Came(3, 2, "Åse", "", encode_profile(BODY)),
        Went(65535),
        Seated(4),
    ],
)
def test_what_is_rare_comes_out_as_it_went_in(record):
    assert unpack_record(pack_record(record)) == record


@given(st.integers(0, 2**32 - 1), st.integers(-(2**60), 2**60), st.integers(1, 65535))
def test_a_frame_comes_out_as_it_went_in(seed, time_ns, stream):
    rng = np.random.default_rng(seed)
    sample = checked(
        PoseSample(
            capture_ns=time_ns,
            root_position=rng.normal(size=3),
            rotations=rng.normal(size=(55, 4)),
            face=rng.random(52),
            gaze_direction=rng.normal(size=3),
            gaze_distance=float(rng.uniform(0.1, 50)),
            attention=Attention(stream, 0.5),
            tracked=rng.random(len(Part)),
            contacts=Contact.LEFT_FOOT | Contact.SEAT,
        )
    )
    heard = unpack_record(pack_record(Heard(stream, seed, time_ns + 5, sample)))
    assert isinstance(heard, Heard)
    assert (heard.stream, heard.sequence, heard.arrival_ns) == (stream, seed, time_ns + 5)
    for name in ("root_position", "rotations", "face", "gaze_direction", "tracked"):
        np.testing.assert_array_equal(getattr(heard.sample, name), getattr(sample, name))
    for name in ("capture_ns", "gaze_distance", "attention", "contacts"):
        assert getattr(heard.sample, name) == getattr(sample, name)


def test_a_frames_arrays_cannot_be_written_to():
    sample = PoseSample.at_rest(0, 0.9)
    heard = unpack_record(pack_record(Heard(1, 0, 0, sample)))
    with pytest.raises(ValueError, match="read-only"):
        heard.sample.rotations[0] = 0.0


def test_what_a_voice_says_of_a_mouth_comes_out_as_it_went_in():
    lips = np.random.default_rng(0).random(52)
    spoke = Spoke(65535, -(2**61), 120_000_000, 0.25, lips)
    out = unpack_record(pack_record(spoke))
    assert (out.stream, out.at_ns, out.behind_ns, out.level) == (65535, -(2**61), 120_000_000, 0.25)
    assert np.array_equal(out.lips, lips)
