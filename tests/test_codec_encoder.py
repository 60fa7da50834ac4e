"""The encoder and the decoder together: how close, how large, and what may be lost."""

from __future__ import annotations

import random as stdlib_random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_motion import PERSON, SECOND, SmoothMotion, wild_sample

from presence.codec import CodecSettings, Decoder, Encoder, encoder, vertex_errors
from presence.codec.layout import CORE_LIMIT, FRAME_LIMIT, SENT_BONES
from presence.errors import CodecError, MissingReferenceError
from presence.pose import Attention
from presence.pose.face import SENT_SHAPES
from presence.pose.quaternion import quat_angle
from presence.pose.skeleton import HAND_BONES


def moving(count: int, seed: int = 0, amplitude: float = 1.0):
    motion = SmoothMotion(seed, amplitude)
    return [motion.at(10**15 + k * SECOND // 60) for k in range(count)]


def frames_of(samples, codec_settings=None):
    encode = Encoder(PERSON, codec_settings or CodecSettings()).encode
    return [encode(sample) for sample in samples]


def same(a, b) -> bool:
    return (
        np.array_equal(a.rotations, b.rotations)
        and np.array_equal(a.root_position, b.root_position)
        and np.array_equal(a.face, b.face)
        and np.array_equal(a.gaze_direction, b.gaze_direction)
        and (a.gaze_distance, a.attention, a.contacts) == (b.gaze_distance, b.attention, b.contacts)
        and np.array_equal(a.tracked, b.tracked)
    )


@pytest.mark.parametrize("amplitude", [0.3, 1.0, 2.0])
def test_a_moving_person_is_small_and_close(amplitude):
    samples = moving(240, amplitude=amplitude)
    frames = frames_of(samples)
    decoder = Decoder(PERSON)
    errors = np.array(
        [vertex_errors(decoder.decode(f), s, PERSON) for f, s in zip(frames, samples, strict=True)]
    )
    sizes = np.array([len(f.core) + len(f.detail) for f in frames])
    assert sizes.mean() <= 150
    assert sizes.max() <= 260
    # The first second is still finding the precision that is right for this person.
    assert np.percentile(errors[60:], 99) <= 0.00105
    assert errors.max() <= 0.002


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_wild_poses_come_back_within_the_bound_and_the_size(seed, dependent):
    random = np.random.default_rng(seed)
    one, decode = Encoder(PERSON), Decoder(PERSON).decode
    if dependent:
        decode(one.encode(wild_sample(random)))
    sample = wild_sample(random, time_ns=123_456_789)
    frame = one.encode(sample)
    shown = decode(frame)
    assert frame.golden != dependent
    assert len(frame.core) <= CORE_LIMIT
    assert len(frame.core) + len(frame.detail) <= FRAME_LIMIT
    # Eyes near the edge of their range are the face's affair, not the skeleton's.
    still_eyes = replace(sample, rotations=_with_bones(sample.rotations, shown.rotations))
    assert vertex_errors(shown, still_eyes, PERSON).max() <= 2 * CodecSettings().bound_m + 1e-9
    assert np.abs(shown.face - sample.face)[SENT_SHAPES].max() <= 1 / 64 + 1e-9
    assert np.degrees(np.arccos(shown.gaze_direction @ sample.gaze_direction)) <= 0.5
    assert abs(1 / shown.gaze_distance - 1 / sample.gaze_distance) <= 0.0501
    assert np.abs(shown.tracked - sample.tracked).max() <= 0.5 / 15 + 1e-9
    assert shown.contacts == sample.contacts
    assert shown.attention.target == sample.attention.target
    assert shown.capture_ns == frame.capture_ns == 123_457_000


def _with_bones(truth, shown):
    rotations = shown.copy()
    rotations[SENT_BONES] = truth[SENT_BONES]
    return rotations


def test_somebody_motionless_is_decoded_motionless_and_costs_next_to_nothing():
    sample = moving(1)[0]
    frames = frames_of([sample] * 200, CodecSettings(golden_interval=24))
    decode = Decoder(PERSON).decode
    shown = [decode(frame) for frame in frames]
    assert all(same(s, shown[0]) for s in shown)
    # Just after a golden nothing says yet that they do not move.
    assert max(len(f.core) + len(f.detail) for f in frames if not f.golden) <= 30
    assert max(len(f.core) + len(f.detail) for f in frames[20:24]) <= 8


def test_every_frame_refers_to_the_newest_reference_before_it():
    frames = frames_of(moving(44), CodecSettings(golden_interval=18))
    assert [f.sequence for f in frames] == list(range(44))
    assert [f.sequence for f in frames if f.golden] == [0, 18, 36]
    assert [f.sequence for f in frames if f.reference] == [0, 6, 12, 18, 24, 30, 36, 42]
    for frame in frames:
        before = frame.sequence // 6 * 6
        if frame.reference and not frame.golden:
            before -= 6
        assert frame.refers_to == before


def test_with_the_anchor_interval_of_the_goldens_there_are_no_anchors():
    frames = frames_of(moving(26), CodecSettings(golden_interval=12, anchor_interval=12))
    assert [f.sequence for f in frames if f.reference] == [0, 12, 24]
    assert all(f.refers_to == f.sequence // 12 * 12 for f in frames)


def test_an_anchor_makes_the_frames_after_it_smaller():
    samples = moving(96)
    size = {
        every: sum(
            len(f.core) + len(f.detail)
            for f in frames_of(samples, CodecSettings(golden_interval=24, anchor_interval=every))
        )
        for every in (6, 24)
    }
    assert size[6] < 0.9 * size[24]


def test_a_requested_golden_is_the_next_frame_and_does_not_move_the_others():
    one = Encoder(PERSON, CodecSettings(golden_interval=12))
    frames = []
    for k, sample in enumerate(moving(26)):
        if k == 7:
            one.request_golden()
        frames.append(one.encode(sample))
    assert [f.sequence for f in frames if f.golden] == [0, 7, 12, 24]
    assert [f.sequence for f in frames if f.reference] == [0, 6, 7, 12, 18, 24]
    assert [f.refers_to for f in frames[6:10]] == [0, 7, 7, 7]


def test_an_anchor_refers_to_a_golden_that_was_requested():
    one = Encoder(PERSON)
    frames = []
    for k, sample in enumerate(moving(8)):
        if k == 3:
            one.request_golden()
        frames.append(one.encode(sample))
    assert [f.refers_to for f in frames] == [0, 0, 0, 3, 3, 3, 3, 6]
    decode = Decoder(PERSON).decode
    for frame in frames[3:]:
        decode(frame)


@pytest.mark.parametrize("interval", [0, 3, 8, -6])
def test_an_interval_that_a_thinned_stream_cannot_have_is_refused(interval):
    with pytest.raises(ValueError, match="multiple of 6"):
        CodecSettings(golden_interval=interval)


@pytest.mark.parametrize("anchors", [0, 3, 8, 18, 48, -6])
def test_anchors_that_do_not_divide_the_goldens_evenly_are_refused(anchors):
    with pytest.raises(ValueError, match="anchor_interval"):
        CodecSettings(golden_interval=24, anchor_interval=anchors)


def test_a_bound_of_nothing_is_refused():
    with pytest.raises(ValueError, match="bound_m"):
        CodecSettings(bound_m=0.0)


def test_losing_any_dependent_frames_does_not_change_the_others():
    frames = frames_of(moving(48))
    decode = Decoder(PERSON).decode
    whole = [decode(frame) for frame in frames]
    dice = stdlib_random.Random(3)
    few = Decoder(PERSON)
    for frame, before in zip(frames, whole, strict=True):
        if frame.reference or dice.random() < 0.5:
            assert same(few.decode(frame), before)


def test_frames_may_come_in_any_order_that_has_their_references_first():
    frames = frames_of(moving(24), CodecSettings(golden_interval=12))
    decode = Decoder(PERSON).decode
    whole = {f.sequence: decode(f) for f in frames}
    references = [frames[12], frames[0], frames[18], frames[6]]
    shuffled = [*references, *stdlib_random.Random(1).sample(frames, 24), *frames[3:5]]
    decode = Decoder(PERSON).decode
    for frame in shuffled:
        assert same(decode(frame), whole[frame.sequence])


def test_who_joins_late_needs_one_golden():
    frames = frames_of(moving(30), CodecSettings(golden_interval=12))
    late = Decoder(PERSON)
    for frame in frames[5:12]:
        with pytest.raises(MissingReferenceError) as missing:
            late.decode(frame)
        assert missing.value.sequence == frame.refers_to
    for frame in frames[12:]:
        late.decode(frame)


def test_only_the_last_few_references_are_kept_and_those_in_use():
    frames = frames_of(moving(186))
    decoder = Decoder(PERSON)
    for frame in frames:
        # Anchors alone outnumber what is kept.
        if frame.reference:
            decoder.decode(frame)
    decoder.decode(frames[100])
    with pytest.raises(MissingReferenceError):
        decoder.decode(frames[10])


def test_without_detail_hands_face_and_gaze_stay_and_the_body_moves_on():
    samples = moving(20)
    frames = frames_of(samples)
    decoder = Decoder(PERSON)
    before = [decoder.decode(frame) for frame in frames[:7]][-1]
    shown = decoder.decode(replace(frames[11], detail=b""))
    assert np.array_equal(shown.rotations[HAND_BONES], before.rotations[HAND_BONES])
    assert np.array_equal(shown.face, before.face)
    assert np.array_equal(shown.gaze_direction, before.gaze_direction)
    assert not np.array_equal(shown.root_position, before.root_position)
    moved = quat_angle(shown.rotations, before.rotations)
    assert moved.max() > 0.05


def test_an_anchor_without_detail_holds_up_hands_face_and_gaze_until_the_golden():
    frames = frames_of(moving(30), CodecSettings(golden_interval=24))
    decoder, whole = Decoder(PERSON), Decoder(PERSON)
    for frame in frames:
        shown = decoder.decode(replace(frame, detail=b"") if frame.sequence == 6 else frame)
        full = whole.decode(frame)
        assert np.array_equal(shown.root_position, full.root_position)
        if frame.sequence == 5:
            held = shown
        if 6 <= frame.sequence < 24:
            assert np.array_equal(shown.face, held.face)
            assert np.array_equal(shown.rotations[HAND_BONES], held.rotations[HAND_BONES])
        else:
            assert same(shown, full)


def test_a_golden_without_detail_still_carries_the_body_of_its_dependents():
    samples = moving(30)
    frames = frames_of(samples, CodecSettings(golden_interval=12))
    decoder, whole = Decoder(PERSON), Decoder(PERSON)
    for frame in frames[:12]:
        decoder.decode(frame)
        whole.decode(frame)
    held = decoder.decode(replace(frames[12], detail=b""))
    whole.decode(frames[12])
    for frame in frames[13:24]:
        shown, full = decoder.decode(frame), whole.decode(frame)
        assert np.array_equal(shown.face, held.face)
        assert np.array_equal(shown.root_position, full.root_position)
    assert same(decoder.decode(frames[24]), whole.decode(frames[24]))


def test_somebody_who_stops_is_decoded_motionless_but_for_one_golden():
    moved = moving(32)
    frames = frames_of([*moved, *[moved[-1]] * 168], CodecSettings(golden_interval=24))
    decode = Decoder(PERSON).decode
    shown = [decode(frame) for frame in frames]
    changed = [k for k in range(33, 200) if not same(shown[k], shown[k - 1])]
    # What was foreseen of the motion that has ended may show until the next reference frame.
    assert set(changed) <= {*range(33, 37), 48}


def test_what_changes_seldom_is_sent_when_it_changes():
    sample = moving(1)[0]
    looked_at = replace(sample, attention=Attention(7, 0.6))
    frames = frames_of([sample, sample, looked_at, sample])
    decode = Decoder(PERSON).decode
    targets = [decode(frame).attention for frame in frames]
    assert [a.target for a in targets] == [0, 0, 7, 0]
    assert targets[2].confidence == pytest.approx(0.6)
    assert len(frames[2].core) > len(frames[1].core)


def test_derived_bones_and_shapes_follow_from_what_was_sent():
    sample = moving(40)[-1]
    shown = Decoder(PERSON).decode(frames_of([sample])[0])
    assert np.abs(shown.face - sample.face).max() < 0.02
    assert quat_angle(shown.rotations, sample.rotations).max() < 0.1


def test_a_tall_person_is_held_to_the_same_bound():
    tall = PERSON.scaled(1.4)
    one, decode = Encoder(tall), Decoder(tall).decode
    for sample in moving(24, amplitude=2.0):
        assert vertex_errors(decode(one.encode(sample)), sample, tall).max() <= 0.002


def test_a_tighter_bound_is_met_with_more_bytes():
    samples = moving(12)
    coarse, fine = frames_of(samples), frames_of(samples, CodecSettings(bound_m=0.0005))
    decode = Decoder(PERSON).decode
    for frame, sample in zip(fine, samples, strict=True):
        assert vertex_errors(decode(frame), sample, PERSON).max() <= 0.001
    assert sum(len(f.core) for f in fine) > sum(len(f.core) for f in coarse)


def test_a_frame_that_would_be_too_large_is_made_coarser(monkeypatch):
    sample = wild_sample(np.random.default_rng(4))
    natural = frames_of([sample])[0]
    limit = len(natural.core) + len(natural.detail) - 20
    monkeypatch.setattr(encoder, "FRAME_LIMIT", limit)
    frame = frames_of([sample])[0]
    assert len(frame.core) + len(frame.detail) <= limit
    decoded = Decoder(PERSON).decode(frame)
    assert np.percentile(vertex_errors(decoded, sample, PERSON), 90) <= 0.012


@pytest.mark.parametrize(
    "broken",
    [
        {"root_position": np.array([0.0, 0.9, 100.1])},
        {"root_position": np.array([0.0, np.nan, 0.0])},
        {"rotations": np.full((55, 4), np.nan)},
        {"attention": Attention(2**32, 1.0)},
        {"attention": Attention(-1, 1.0)},
    ],
)
def test_a_sample_that_cannot_be_sent_raises_and_takes_no_sequence_number(broken):
    sample = moving(1)[0]
    one = Encoder(PERSON)
    with pytest.raises(ValueError, match=r"root|finite|stream"):
        one.encode(replace(sample, **broken))
    assert one.encode(sample).sequence == 0


def test_a_frame_larger_than_any_encoder_makes_is_refused():
    with pytest.raises(CodecError, match="larger"):
        Decoder(PERSON).decode(replace(frames_of(moving(1))[0], detail=b"\x01" * 600))


def test_a_frame_that_refers_to_its_future_is_refused():
    with pytest.raises(CodecError, match="refers to frame 4"):
        Decoder(PERSON).decode(replace(frames_of(moving(1))[0], refers_to=4))
