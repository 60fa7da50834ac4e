from dataclasses import replace

import numpy as np
import pytest

from presence.clock import MILLISECOND, SECOND
from presence.pose.kinematics import joints_in_place
from presence.pose.proportions import default_proportions
from presence.pose.sample import Part
from presence.pose.skeleton import INDEX
from presence.tracking.live import STILL_NS, LiveSource
from presence.tracking.sensed import Point, Sensed

BODY = default_proportions()
START = 1000 * SECOND
FRAME = SECOND // 60


def at_eye_height(capture_ns, aside=0.0):
    """A head that looks ahead, ``aside`` metres from where it began."""
    nothing = Sensed.nothing(capture_ns)
    positions = nothing.positions.copy()
    positions[Point.HEAD] = [aside, BODY.eye_height, 0.0]
    certain = np.zeros(len(Point))
    certain[Point.HEAD] = 1.0
    return replace(
        nothing,
        positions=positions,
        position_confidence=certain,
        orientation_confidence=certain,
    )


class Simulated:
    """A sensor that has something new every ``beat_ns``, ``age_ns`` after it was so."""

    def __init__(self, name="camera", beat_ns=SECOND // 30, age_ns=80 * MILLISECOND):
        self.name = name
        self.beat_ns, self.age_ns = beat_ns, age_ns
        self.problem = ""
        self.blind = False
        self.closed = 0
        self.aside = lambda time_ns: 0.0

    def sense(self, time_ns):
        if self.blind:
            return None
        capture_ns = (time_ns - self.age_ns) // self.beat_ns * self.beat_ns
        return at_eye_height(capture_ns, self.aside(capture_ns))

    def close(self):
        self.closed += 1


def samples(source, seconds, begin_ns=START):
    taken = [source.sample(begin_ns + k * FRAME) for k in range(round(60 * seconds))]
    return [sample for sample in taken if sample is not None]


def test_a_camera_of_thirty_pictures_makes_thirty_samples_evenly_spaced():
    camera = Simulated()
    taken = samples(LiveSource([camera], BODY), 2.0)
    steps = np.diff([sample.capture_ns for sample in taken[1:]])
    assert 58 <= len(taken) <= 61
    assert (np.abs(steps - camera.beat_ns) < MILLISECOND).all()


def test_what_is_sent_bears_the_time_at_which_the_person_was_so():
    headset = Simulated("headset", beat_ns=SECOND // 120, age_ns=2 * MILLISECOND)
    source = LiveSource([headset], BODY)
    for k in range(60):
        sample = source.sample(START + k * FRAME)
        assert sample is not None
        assert 0 <= START + k * FRAME - sample.capture_ns < 12 * MILLISECOND


def test_nobody_freezes_while_a_sensor_is_blind_and_time_never_goes_back():
    camera = Simulated()
    source = LiveSource([camera], BODY)
    before = samples(source, 1.0)
    camera.blind = True
    blind = samples(source, 2.0, START + SECOND)
    camera.blind = False
    after = samples(source, 1.0, START + 3 * SECOND)
    times = [sample.capture_ns for sample in before + blind + after]
    assert (np.diff(times) > 0).all()
    assert max(np.diff(times)) <= STILL_NS + 2 * camera.beat_ns
    assert len(blind) > 90
    assert blind[-1].tracked[Part.HEAD] == 0.0
    assert not np.array_equal(blind[-1].rotations, blind[-20].rotations), "nothing breathes"
    assert len(after) >= 25
    assert after[-1].tracked[Part.HEAD] > 0.5


def test_whoever_is_not_sensed_yet_stands_at_rest_on_the_floor():
    source = LiveSource([Simulated()], BODY)
    source._followed[0].sensor.blind = True
    taken = samples(source, 0.5)
    assert len(taken) > 20
    for sample in taken:
        joints, _ = joints_in_place(sample, BODY)
        assert joints[INDEX["head"], 1] > 0.8 * BODY.eye_height
        assert abs(joints[INDEX["leftFoot"], 1] + BODY.soles[0, 1]) < 0.02


@pytest.mark.parametrize("age_ms", [0, 50, 150, 220])
def test_a_late_sensor_is_followed_all_the_same(age_ms):
    camera = Simulated(age_ns=age_ms * MILLISECOND)
    source = LiveSource([camera], BODY)
    camera.blind = True
    samples(source, 0.5)
    camera.blind = False
    camera.aside = lambda time_ns: 0.2 * np.sin(2 * np.pi * 0.5 * time_ns / SECOND)
    taken = samples(source, 3.0, START + SECOND // 2)
    late = taken[30:]
    assert len(late) > 50
    for sample in late:
        joints, _ = joints_in_place(sample, BODY)
        wanted = camera.aside(sample.capture_ns)
        assert abs(joints[INDEX["head"], 0] - wanted) < 0.05


def test_readings_say_how_fast_and_how_late_each_sensor_is():
    headset = Simulated("headset", beat_ns=SECOND // 120, age_ns=5 * MILLISECOND)
    phone = Simulated("live link", beat_ns=SECOND // 20, age_ns=90 * MILLISECOND)
    phone.problem = "the phone has been silent; open the app"
    source = LiveSource([headset, phone], BODY)
    samples(source, 2.0)
    one, other = source.readings()
    assert (one.name, other.name) == ("headset", "live link")
    assert abs(one.hz - 60.0) < 3.0, "it was asked sixty times a second"
    assert abs(other.hz - 20.0) < 2.0
    assert one.age_ns < 15 * MILLISECOND < 80 * MILLISECOND < other.age_ns
    assert source.problems == (phone.problem,)
    source.close()
    assert (headset.closed, phone.closed) == (1, 1)
