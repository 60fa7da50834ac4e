"""Filling in: people who sink, step low and get up, without a jerk."""

import numpy as np
from three_points import BODY, EYES, HAND, HANGING, RATE, filled, joints, sensed

from presence.clock import SECOND
from presence.pose.kinematics import joints_in_place
from presence.pose.quaternion import quat_rotate
from presence.pose.sample import Contact
from presence.pose.skeleton import INDEX
from presence.tracking.filling import Filler
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
