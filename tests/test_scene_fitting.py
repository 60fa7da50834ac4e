import numpy as np
import pytest
from capsule_person import capsule_person

from presence.pose.proportions import default_proportions
from presence.scene.fitting import SOLE_FRAMES, fit, sole_arms


def test_an_avatar_is_scaled_to_the_eye_height_of_whoever_wears_it():
    avatar = capsule_person(default_proportions(1.9), segments=4, rings=3)
    person = default_proportions(1.55)
    fitted = fit(avatar, person)
    assert fitted.scale * avatar.proportions.eye_height == pytest.approx(person.eye_height)


def test_fitting_is_done_once_for_the_same_two_objects():
    avatar = capsule_person(segments=4, rings=3)
    person = default_proportions(1.55)
    assert fit(avatar, person) is fit(avatar, person)
    assert fit(avatar, default_proportions(1.55)) is not fit(avatar, person)


def test_at_rest_the_arms_lead_from_the_hips_to_the_floor():
    proportions = default_proportions(1.63)
    arms = sole_arms(proportions)
    assert arms.shape == (*SOLE_FRAMES.shape, 3)
    points = proportions.offsets[0] + arms.sum(axis=1)
    np.testing.assert_allclose(points[:, 1], 0.0, atol=1e-9)
    left, right = points[:3], points[3:]
    np.testing.assert_allclose(left * [-1.0, 1.0, 1.0], right)
    assert left[0, 2] > left[1, 2] > left[2, 2], "ankle, ball and tip follow each other forwards"
