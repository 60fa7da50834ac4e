"""Microphones and headphones by PortAudio, which is simulated: see `fake_sounddevice`."""

import sys

import numpy as np
import pytest
from clocked_devices import against_tones, tones
from fake_sounddevice import Device, FakeSoundDevice, begun_clock

from presence.clock import MILLISECOND, SECOND, MonotonicClock
from presence.errors import SoundError
from presence.voice import sound_system
from presence.voice.block import BLOCK, RATE
from presence.voice.choosing import Kind
from presence.voice.microphone import BLOCK_NS
from presence.voice.sound_system import SoundSystem, load_sounddevice

HEADSET = Device("Headset", inputs=1, outputs=2)


def system(*devices, **defaults):
    clock = begun_clock()
    fake = FakeSoundDevice(clock, devices, **defaults)
    return SoundSystem(clock, fake), fake, clock


def capture(mic, fake, clock, seconds):
    """All blocks of a microphone while the simulation runs."""
    blocks, end_ns = [], clock.now_ns() + round(seconds * SECOND)
    while clock.now_ns() < end_ns:
        captured = mic.read(clock.now_ns())
        if captured is None:
            fake.run(mic.ready_ns(clock.now_ns()))
        else:
            blocks.append(captured)
    return blocks


def tones_of(stream, first, count):
    rate = stream.samplerate * (1.0 + stream.device.ppm * 1e-6)
    return tones((first + np.arange(count)) / rate)


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_stamps_are_by_the_devices_times_whenever_our_thread_is_run(rate):
    system_, fake, clock = system(Device("Mic", inputs=1, rates=(rate,), ppm=70.0))
    fake.sound, fake.most_late_ns = tones_of, 5 * MILLISECOND
    mic = system_.open_microphone(system_.devices()[0])
    (stream,) = fake.streams
    assert stream.samplerate == rate
    blocks = capture(mic, fake, clock, 12.0)
    assert len(blocks) > 580
    late = [
        against_tones(
            block.samples,
            block.capture_ns - stream.begun_ns + np.arange(BLOCK) * (SECOND / RATE),
        )[0]
        for block in blocks
    ]
    assert np.abs(late).max() < 1_000_000
    assert np.sqrt(np.mean(np.square(late[450:]))) < 60_000
    assert mic.jumps == mic.lost == 0
    mic.close()


def test_without_times_the_latency_that_the_stream_claims_stands_in():
    system_, fake, clock = system(Device("Mic", inputs=1))
    fake.sound = tones_of
    mic = system_.open_microphone(system_.devices()[0])
    (stream,) = fake.streams
    stream.gives_times = False
    blocks = capture(mic, fake, clock, 1.0)
    late, _, _ = against_tones(
        blocks[10].samples,
        blocks[10].capture_ns - stream.begun_ns + np.arange(BLOCK) * (SECOND / RATE),
    )
    # 20 ms are claimed, and the piece that is given was begun 10 ms before.
    assert late == pytest.approx(-10 * MILLISECOND, abs=1000)


def test_times_that_make_no_sense_for_a_while_leave_the_stamps_right():
    system_, fake, clock = system(Device("Mic", inputs=1))
    fake.sound = tones_of
    mic = system_.open_microphone(system_.devices()[0])
    (stream,) = fake.streams
    stream.wrong_s = 0.48
    blocks = capture(mic, fake, clock, 1.0)
    stream.wrong_s = 0.0
    blocks += capture(mic, fake, clock, 3.0)
    late = [
        against_tones(
            block.samples,
            block.capture_ns - stream.begun_ns + np.arange(BLOCK) * (SECOND / RATE),
        )[0]
        for block in blocks[1:]
    ]
    # As long as they are nonsense, what the stream claims is 10 ms from the truth, not 480.
    assert np.abs(late).max() < 11 * MILLISECOND
    assert np.abs(late[80:]).max() < 1 * MILLISECOND
    assert np.diff([block.capture_ns for block in blocks]).max() == BLOCK_NS
    assert mic.jumps <= 1


def test_a_device_that_keeps_losing_sound_ends_and_is_opened_with_twice_the_latency():
    system_, fake, clock = system(Device("Mic", inputs=1))
    (info,) = system_.devices()
    mic = system_.open_microphone(info)
    assert fake.streams[-1].latency == 0.02
    for _ in range(8):
        assert mic.alive
        fake.streams[-1].lost = True
        capture(mic, fake, clock, 0.5)
    assert not mic.alive
    mic.close()
    again = system_.open_microphone(info)
    assert fake.streams[-1].latency == 0.04
    again.close()


def test_an_overflow_that_portaudio_tells_of_leaves_the_stamps_right():
    system_, fake, clock = system(Device("Mic", inputs=1))
    fake.sound = tones_of
    mic = system_.open_microphone(system_.devices()[0])
    (stream,) = fake.streams
    blocks = capture(mic, fake, clock, 1.0)
    stream.samples += 2400
    stream.lost = True
    fake.run(clock.now_ns() + 51 * MILLISECOND)
    blocks = capture(mic, fake, clock, 1.0)
    late, _, _ = against_tones(
        blocks[-1].samples,
        blocks[-1].capture_ns - stream.begun_ns + np.arange(BLOCK) * (SECOND / RATE),
    )
    assert abs(late) < 50_000
    assert mic.lost == pytest.approx(2400, abs=5)


@pytest.mark.parametrize("channels", [1, 2])
def test_headphones_play_what_they_are_given_when_they_said(channels):
    system_, fake, clock = system(Device("Ears", outputs=channels))
    fake.most_late_ns = 2 * MILLISECOND
    phones = system_.open_headphones(system_.devices()[0])
    (stream,) = fake.streams
    told = []
    end_ns = clock.now_ns() + 3 * SECOND
    while clock.now_ns() < end_ns:
        wanted_ns = phones.wanted_ns(clock.now_ns())
        if wanted_ns > clock.now_ns():
            fake.run(wanted_ns)
            continue
        tone = tones((len(told) * BLOCK + np.arange(BLOCK)) / RATE)
        told.append(phones.write(np.stack([tone, tone], axis=1), clock.now_ns()))
    sound = np.concatenate(stream.heard)
    assert sound.shape[1] == channels
    at = round((told[100] - stream.begun_ns - 0.02 * SECOND) * RATE / SECOND)
    for ear in range(channels):
        late, level, _ = against_tones(
            sound[at : at + BLOCK, ear], (100 * BLOCK + np.arange(BLOCK)) * (SECOND / RATE)
        )
        assert abs(late) < 200_000
        assert level == pytest.approx(0.5, abs=0.01)
    assert phones.dry == 0
    phones.close()


def test_a_device_that_falls_silent_is_gone_after_a_second_and_a_half():
    system_, fake, clock = system(HEADSET)
    mic = system_.open_microphone(system_.devices()[0])
    capture(mic, fake, clock, 0.5)
    fake.plugged.clear()
    clock.advance(SECOND)
    mic.read(clock.now_ns())
    assert mic.alive
    clock.advance(SECOND)
    mic.read(clock.now_ns())
    assert not mic.alive


def test_a_stream_that_ends_is_gone_at_once():
    system_, fake, _ = system(HEADSET)
    phones = system_.open_headphones(system_.devices()[0])
    fake.streams[0].finished_callback()
    assert not phones.alive


def test_a_device_that_never_lets_itself_be_closed_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(sound_system, "_CLOSE_S", 0.05)
    system_, fake, _ = system(HEADSET)
    mic = system_.open_microphone(system_.devices()[0])
    fake.streams[0].hung = True
    mic.close()
    # PortAudio cannot begin anew while a stream of it is open.
    assert not system_.refresh()
    assert fake.begun == 1
    fake.streams[0].hung = False


def test_new_devices_are_seen_after_a_refresh():
    system_, fake, _ = system(HEADSET, default_input="Headset")
    fake.plugged.append(Device("Speakers", outputs=2))
    assert [device.name for device in system_.devices()] == ["Headset"]
    assert system_.refresh()
    assert [device.name for device in system_.devices()] == ["Headset", "Speakers"]
    headset, speakers = system_.devices()
    assert (headset.default_input, headset.default_output) == (True, False)
    assert not speakers.serves(Kind.MICROPHONE)


def test_a_device_that_cannot_be_opened_is_named_with_the_reason():
    system_, fake, _ = system(HEADSET)
    fake.plugged[0].busy = True
    try:
        with pytest.raises(SoundError, match="microphone 'Headset' cannot be opened: Device unav"):
            system_.open_microphone(system_.devices()[0])
    finally:
        fake.plugged[0].busy = False


def test_what_is_not_installed_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SoundError, match=r"pip install 'presence\[voice\]'"):
        load_sounddevice()

    class NoPortAudio:
        def find_spec(self, name, path, target=None):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [NoPortAudio(), *sys.meta_path])
    with pytest.raises(SoundError, match="sudo apt install libportaudio2"):
        load_sounddevice()


def test_the_real_portaudio_lists_what_is_here():
    for device in SoundSystem(MonotonicClock()).devices():
        assert device.serves(Kind.MICROPHONE) or device.serves(Kind.HEADPHONES) or device.name
