"""Frames that wait for what they refer to: against the truth, through loss and disorder."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_motion import PERSON, SECOND, SmoothMotion

from presence.codec import CodecSettings, Decoder, Encoder, Frame, PatientDecoder
from presence.codec.waiting import TOUCH, WINDOW
from presence.errors import CodecError, MissingReferenceError


class Bookkeeper:
    """A decoder that only keeps the books. State: the references decoded; it can do so for ever."""

    def __init__(self):
        self.references = set()

    def decode(self, frame):
        if not frame.golden and frame.refers_to not in self.references:
            raise MissingReferenceError("missing", frame.refers_to)
        if frame.core == b"broken":
            raise CodecError("broken")
        if frame.reference:
            self.references.add(frame.sequence)
        return frame.sequence


def frame(sequence, refers_to, reference=None):
    golden = sequence == refers_to
    return Frame(sequence, refers_to, 0, b"", b"", golden if reference is None else reference)


def stream(count, golden_every=12, anchor_every=6):
    """Frames as an encoder numbers them: a golden, and a chain of anchors from it on."""
    out, last = [], 0
    for k in range(count):
        golden, anchor = k % golden_every == 0, k % anchor_every == 0
        out.append(frame(k, k if golden else last, golden or anchor))
        last = k if golden or anchor else last
    return out


def push(patient, frames):
    """The sequences that come out of each frame."""
    return [[f.sequence for f, _ in patient.push(one)] for one in frames]


def test_without_loss_every_frame_comes_out_by_itself():
    patient = PatientDecoder(Bookkeeper())
    assert push(patient, stream(100)) == [[k] for k in range(100)]
    assert (patient.missing, patient.waiting) == (None, 0)


def test_what_waits_comes_out_after_its_reference_in_order():
    s = stream(12)
    patient = PatientDecoder(Bookkeeper())
    assert push(patient, [s[0], s[8], s[10], s[7], s[6]]) == [[0], [], [], [], [6, 7, 8, 10]]
    assert push(patient, [s[9]]) == [[9]]


def test_an_anchor_that_waits_is_resolved_with_all_that_waits_for_it():
    s = stream(30, golden_every=12)
    patient = PatientDecoder(Bookkeeper())
    assert push(patient, [*s[:6], s[13], s[18], s[20], s[14], s[19]])[6:] == [[]] * 5
    assert patient.missing == 12
    assert push(patient, [s[12]]) == [[12, 13, 14, 18, 19, 20]]
    assert patient.missing is None


def test_what_is_missing_is_asked_for_until_something_newer_is_there():
    s = stream(30)
    patient = PatientDecoder(Bookkeeper())
    push(patient, s[:6])
    assert patient.missing is None
    push(patient, s[7:9])
    assert patient.missing == 6
    # The golden makes up for the anchor, which is of no use but to what is past.
    push(patient, [s[12]])
    assert (patient.missing, patient.waiting) == (None, 2)
    push(patient, [s[19]])
    assert patient.missing == 18
    assert push(patient, [s[6], s[18]]) == [[6, 7, 8], [18, 19]]


def test_links_of_a_chain_are_set_free_from_wherever_it_was_broken():
    s = stream(60, golden_every=60)
    patient = PatientDecoder(Bookkeeper())
    assert patient.known is None
    push(patient, [*s[:8], *s[19:24]])
    assert (patient.missing, patient.known) == (18, 6)
    # That 12 is missing too shows only when 18 is there: so what is known is told besides.
    assert push(patient, [s[18]]) == [[]]
    assert (patient.missing, patient.known) == (12, 6)
    assert push(patient, [s[24], s[25]]) == [[], []]
    assert (patient.missing, patient.known) == (12, 6)
    assert push(patient, [s[12]]) == [[12, *range(18, 26)]]
    assert (patient.missing, patient.known) == (None, 24)


def test_who_has_no_reference_of_late_is_out_of_touch():
    s = stream(200)
    patient = PatientDecoder(Bookkeeper())
    assert not patient.in_touch
    push(patient, [s[5]])
    assert not patient.in_touch
    push(patient, [s[0]])
    assert patient.in_touch
    push(patient, [s[TOUCH - 1]])
    assert patient.in_touch
    push(patient, [s[TOUCH + 1]])
    assert not patient.in_touch
    push(patient, [s[TOUCH]])
    assert not patient.in_touch
    push(patient, [s[12], s[24]])
    assert patient.in_touch


def test_duplicates_return_nothing_whether_decoded_or_waiting():
    s = stream(20)
    patient = PatientDecoder(Bookkeeper())
    assert push(patient, [s[0], s[0], s[7], s[7], s[6], s[7], s[6]]) == [
        [0], [], [], [], [6, 7], [], [],
    ]  # fmt: skip


def test_no_more_wait_than_are_of_use():
    s = stream(3 * WINDOW, golden_every=240, anchor_every=240)
    patient = PatientDecoder(Bookkeeper())
    push(patient, s[1:])
    assert patient.waiting == WINDOW
    assert push(patient, [s[0]]) == [[0, *range(2 * WINDOW, 3 * WINDOW)]]


def test_nothing_waits_longer_than_it_is_of_use():
    s = stream(200)
    patient = PatientDecoder(Bookkeeper())
    push(patient, [s[0], s[13], s[14], s[72]])
    assert patient.waiting == 2
    push(patient, [s[73]])
    assert patient.waiting == 1
    assert push(patient, [s[12]]) == [[12, 14]]


def test_a_reference_is_taken_however_old_if_a_frame_waits_for_it():
    s = stream(240, golden_every=240, anchor_every=240)
    patient = PatientDecoder(Bookkeeper())
    assert push(patient, [s[230], s[0], s[231]]) == [[], [0, 230], [231]]
    assert push(patient, [s[100]]) == [[]]


def test_an_unsound_frame_raises_and_its_sound_copy_is_decoded():
    s = stream(8)
    patient = PatientDecoder(Bookkeeper())
    with pytest.raises(CodecError, match="broken"):
        patient.push(replace(s[0], core=b"broken"))
    assert push(patient, s[:3]) == [[0], [1], [2]]


def test_an_unsound_frame_that_waited_is_counted_and_harms_no_other():
    s = stream(24)
    patient = PatientDecoder(Bookkeeper())
    push(patient, [s[13], replace(s[14], core=b"broken"), replace(s[18], core=b"broken")])
    push(patient, [s[15], s[19]])
    assert push(patient, [s[12]]) == [[12, 13, 15]]
    assert patient.refused == 2
    assert push(patient, [s[14], s[18]]) == [[14], [18, 19]]


def test_a_frame_that_refers_to_what_nobody_may_refer_to_is_refused():
    patient = PatientDecoder(Bookkeeper())
    push(patient, stream(6))
    with pytest.raises(CodecError, match="drop it"):
        patient.push(frame(6, 5, reference=True))
    assert patient.missing is None


def decodable(received):
    """The sequences among the frames received whose references, to the golden, are there too."""
    there = {f.sequence: f for f in received}
    out = set()
    for f in sorted(received, key=lambda f: f.sequence):
        above = there.get(f.refers_to)
        if f.golden or (f.refers_to in out and above is not None and above.reference):
            out.add(f.sequence)
    return out


def disordered(frames, dice, loss, delay):
    """The frames as they arrive: some lost, some twice, each up to ``delay`` frames late."""
    arrivals = []
    for f in frames:
        arrivals += [
            (f.sequence + dice.random() * delay, dice.random(), f)
            for _ in range(1 + (dice.random() < 0.2))
            if dice.random() >= loss
        ]
    return [f for _, _, f in sorted(arrivals, key=lambda one: one[:2])]


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.05, 0.2, 0.5]),
    delay=st.sampled_from([0.0, 2.0, 8.0, 15.0]),
    golden_every=st.sampled_from([6, 12, 24, 48]),
)
def test_all_that_can_be_decoded_is_and_once_whatever_is_lost_late_or_doubled(
    seed, loss, delay, golden_every
):
    dice = random.Random(seed)
    frames = stream(90, golden_every)
    received, out = [], []
    patient = PatientDecoder(Bookkeeper())
    for f in disordered(frames, dice, loss, delay):
        came = [one.sequence for one, _ in patient.push(f)]
        assert patient.waiting <= WINDOW
        assert came == sorted(came)
        assert not came or came[0] == f.sequence
        received.append(f)
        out += came
        newest = max(one.sequence for one in received)
        recent = {s for s in decodable(received) if s > newest - WINDOW}
        assert recent <= set(out)
        if (missing := patient.missing) is not None:
            assert frames[missing].reference
            assert missing not in {one.sequence for one in received}
    assert len(out) == len(set(out))
    assert set(out) <= decodable(received)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 40), st.booleans(), st.booleans()),
        max_size=120,
    )
)
def test_frames_that_contradict_each_other_reach_nothing_but_codec_errors(frames):
    patient = PatientDecoder(Bookkeeper())
    out = []
    for sequence, back, reference, broken in frames:
        one = frame(sequence, max(0, sequence - back), reference)
        try:
            out += [f.sequence for f, _ in patient.push(replace(one, core=b"broken" * broken))]
        except CodecError:
            continue
        assert patient.waiting <= WINDOW
        assert len(patient._decoded) <= 3 * WINDOW
        assert patient.missing is None or patient.missing >= 0


def test_frames_that_waited_decode_to_the_same_as_those_that_did_not():
    motion, encode = SmoothMotion(3), Encoder(PERSON, CodecSettings(golden_interval=24)).encode
    frames = [encode(motion.at(k * SECOND // 60)) for k in range(60)]
    truth = Decoder(PERSON)
    samples = {f.sequence: truth.decode(f) for f in frames}
    patient = PatientDecoder(Decoder(PERSON))
    count = 0
    for one in disordered(frames, random.Random(5), 0.0, 12.0):
        for f, sample in patient.push(one):
            count += 1
            assert np.array_equal(sample.rotations, samples[f.sequence].rotations)
            assert np.array_equal(sample.face, samples[f.sequence].face)
    assert count == 60
