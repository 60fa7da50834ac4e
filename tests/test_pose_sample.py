"""What a pose sample is, and what is refused as one."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.pose import Contact, Part, PoseSample, checked
from presence.pose.sample import FAR_GAZE, NEAR_GAZE, NOBODY

REST = PoseSample.at_rest(123, 0.9)
ARRAYS = ("root_position", "rotations", "face", "gaze_direction", "tracked")


def test_at_rest_the_hips_are_up_and_everything_else_is_neutral():
    assert REST.capture_ns == 123
    np.testing.assert_array_equal(REST.root_position, [0.0, 0.9, 0.0])
    np.testing.assert_array_equal(REST.rotations, np.tile([0, 0, 0, 1], (55, 1)))
    np.testing.assert_array_equal(REST.face, np.zeros(52))
    np.testing.assert_array_equal(REST.gaze_direction, [0, 0, -1])
    assert REST.attention is NOBODY
    assert REST.contacts == Contact.NONE
    assert REST.tracked.shape == (len(Part),)


def test_the_same_pose_may_be_stamped_with_another_time():
    later = REST.at(456)
    assert later.capture_ns == 456
    assert later.rotations is REST.rotations


def test_a_sample_is_a_value():
    with pytest.raises(FrozenInstanceError):
        REST.capture_ns = 1
    for name in ARRAYS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(REST, name)[0] = 1.0


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_by_name(name, bad):
    array = getattr(REST, name).copy()
    array.flat[-1] = bad
    with pytest.raises(ValueError, match=f"{name} .*not finite"):
        checked(replace(REST, **{name: array}))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gaze_distance_that_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="gaze_distance"):
        checked(replace(REST, gaze_distance=bad))


@pytest.mark.parametrize("name", ARRAYS)
def test_a_wrong_shape_is_refused_by_name(name):
    array = getattr(REST, name)
    for wrong in (array[:-1], array[None]):
        with pytest.raises(ValueError, match=f"{name} has shape"):
            checked(replace(REST, **{name: wrong}))


@given(st.integers(0, 2**32 - 1), st.floats(-1e3, 1e3))
def test_what_is_checked_is_canonical_and_checking_it_again_changes_nothing(seed, distance):
    rng = np.random.default_rng(seed)
    rough = PoseSample(
        capture_ns=seed,
        root_position=rng.normal(size=3),
        rotations=rng.normal(size=(55, 4)),
        face=rng.normal(0.5, 1.0, 52),
        gaze_direction=rng.normal(size=3) * 5.0,
        gaze_distance=distance,
        tracked=rng.normal(0.5, 1.0, len(Part)),
        contacts=Contact.SEAT,
    )
    whole = checked(rough)
    np.testing.assert_allclose(np.linalg.norm(whole.rotations, axis=-1), 1.0)
    np.testing.assert_allclose(np.linalg.norm(whole.gaze_direction), 1.0)
    for share in (whole.face, whole.tracked):
        assert (share >= 0.0).all()
        assert (share <= 1.0).all()
    assert NEAR_GAZE <= whole.gaze_distance <= FAR_GAZE
    assert whole.contacts == Contact.SEAT
    again = checked(whole)
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(again, name), getattr(whole, name), atol=1e-15)


def test_checking_takes_copies_so_the_source_may_go_on_writing():
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (55, 1))
    whole = checked(replace(REST, rotations=rotations))
    rotations[3] = [1.0, 0.0, 0.0, 0.0]
    np.testing.assert_array_equal(whole.rotations[3], [0.0, 0.0, 0.0, 1.0])
    assert not whole.rotations.flags.writeable


def test_a_gaze_without_a_direction_looks_ahead():
    blank = replace(REST, gaze_direction=np.zeros(3))
    np.testing.assert_array_equal(checked(blank).gaze_direction, [0.0, 0.0, -1.0])


def test_single_precision_becomes_double():
    single = replace(REST, rotations=REST.rotations.astype(np.float32))
    assert checked(single).rotations.dtype == np.float64
