"""What goes into a headset's sensors comes out in the samples that the others get."""

from dataclasses import replace

import numpy as np
import openxr_body as person
import pytest

from presence.pose import INDEX, joints_in_place
from presence.pose.face import SHAPES
from presence.pose.quaternion import quat_angle, quat_from_rotvec, quat_mul, quat_rotate
from presence.pose.sample import Part
from presence.tracking.live import LiveSource
from presence.tracking.openxr import face_tables

pytestmark = pytest.mark.openxr

MM, DEGREE = 0.001, np.radians(1.0)
STEP_NS = 16_000_000
SIDES = (0, 1)
HAND_NAMES = ("leftHand", "rightHand")
EYES = np.array([0.02, person.BODY.eye_height - 0.01, -0.06])
LOOK = quat_from_rotvec(np.array([0.1, 0.25, -0.05]))
WRISTS = (np.array([-0.28, 1.12, -0.38]), np.array([0.24, 1.2, -0.33]))


class Told:
    """A sensor that says the same again and again, as new."""

    name = "headset"
    problem = ""

    def __init__(self, sensed):
        self.sensed = sensed

    def sense(self, time_ns):
        return replace(self.sensed, capture_ns=time_ns)

    def close(self):
        pass


@pytest.fixture
def client(simulated_headset):
    return simulated_headset


def sample_of(sensed):
    """What is sent of somebody who holds still, once all has been taken in."""
    source = LiveSource([Told(sensed)], person.BODY)
    samples = [source.sample(i * STEP_NS) for i in range(200)]
    return [sample for sample in samples if sample is not None][-1]


def hand(side, turn, seed):
    """A hand at its wrist's place, its fingers bent somehow."""
    rotations, root = person.posed(seed, angle=0.25)
    at, turned = person.placed(rotations, root)
    i = INDEX[HAND_NAMES[side]]
    # Turn and move it all as one.
    whole = quat_mul(turn, np.array([-1.0, -1.0, -1.0, 1.0]) * turned[i])
    joints = []
    for joint in person.hand_joints(rotations, root, side):
        place = quat_rotate(whole, np.array(joint[4:7]) - at[i]) + WRISTS[side]
        joints.append(person.numbers(quat_mul(whole, np.array(joint[:4])), place))
    return {"joints": joints}, rotations


def test_head_hands_fingers_and_face_are_sent_as_they_went_in(client):
    turns = [quat_from_rotvec(np.array(v)) for v in ([0.3, -0.9, 0.4], [0.2, 0.8, -0.3])]
    told = [hand(side, turns[side], seed=20 + side) for side in SIDES]
    weights = np.random.default_rng(4).uniform(0.0, 0.9, 70)
    sensed = client.sense(
        head=[*LOOK.tolist(), *EYES.tolist()],
        grips=[None, None],
        hands=[joints for joints, _ in told],
        meta_face={"weights": weights.tolist(), "confidences": [1.0, 1.0]},
    )
    sample = sample_of(sensed)
    at, turned = joints_in_place(sample, person.BODY)
    head = INDEX["head"]
    eyes = at[head] + quat_rotate(turned[head], person.BODY.eyes)
    assert np.linalg.norm(eyes - EYES) < MM
    assert quat_angle(turned[head], LOOK) < 0.5 * DEGREE
    for side in SIDES:
        i = INDEX[HAND_NAMES[side]]
        assert np.linalg.norm(at[i] - WRISTS[side]) < MM
        assert quat_angle(turned[i], turns[side]) < 0.5 * DEGREE
        fingers = person.hand_bones(side)
        expected = told[side][1][fingers]
        assert quat_angle(sample.rotations[fingers], expected).max() < 0.5 * DEGREE
    expected = np.zeros(len(SHAPES))
    for i, shape in enumerate(SHAPES):
        for name, share in face_tables.COMMON_SHARES[shape].items():
            expected[i] += share * weights[face_tables.META_EXPRESSIONS.index(name)]
    # Where the eyes look follows from the gaze, for sender and receivers alike.
    followed = [i for i, shape in enumerate(SHAPES) if not shape.startswith("eyeLook")]
    np.testing.assert_allclose(sample.face[followed], expected[followed], atol=0.01)
    assert sample.tracked[[Part.HEAD, Part.LEFT_HAND, Part.RIGHT_HAND, Part.FACE]].min() > 0.9


@pytest.mark.parametrize("side", SIDES)
def test_one_hand_alone_is_sent_on_its_own_side(client, side):
    turn = quat_from_rotvec(np.array([0.1, (-0.9, 0.9)[side], 0.2]))
    hands = [None, None]
    hands[side], _ = hand(side, turn, seed=30)
    head = [*LOOK.tolist(), *EYES.tolist()]
    sensed = client.sense(head=head, grips=[None, None], hands=hands)
    at, _ = joints_in_place(sample_of(sensed), person.BODY)
    assert np.linalg.norm(at[INDEX[HAND_NAMES[side]]] - WRISTS[side]) < MM
    other = at[INDEX[HAND_NAMES[1 - side]]]
    assert np.linalg.norm(other - WRISTS[side]) > 0.2


def test_a_person_whose_menu_is_open_is_sent_at_rest(client):
    turns = [quat_from_rotvec(np.array(v)) for v in ([0.3, -0.9, 0.4], [0.2, 0.8, -0.3])]
    hands = [hand(side, turns[side], seed=20)[0] for side in SIDES]
    values = {"head": [*LOOK.tolist(), *EYES.tolist()], "hands": hands}
    busy = client.sense(**values)
    menu = client.sensed(["tell_state", "VISIBLE"], ["settle"], ["sense"])
    client.ask(["tell_state", "FOCUSED"], ["settle"], ["about"])
    sensor = Told(busy)
    source = LiveSource([sensor], person.BODY)
    for i in range(100):
        source.sample(i * STEP_NS)
    sensor.sensed = menu
    samples = [source.sample(i * STEP_NS) for i in range(100, 300)]
    sample = [each for each in samples if each is not None][-1]
    at, _ = joints_in_place(sample, person.BODY)
    for name in HAND_NAMES:
        # Hanging, beside the thighs.
        assert at[INDEX[name], 1] < at[INDEX["hips"], 1] + 0.05
    assert sample.tracked[[Part.LEFT_HAND, Part.RIGHT_HAND]].max() == 0.0
