"""Bytes from anybody: they decode to a sound sample or raise a documented error, and do no harm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smooth_motion import PERSON, SECOND, SmoothMotion

from presence.codec import Decoder, Encoder, Frame
from presence.errors import CodecError
from presence.pose import checked


def real_frames(count: int = 14) -> list[Frame]:
    motion, encode = SmoothMotion(), Encoder(PERSON).encode
    return [encode(motion.at(k * SECOND // 60)) for k in range(count)]


FRAMES = real_frames()


def outcome(decoder: Decoder, frame: Frame) -> bool:
    """Whether it decoded; anything but a documented error propagates."""
    try:
        sample = decoder.decode(frame)
    except CodecError:
        return False
    checked(sample)
    assert np.abs(sample.root_position).max() <= 100.0
    assert np.abs(np.linalg.norm(sample.rotations, axis=-1) - 1.0).max() < 1e-9
    assert sample.face.min() >= 0.0
    assert sample.face.max() <= 1.0
    return True


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=260),
    st.binary(max_size=330),
    st.integers(-2, 2**33),
    st.integers(-2, 2**33),
)
def test_arbitrary_sections_reach_nothing_but_codec_errors(core, detail, sequence, golden):
    outcome(Decoder(PERSON), Frame(sequence, golden, 0, core, detail, reference=True))
    outcome(Decoder(PERSON), Frame(sequence, sequence, 0, core, detail, reference=True))


def test_thousands_of_damaged_frames_reach_nothing_but_codec_errors():
    random = np.random.default_rng(11)
    decoder = Decoder(PERSON)
    for frame in FRAMES:
        decoder.decode(frame)
    last = decoder.decode(FRAMES[-1])
    accepted = 0
    for _ in range(10_000):
        frame = FRAMES[random.integers(len(FRAMES))]
        core, detail = bytearray(frame.core), bytearray(frame.detail)
        section = core if random.random() < 0.5 else detail
        match random.integers(4):
            case 0:
                section[random.integers(len(section))] ^= 1 << random.integers(8)
            case 1:
                del section[random.integers(len(section)) :]
            case 2:
                section += random.bytes(int(random.integers(1, 30)))
            case _:
                at = int(random.integers(len(section)))
                section[at : at + 4] = random.bytes(4)
        damaged = replace(frame, core=bytes(core), detail=bytes(detail))
        # A damaged one that passes and is referred to would spoil the frames after it.
        accepted += outcome(decoder, replace(damaged, reference=False))
    # Empty details, and changes that happen to lead back: few.
    assert accepted < 400
    again = decoder.decode(FRAMES[-1])
    assert np.array_equal(again.rotations, last.rotations)
    assert np.array_equal(again.face, last.face)


def test_a_refused_frame_leaves_the_decoder_as_it_was():
    decoder, untouched = Decoder(PERSON), Decoder(PERSON)
    for frame in FRAMES[:7]:
        decoder.decode(frame)
        untouched.decode(frame)
        with pytest.raises(CodecError):
            decoder.decode(replace(frame, core=frame.core + b"\x01"))
        with pytest.raises(CodecError):
            decoder.decode(replace(frame, detail=frame.detail[:-1]))
    a = decoder.decode(replace(FRAMES[8], detail=b""))
    b = untouched.decode(replace(FRAMES[8], detail=b""))
    assert np.array_equal(a.rotations, b.rotations)
    assert np.array_equal(a.face, b.face)
