"""Head, wrists and buttons that Monado's remote driver moves, as what is known of a person."""

import numpy as np
import openxr_body as person
import pytest
from monado_remote import remote_monado
from openxr_runtime import judgement, judging, sensing_client

from presence.pose.quaternion import quat_angle, quat_from_rotvec
from presence.pose.skeleton import INDEX
from presence.tracking.sensed import Point

pytestmark = pytest.mark.openxr

SIDES = (0, 1)
HANDS = (Point.LEFT_HAND, Point.RIGHT_HAND)
MM, DEGREE = 0.001, np.radians(1.0)
# How a fist closes round a handle; see docs/headset.md.
ROUND_HANDLE = {"out_of_palm": 0.030, "along_hand": 0.070, "tilt": np.radians(12.0)}


@pytest.fixture(scope="module")
def remote():
    with remote_monado() as (started, told), sensing_client(started) as client:
        yield told, client


@pytest.fixture
def settled(remote):
    """Everything in its usual place, nothing pressed."""
    told, client = remote
    told.move(told.data.head.center, (0, 0, 0, 1), (0, 1.6, 0))
    for side, controller in enumerate((told.data.left, told.data.right)):
        controller.active = True
        controller.hand_tracking_active = False
        controller.trigger = controller.squeeze = 0.0
        for name in ("a_touch", "b_touch", "thumbstick_touch", "trackpad_touch"):
            setattr(controller, name, False)
        told.move(controller, (0, 0, 0, 1), (-0.25 + 0.5 * side, 1.2, -0.4))
    told.tell(client)
    return told, client


def curl_of(sensed, side, finger):
    """The angle that a finger's three bones make together, radians."""
    bones = person.hand_bones(side)[3 * finger : 3 * finger + 3]
    return float(quat_angle(sensed.rotations[bones], np.array([0.0, 0.0, 0.0, 1.0])).sum())


def test_the_driver_tells_what_it_is(remote):
    _, client = remote
    about = client.ask(["sense"], ["about"])
    assert about["profiles"] == ["/interaction_profiles/valve/index_controller"] * 2
    assert len(about["suggested"]) == 9


def test_the_head_is_where_it_was_put(settled):
    told, client = settled
    turn = quat_from_rotvec(np.array([0.3, -0.5, 0.2]))
    told.move(told.data.head.center, turn, (0.4, 1.45, -0.3))
    sensed = told.tell(client)
    assert np.linalg.norm(sensed.positions[Point.HEAD] - [0.4, 1.45, -0.3]) < MM
    assert quat_angle(sensed.orientations[Point.HEAD], turn) < 0.5 * DEGREE


@pytest.mark.parametrize("side", SIDES)
def test_a_wrist_is_behind_the_grip_of_its_own_controller(settled, side):
    told, client = settled
    before = client.sensed(["sense"])
    position = np.array([-0.31 + 0.6 * side, 1.33, -0.42])
    orientation = quat_from_rotvec(np.array([0.4, 0.3, -0.7]))
    turn, place = person.grip(position, orientation, side, **ROUND_HANDLE)
    told.move((told.data.left, told.data.right)[side], turn, place)
    sensed = told.tell(client)
    assert np.linalg.norm(sensed.positions[HANDS[side]] - position) < MM
    assert quat_angle(sensed.orientations[HANDS[side]], orientation) < 0.5 * DEGREE
    other = HANDS[1 - side]
    assert np.linalg.norm(sensed.positions[other] - before.positions[other]) < MM


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("pressed", "fingers"),
    [("trigger", [1]), ("squeeze", [2, 3, 4]), ("a_touch", [0]), ("thumbstick_touch", [0])],
)
def test_what_is_pressed_closes_its_own_fingers_alone(settled, side, pressed, fingers):
    told, client = settled
    before = client.sensed(["sense"])
    setattr((told.data.left, told.data.right)[side], pressed, 1.0 if fingers != [0] else True)
    sensed = told.tell(client)
    for hand in SIDES:
        for finger in range(5):
            closed = curl_of(sensed, hand, finger) - curl_of(before, hand, finger)
            if hand == side and finger in fingers:
                assert closed > np.radians(30.0)
            else:
                assert abs(closed) < 0.1 * DEGREE


def test_a_controller_that_is_put_down_is_not_there_and_comes_back(settled):
    told, client = settled
    told.data.left.active = False
    away = told.tell(client)
    told.data.left.active = True
    back = told.tell(client)
    assert away.position_confidence[Point.LEFT_HAND] == 0.0
    assert away.rotation_confidence[INDEX["leftIndexDistal"]] == 0.0
    assert away.position_confidence[Point.RIGHT_HAND] > 0.5
    assert back.position_confidence[Point.LEFT_HAND] > 0.5


def test_hands_that_the_runtime_makes_up_are_told_as_hands(settled):
    told, client = settled
    told.data.right.hand_tracking_active = True
    told.data.right.curl[:] = [0.0] * 5
    flat = told.tell(client)
    told.data.right.curl[:] = [1.0] * 5
    fist = told.tell(client)
    assert flat.position_confidence[Point.RIGHT_HAND] == 1.0
    for finger in range(1, 5):
        assert curl_of(fist, 1, finger) - curl_of(flat, 1, finger) > np.radians(60.0)
        assert abs(curl_of(fist, 0, finger) - curl_of(flat, 0, finger)) < 0.1 * DEGREE


def test_the_validation_layer_finds_no_error_while_hands_and_controllers_are_read(
    x_display, tmp_path
):
    report = tmp_path / "validation.txt"
    with remote_monado() as (started, told):
        judged = judging(started, report) | {"DISPLAY": x_display}
        with sensing_client(started, backend="x11", environment=judged) as client:
            for seen in (False, True):
                for controller in (told.data.left, told.data.right):
                    controller.active = True
                    controller.hand_tracking_active = seen
                sensed = told.tell(client)
                assert (sensed.position_confidence[Point.LEFT_HAND] == 1.0) == seen
    assert judgement(report) == []
