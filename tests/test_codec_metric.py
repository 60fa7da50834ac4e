"""The error metric."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from smooth_motion import PERSON

from presence.codec.metric import LEVER, vertex_errors
from presence.pose import INDEX, PoseSample
from presence.pose.quaternion import quat_from_rotvec

REST = PoseSample.at_rest(0, PERSON.hips_height)


def turned(bone: str, *rotvec: float) -> PoseSample:
    rotations = REST.rotations.copy()
    rotations[INDEX[bone]] = quat_from_rotvec(np.array(rotvec))
    return replace(REST, rotations=rotations)


def test_the_same_pose_has_no_error():
    assert vertex_errors(REST, REST, PERSON).shape == (3 * (55 + 10),)
    assert vertex_errors(REST, REST, PERSON).max() == 0.0


def test_a_displaced_root_displaces_every_vertex():
    shifted = replace(REST, root_position=REST.root_position + np.array([0.0, 0.0, 0.02]))
    assert vertex_errors(shifted, REST, PERSON) == pytest.approx(0.02)


def test_a_turn_of_the_last_bone_shows_by_the_lever():
    errors = vertex_errors(turned("leftToes", 0.1, 0.0, 0.0), REST, PERSON)
    assert errors.max() == pytest.approx(2 * LEVER * np.sin(0.05), rel=0.01)


def test_a_turn_at_the_shoulder_shows_most_at_the_fingertips():
    errors = vertex_errors(turned("leftUpperArm", 0.0, 0.0, 0.1), REST, PERSON)
    reach = 0.28 + 0.25 + 0.09 + 0.046 + 0.028 + 0.024
    assert 0.1 * reach < errors.max() < 0.1 * (reach + 2 * LEVER)
    assert np.argmax(errors) >= 3 * 55
