"""Filling in: people who sink, step low and get up, without a jerk."""

import math

import numpy as np
import pytest
from three_points import BODY, EYES, HAND, HANGING, RATE, filled, joints, sensed

from presence.clock import SECOND
from presence.pose.kinematics import joints_in_place
from presence.pose.quaternion import quat_from_rotvec, quat_rotate
from presence.pose.sample import Contact
from presence.pose.skeleton import INDEX
from presence.tracking.filling import Filler
from presence.tracking.filling.legs import Legs
from presence.tracking.filling.measures import Measures
from presence.tracking.filling.trunk import Carriage
from presence.tracking.performer import Performer


def of_a_performer(start_s, end_s):
    """Head and hands of a performer who sits and gets up."""
    performer = Performer(7, seat=1, cast=3, proportions=BODY, seat_height=0.45)
    frames = []
    for k in range(round(start_s * RATE), round(end_s * RATE)):
        positions, turns = joints_in_place(performer.sample(k * SECOND // RATE), BODY)
        head, hands = INDEX["head"], [INDEX[hand] for hand in HAND]
        eyes = positions[head] + quat_rotate(turns[head], BODY.eyes)
        frames.append(sensed(eyes, turns[head], positions[hands], turns[hands]))
    return frames


def test_whoever_gets_up_stands_on_their_feet_all_the_while():
    samples = filled(of_a_performer(50.0, 55.0), Filler(BODY, None))
    assert samples[0].contacts & Contact.SEAT and not samples[-1].contacts & Contact.SEAT
    feet = Contact.LEFT_FOOT | Contact.RIGHT_FOOT
    assert all(sample.contacts & feet for sample in samples)
    hips = joints(samples)[0][:, 0, 1]
    assert hips.max() < BODY.hips_height + 0.04


def test_the_lean_of_whoever_steps_about_low_does_not_come_and_go_with_each_step():
    frames = []
    for k in range(300):
        at = np.array([0.0, EYES - 0.2, -0.07 - 0.25 * k / RATE])
        frames.append(sensed(at, hands=HANGING + (at - (0.0, EYES, -0.07))))
    hips = joints(filled(frames))[0][90:, 0]
    jerk = np.linalg.norm(np.diff(hips, 3, axis=0), axis=-1) * RATE**3
    assert jerk.max() < 200.0


def test_whoever_lies_down_on_the_belly_has_neither_hips_nor_knees_in_the_floor():
    frames = []
    for k in range(240):
        u = min(k / 150.0, 1.0)
        u = u * u * (3.0 - 2.0 * u)
        at = np.array([0.0, EYES - (EYES - 0.3) * u, -0.07 - 0.9 * u])
        hands = HANGING + np.array([0.0, -0.72 * u, -1.0 * u])
        frames.append(sensed(at, quat_from_rotvec(np.array([-0.6 * u, 0.0, 0.0])), hands))
    positions, _ = joints(filled(frames))
    low = [INDEX[side + joint] for side in ("left", "right") for joint in ("UpperLeg", "LowerLeg")]
    assert positions[:, [0, *low], 1].min() > 0.0
    moved = np.linalg.norm(np.diff(positions[:, low], axis=0), axis=-1)
    assert moved.max() < 0.2


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_knees_do_not_flip_where_the_hips_have_turned_away_from_the_feet(way):
    legs = Legs(Measures.of(BODY))
    carriage = Carriage(Measures.of(BODY))
    knees = []
    for degrees in range(150, 211, 2):
        turn = (
            0.0,
            math.sin(math.radians(0.5 * degrees)),
            0.0,
            math.cos(math.radians(0.5 * degrees)),
        )
        trunk = carriage.hung(
            (0.0, 1.2, 0.0), turn, turn, 0.0, way * math.radians(degrees), (0.0, 0.0, 0.0)
        )
        knees.append(legs.at(0, trunk, (-0.1, 0.0, 0.0), 0.0, 0.0).knee)
    assert np.linalg.norm(np.diff(np.array(knees), axis=0), axis=-1).max() < 0.05


def test_whoever_is_still_on_the_floor_sits_there_upright_and_with_the_knees_drawn_up():
    hands = HANGING + np.array([0.0, -0.5, 0.1])
    frames = [sensed((0.0, EYES - 0.84, 0.2), hands=hands)] * 120
    samples = filled(frames)
    positions, _ = joints(samples)
    assert all(sample.contacts & Contact.SEAT for sample in samples)
    neck, hips = positions[60:, INDEX["neck"]], positions[60:, 0]
    assert hips[:, 1].min() > 0.08 and hips[:, 1].max() < 0.2
    assert np.hypot(*(neck - hips)[:, [0, 2]].T).max() < 0.15
    for side in ("left", "right"):
        knee, foot = (positions[-1, INDEX[side + bone]] for bone in ("LowerLeg", "Foot"))
        assert knee[1] > 0.3 and foot[2] < hips[-1, 2] - 0.2
