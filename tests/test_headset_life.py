"""What becomes of a person in a session: menus, recentring, a headset taken off, loss."""

import numpy as np
import openxr_body as person
import pytest
from openxr_runtime import sensing_client

from presence.pose.quaternion import quat_angle, quat_from_axis_angle
from presence.pose.rigid import UP
from presence.tracking.sensed import Point

pytestmark = pytest.mark.openxr

HEAD = [0.0, 0.0, 0.0, 1.0, 0.4, 1.6, -0.3]
OFFERS = ["XR_EXT_hand_tracking", "XR_FB_face_tracking2", "XR_EXT_user_presence"]


def everything():
    rotations, root = person.posed(3)
    return {
        "head": HEAD,
        "hands": [{"joints": person.hand_joints(rotations, root, side)} for side in (0, 1)],
        "meta_face": {"weights": [0.5] * 70, "confidences": [1.0, 1.0]},
    }


@pytest.fixture
def client(simulated_headset):
    """Somebody who wears the headset and looks at what this program shows; and so it is left."""
    looks_on = (["tell_state", "FOCUSED"], ["tell_present", True])
    sensed = simulated_headset.sensed(*looks_on, ["set", everything()], ["settle"], ["sense"])
    assert whole(sensed)
    yield simulated_headset
    was = (["recentre", 0.0, 0.0, 0.0], ["tell_profile", None])
    simulated_headset.ask(*looks_on, *was, ["settle"], ["about"])


def whole(sensed):
    """Whether all that the sensors say is known."""
    return (
        sensed.present
        and (sensed.position_confidence[:3] == 1.0).all()
        and (sensed.face_confidence == 1.0).all()
    )


def bare(sensed):
    """Whether nothing is known that another program, or nobody, is about."""
    hands = [Point.LEFT_HAND, Point.RIGHT_HAND]
    return not (
        sensed.position_confidence[hands].any()
        or sensed.rotation_confidence.any()
        or sensed.face_confidence.any()
        or sensed.gaze_confidence
    )


def test_while_the_systems_menu_is_open_hands_and_face_are_not_told(client):
    menu = client.sensed(["tell_state", "VISIBLE"], ["settle"], ["sense"])
    assert not menu.present
    assert bare(menu)
    # The head goes on, for ears: the menu is before the same room.
    np.testing.assert_allclose(menu.positions[Point.HEAD], HEAD[4:], atol=1e-6)
    back = client.sensed(["tell_state", "FOCUSED"], ["settle"], ["sense"])
    assert whole(back)


def test_while_another_program_is_shown_nothing_is_told(client):
    hidden = client.sensed(["tell_state", "SYNCHRONIZED"], ["settle"], ["sense"])
    assert not hidden.present
    assert bare(hidden)
    assert not hidden.position_confidence.any()
    back = client.sensed(["tell_state", "FOCUSED"], ["settle"], ["sense"])
    assert whole(back)


def test_of_a_headset_that_is_put_down_nothing_is_told_until_it_is_put_on(client):
    off = client.sensed(["tell_present", False], ["settle"], ["sense"])
    assert not off.present
    assert bare(off)
    assert not off.position_confidence.any()
    on = client.sensed(["tell_present", True], ["settle"], ["sense"])
    assert whole(on)


def test_whoever_recentres_is_at_their_own_place_again_with_hands_and_all(client):
    before = client.sensed(["sense"])
    counted = client.ask(["about"])["recentred"]
    yaw, aside = 0.7, np.array([-0.6, 0.0, 0.9])
    moved = client.sensed(["recentre", aside[0], aside[2], yaw], ["settle"], ["sense"])
    assert client.ask(["about"])["recentred"] == counted + 1
    turn = quat_from_axis_angle(UP, yaw)
    for point in (Point.HEAD, Point.LEFT_HAND, Point.RIGHT_HAND):
        was, now = before.point(point), moved.point(point)
        matrix = np.array(
            [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
        )
        np.testing.assert_allclose(now.translation, matrix @ was.translation + aside, atol=1e-5)
        assert quat_angle(now.rotation, np.asarray(turn_of(turn, was.rotation))) < 1e-3
    # Relative to one another nothing has changed: no finger, no shape.
    assert quat_angle(before.rotations, moved.rotations).max() < 1e-3
    np.testing.assert_array_equal(before.face, moved.face)


def turn_of(turn, rotation):
    from presence.pose.quaternion import quat_mul

    return quat_mul(turn, rotation)


def test_another_controller_taken_in_mid_session_is_held_as_its_own_kind(client):
    held = {"head": HEAD, "grips": [HEAD, HEAD]}
    told = ["tell_profile", "/interaction_profiles/oculus/touch_controller"]
    touch = client.sensed(["set", held], told, ["settle"], ["sense"])
    told = ["tell_profile", "/interaction_profiles/htc/vive_controller"]
    wand = client.sensed(told, ["settle"], ["sense"])
    assert client.ask(["about"])["profiles"] == ["/interaction_profiles/htc/vive_controller"] * 2
    for hand in (Point.LEFT_HAND, Point.RIGHT_HAND):
        # A thicker handle: 4 mm farther from the palm.
        apart = np.linalg.norm(wand.positions[hand] - touch.positions[hand])
        assert apart == pytest.approx(0.004, abs=2e-4)


@pytest.mark.parametrize("how", ["session_lost", "loss_pending"])
def test_a_session_that_is_lost_ends_with_a_sentence_and_nobody_there(started_monado, how):
    step = ["lose"] if how == "session_lost" else ["tell_state", "LOSS_PENDING"]
    with sensing_client(started_monado, offers=OFFERS) as client:
        assert whole(client.sensed(["set", everything()], ["settle"], ["sense"]))
        answer = client.ask(step, ["settle"], ["sense"])
        error = client.ask(["about"])["error"]
    assert "start this program again" in error
    if how == "session_lost":
        assert "start this program again" in answer["lost"]
    else:
        from presence.tracking.sensed import unpack_sensed

        assert not unpack_sensed(bytes.fromhex(answer["sensed"])).present
