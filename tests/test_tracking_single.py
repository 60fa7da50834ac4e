"""Single vectors and turns."""

import math

import numpy as np
import pytest

from presence.pose.quaternion import quat_from_rotvec, quat_mul
from presence.tracking.single import facing_of


def turn(*rotvecs):
    q = np.array([0.0, 0.0, 0.0, 1.0])
    for rotvec in rotvecs:
        q = quat_mul(q, quat_from_rotvec(np.array(rotvec)))
    return tuple(q.tolist())


@pytest.mark.parametrize("pitch", [-2.0, -1.57, -0.8, 0.0, 0.8, 1.57, 2.0])
@pytest.mark.parametrize("yaw", [-2.5, -0.4, 0.0, 1.2, 3.0])
def test_whoever_bows_or_looks_up_faces_where_they_did(yaw, pitch):
    assert facing_of(turn((0, yaw, 0), (pitch, 0, 0))) == pytest.approx(yaw, abs=1e-9)


@pytest.mark.parametrize("roll", [-1.0, 0.5, 1.0])
def test_whoever_tilts_the_head_faces_where_they_did(roll):
    assert facing_of(turn((0, 0.7, 0), (0, 0, roll))) == pytest.approx(0.7, abs=1e-9)


def test_a_head_that_lies_on_its_side_still_faces_some_way_and_comes_there_gradually():
    faces = [facing_of(turn((0, 0.7, 0), (0.3, 0, 0), (0, 0, k / 50))) for k in range(100)]
    assert all(math.isfinite(angle) for angle in faces)
    steps = (np.diff(faces) + math.pi) % math.tau - math.pi
    assert np.abs(steps).max() < 0.15
