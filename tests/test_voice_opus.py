"""A voice as packets of Opus."""

import numpy as np
import pytest
from binaural import level_db, noise
from hypothesis import given
from hypothesis import strategies as st
from spoken import sentence

from presence.errors import CodecError, UsageError
from presence.voice import opus_library
from presence.voice.block import BLOCK
from presence.voice.opus import (
    LARGEST_PACKET,
    LOOK_AHEAD,
    OpusSettings,
    VoiceDecoder,
    VoiceEncoder,
    check_packet,
)

STEADY = OpusSettings(pauses=False)


def packed(blocks, settings=STEADY):
    encoder = VoiceEncoder(settings)
    return [encoder.encode(block) for block in blocks]


def unpacked(packets):
    decoder = VoiceDecoder()
    return np.stack([decoder.decode(packet) for packet in packets])


def test_speech_comes_back_later_by_the_look_ahead_and_much_as_it_was():
    pystoi = pytest.importorskip("pystoi", reason="only the tests' requirements hold pystoi")
    blocks = sentence()
    spoken = blocks.reshape(-1)[:-LOOK_AHEAD]
    heard = unpacked(packed(blocks)).reshape(-1)[LOOK_AHEAD:]
    assert abs(level_db(heard) - level_db(spoken)) < 1.0
    # Spectra are near in every third of an octave that carries speech.
    assert pystoi.stoi(spoken[::3], heard[::3], 16_000, extended=True) > 0.93


def test_speech_takes_24_to_32_kbit_a_second():
    sizes = [len(packet) for packet in packed(sentence())]
    assert 24 < 8e-3 * sum(sizes) / (len(sizes) * 0.02) < 32
    assert max(sizes) <= LARGEST_PACKET


def test_every_packet_is_one_frame_of_twenty_milliseconds():
    for bitrate in (12_000, 24_000, 28_000, 32_000, 64_000):
        for packet in packed(sentence()[:50], OpusSettings(bitrate_bps=bitrate)):
            if packet is not None:
                check_packet(packet)


def test_a_lost_block_is_recovered_from_the_next_packet_better_than_it_is_concealed():
    packets = packed(sentence())
    whole = unpacked(packets)
    errors = {}
    for recovering in (False, True):
        decoder = VoiceDecoder()
        wrong = right = 0.0
        for number, packet in enumerate(packets[:-1]):
            if number % 10 != 5:
                decoder.decode(packet)
                continue
            made = decoder.recover(packets[number + 1]) if recovering else decoder.conceal()
            wrong += np.sum((made - whole[number]) ** 2)
            right += np.sum(whole[number] ** 2)
        errors[recovering] = 10 * np.log10(wrong / right)
    # Of the sound's own energy: what is recovered is coarse, what is made up is not alike.
    assert errors[True] < errors[False] - 4.0
    assert errors[True] < -4.0


def test_where_no_loss_is_expected_nothing_is_copied():
    blocks = sentence()
    without = packed(blocks, OpusSettings(expected_loss=0.0, pauses=False))
    decoders = VoiceDecoder(), VoiceDecoder()
    for packet in without[:50]:
        for decoder in decoders:
            decoder.decode(packet)
    np.testing.assert_array_equal(decoders[0].recover(without[51]), decoders[1].conceal())


def test_what_loss_is_expected_may_change_on_the_way():
    blocks = sentence()
    encoder = VoiceEncoder(OpusSettings(expected_loss=0.0, pauses=False))
    before = [encoder.encode(block) for block in blocks[:60]][-1]
    encoder.expect_loss(0.2)
    after = [encoder.encode(block) for block in blocks[60:]]
    decoders = VoiceDecoder(), VoiceDecoder()
    for decoder in decoders:
        decoder.decode(before)
        for packet in after[:20]:
            decoder.decode(packet)
    assert (decoders[0].recover(after[21]) != decoders[1].conceal()).any()


def test_while_nobody_speaks_hardly_anything_is_sent():
    silence = np.zeros((150, BLOCK), dtype=np.float32)
    encoder = VoiceEncoder()
    packets = [encoder.encode(block) for block in np.concatenate([sentence(), silence])]
    pause = packets[-100:]
    assert sum(packet is not None for packet in pause) <= 12
    # Two seconds, headers apart: the voice before takes 6,000 bytes for that.
    assert sum(len(packet) for packet in pause if packet) < 150


def test_every_pause_begins_with_a_mark():
    silence = np.zeros((60, BLOCK), dtype=np.float32)
    packets = packed(np.concatenate([sentence(), silence]), OpusSettings())
    first = packets.index(None)
    assert len(packets[first - 1]) <= 2
    # It can be decoded as anything else can.
    assert VoiceDecoder().decode(packets[first - 1]).shape == (BLOCK,)


def test_a_loud_room_is_no_pause():
    assert None not in packed(noise(2.0, level=0.2), OpusSettings())


@given(st.binary(max_size=LARGEST_PACKET + 20))
def test_any_bytes_are_refused_or_give_a_block(data):
    decoder = VoiceDecoder()
    for decode in (decoder.decode, decoder.recover):
        try:
            block = decode(data)
        except CodecError:
            continue
        assert block.shape == (BLOCK,)
        assert np.abs(block).max() <= 1.0


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes(LARGEST_PACKET + 1),
        bytes([13 << 3 | 0b100]) + bytes(40),  # stereo
        bytes([13 << 3 | 0b01]) + bytes(40),  # two frames
        bytes([13 << 3 | 0b11, 3]) + bytes(40),  # any number of frames
        bytes([12 << 3]) + bytes(40),  # 10 ms
        bytes([11 << 3]) + bytes(40),  # 60 ms
        bytes([28 << 3]) + bytes(40),  # 2.5 ms
    ],
)
def test_what_is_no_single_frame_of_twenty_milliseconds_is_refused(packet):
    with pytest.raises(CodecError, match="drop it"):
        VoiceDecoder().decode(packet)


def test_a_decoder_goes_on_after_damage():
    packets = packed(sentence())
    decoder, other = VoiceDecoder(), VoiceDecoder()
    for packet in packets[:20]:
        decoder.decode(packet), other.decode(packet)
    with pytest.raises(CodecError):
        decoder.decode(b"\xff")
    np.testing.assert_array_equal(decoder.decode(packets[20]), other.decode(packets[20]))


def test_what_is_no_block_is_refused():
    with pytest.raises(UsageError, match="960"):
        VoiceEncoder().encode(np.zeros(480, dtype=np.float32))


@pytest.mark.parametrize(
    "wrong", [{"bitrate_bps": 1_000}, {"complexity": 11}, {"expected_loss": 1.5}]
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="not"):
        OpusSettings(**wrong)


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(opus_library, "_places", lambda: iter(["/nowhere/libopus.so"]))
    opus_library.load_opus.cache_clear()
    try:
        with pytest.raises(UsageError, match="libopus0"):
            VoiceEncoder()
    finally:
        opus_library.load_opus.cache_clear()
