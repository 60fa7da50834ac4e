from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from presence.wire.envelope import CAPTURE_PERIOD, SEQUENCE_PERIOD, Envelope, Kind
from presence.wire.unwrap import CaptureTimes, Unwrapped, Unwrapper, unwrap

FRAME_NS = 16_667_000


@dataclass
class Frame:
    sequence: int
    core: bytes = b""
    detail: bytes = b""

    @property
    def refers_to(self):
        return self.sequence - self.sequence % 12

    @property
    def reference(self):
        return self.sequence % 6 == 0

    @property
    def capture_ns(self):
        return self.sequence * FRAME_NS


@given(st.integers(), st.integers(-(1 << 23), (1 << 23) - 1))
def test_the_nearest_number_is_found_from_any_reference(reference, distance):
    true = reference + distance
    assert unwrap(true % SEQUENCE_PERIOD, SEQUENCE_PERIOD, reference) == true


# A late frame may come after a newer one; losses may be long.
@given(
    st.integers(0, 3 * SEQUENCE_PERIOD),
    st.lists(st.integers(-40, 10_000), max_size=50),
)
def test_sequence_and_capture_time_are_followed_through_wraps_losses_and_reordering(first, steps):
    unwrapper = Unwrapper()
    start = Frame(first)
    begun = unwrapper.unwrap(Envelope.pose(1, start))
    assert begun.sequence == first % SEQUENCE_PERIOD
    newest = first
    for step in steps:
        frame = Frame(max(0, newest + step))
        newest = max(newest, frame.sequence)
        got = unwrapper.unwrap(Envelope.pose(1, frame))
        shift = frame.sequence - first
        assert got == Unwrapped(
            begun.sequence + shift,
            begun.sequence + shift - frame.sequence % 12,
            begun.capture_ns + shift * FRAME_NS,
        )


def test_the_first_envelope_is_taken_as_it_stands():
    frame = Frame(25)
    assert Unwrapper().unwrap(Envelope.pose(1, frame)) == Unwrapped(25, 24, 25 * FRAME_NS)


def test_kinds_that_are_followed_together_agree_about_the_time_on_either_side_of_a_wrap():
    times = CaptureTimes()
    pose, voice = Unwrapper(times), Unwrapper(times)
    before, after = CAPTURE_PERIOD - 5, CAPTURE_PERIOD + 5
    first = pose.unwrap(Envelope(Kind.POSE, 1, 7, before))
    spoken = voice.unwrap(Envelope(Kind.VOICE, 1, 1, after % CAPTURE_PERIOD))
    assert spoken.capture_ns - first.capture_ns == 10_000
    late = voice.unwrap(Envelope(Kind.VOICE, 1, 0, before))
    assert (late.sequence, late.capture_ns) == (0, first.capture_ns)


def test_a_clock_that_wraps_within_the_call_goes_on():
    unwrapper = Unwrapper()
    times = [(CAPTURE_PERIOD - 2 + step) for step in range(4)]
    got = [
        unwrapper.unwrap(Envelope(1, 1, sequence, time % CAPTURE_PERIOD)).capture_ns
        for sequence, time in enumerate(times)
    ]
    assert got == [time * 1_000 for time in times]
