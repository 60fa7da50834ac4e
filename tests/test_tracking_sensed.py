import numpy as np

from presence.pose.quaternion import IDENTITY
from presence.tracking.sensed import SENSED_BYTES, Point, Sensed, pack_sensed, unpack_sensed


def something(seed=5):
    random = np.random.default_rng(seed)
    nothing = Sensed.nothing(0)
    arrays = {
        name: random.standard_normal(getattr(nothing, name).shape)
        for name in (
            *("positions", "orientations", "position_confidence", "orientation_confidence"),
            *("rotations", "rotation_confidence", "face", "face_confidence", "gaze_direction"),
        )
    }
    return Sensed(
        capture_ns=2**61 + 1, gaze_distance=3.5, gaze_confidence=0.25, present=False, **arrays
    )


def test_nothing_is_at_rest_and_without_any_confidence():
    nothing = Sensed.nothing(7)
    assert nothing.capture_ns == 7
    assert nothing.present
    assert (nothing.rotations == IDENTITY).all()
    assert (nothing.orientations == IDENTITY).all()
    assert nothing.gaze_direction.tolist() == [0.0, 0.0, -1.0]
    for confidence in (
        nothing.position_confidence,
        nothing.orientation_confidence,
        nothing.rotation_confidence,
        nothing.face_confidence,
    ):
        assert not confidence.any()
    assert nothing.gaze_confidence == 0.0
    assert all(nothing.point(point) is None for point in Point)


def test_what_is_packed_comes_out_to_the_bit():
    sensed = something()
    record = pack_sensed(sensed)
    assert len(record) == SENSED_BYTES
    back = unpack_sensed(record)
    for name in Sensed.__slots__:
        np.testing.assert_array_equal(getattr(back, name), getattr(sensed, name))


def test_a_point_needs_both_place_and_direction():
    sensed = something()
    sensed.position_confidence[:] = [1, 0, 1, 1, 1, 1]
    sensed.orientation_confidence[:] = [1, 1, 0, 1, 1, 1]
    assert sensed.point(Point.LEFT_HAND) is None
    assert sensed.point(Point.RIGHT_HAND) is None
    head = sensed.point(Point.HEAD)
    np.testing.assert_array_equal(head.translation, sensed.positions[Point.HEAD])
    np.testing.assert_array_equal(head.rotation, sensed.orientations[Point.HEAD])
