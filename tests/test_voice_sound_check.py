"""A chirp through a simulated room, and through a simulated PortAudio."""

import numpy as np
import pytest
from clocked_devices import BEGUN_NS
from fake_sounddevice import Device, FakeSoundDevice, begun_clock
from simulated_room import Room, echoes

from presence.client.doctor import check_sound, judge_sound
from presence.client.finding import Verdict
from presence.clock import MILLISECOND, ManualClock
from presence.errors import PresenceError, SoundError
from presence.voice import sound_check
from presence.voice.block import RATE
from presence.voice.chirp import find_chirp, make_chirp
from presence.voice.file_device import null_headphones, null_microphone
from presence.voice.sound_check import ChirpResult, SoundReport, chirp_through
from presence.voice.sound_system import SoundSystem


def chirp_in(room):
    clock = ManualClock(BEGUN_NS)

    def wait_until(time_ns):
        clock.time_ns = max(clock.time_ns + MILLISECOND, time_ns)

    return chirp_through(room.microphone, room.headphones, clock.now_ns, wait_until)


@pytest.mark.parametrize("delay_s", [0.005, 0.060])
@pytest.mark.parametrize("gain", [0.5, 0.02])
def test_in_a_room_the_chirp_is_heard_as_late_and_as_loud_as_it_is(delay_s, gain):
    result = chirp_in(Room(echoes(delay_s, gain)))
    assert result.heard
    assert result.delay_ms == pytest.approx(delay_s * 1e3, abs=0.1)
    assert result.gain_db == pytest.approx(20 * np.log10(gain), abs=1.5)
    assert result.noise_db == pytest.approx(-80.0, abs=2.0)
    assert result.dry == 0


def test_it_is_heard_in_a_noise_that_is_louder_than_it():
    gain = 0.02
    # The chirp's own level is −15 dB, so it comes as −49; the noise is −40.
    result = chirp_in(Room(echoes(0.010, gain), noise=0.01))
    assert result.heard
    assert result.delay_ms == pytest.approx(10.0, abs=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_is_no_chirp(seed):
    noise = np.random.default_rng(seed).standard_normal(2 * RATE).astype(np.float32)
    assert find_chirp(noise, make_chirp()) is None


def test_silence_and_what_is_too_short_is_no_chirp():
    assert find_chirp(np.zeros(2 * RATE, dtype=np.float32), make_chirp()) is None
    assert find_chirp(np.zeros(100, dtype=np.float32), make_chirp()) is None


def test_with_headphones_nothing_is_heard_but_the_microphones_own_noise():
    result = chirp_in(Room(np.zeros(0)))
    assert not result.heard
    assert result.noise_db == pytest.approx(-80.0, abs=1.0)


def test_a_microphone_that_is_silent_hears_nothing_at_all():
    clock = ManualClock(BEGUN_NS)

    def wait_until(time_ns):
        clock.time_ns = max(clock.time_ns + MILLISECOND, time_ns)

    result = chirp_through(
        null_microphone(BEGUN_NS), null_headphones(BEGUN_NS), clock.now_ns, wait_until
    )
    assert not result.heard
    assert result.noise_db == -120.0


def fake_check(monkeypatch, *devices, **settings):
    clock = begun_clock()
    fake = FakeSoundDevice(clock, devices, default_input="Both", default_output="Both", **settings)
    monkeypatch.setattr(sound_check, "MonotonicClock", lambda: clock)
    monkeypatch.setattr(sound_check, "_sleep_until", fake.run)
    return fake, SoundSystem(clock, fake)


def test_through_portaudio_the_systems_choice_plays_and_hears(monkeypatch):
    fake, system = fake_check(
        monkeypatch, Device("Other", inputs=1, outputs=2), Device("Both", inputs=1, outputs=2)
    )

    def hear(stream, first, count):
        """What was played, as the stream of the headphones has it, 30 ms later."""
        played = np.concatenate([np.zeros((2400, 2)), *fake.streams[1].heard])[:, 0]
        return 0.1 * played[first : first + count]

    fake.sound = lambda stream, first, count: (
        hear(stream, first, count) if len(fake.streams) > 1 else np.zeros(count)
    )
    report = sound_check.check_sound(system)
    assert report.microphones == report.headphones == ["Other", "Both"]
    assert report.chirp.microphone == "Both"
    assert report.chirp.heard
    # Both streams begin at once; 2400 samples are 50 ms, of which 20 are the headphones' own.
    assert report.chirp.delay_ms == pytest.approx(30.0, abs=0.1)
    assert report.chirp.gain_db == pytest.approx(-20.0, abs=0.2)
    assert not any(stream.running for stream in fake.streams)


def test_a_device_that_cannot_be_opened_or_never_begins_is_the_problem(monkeypatch):
    _, system = fake_check(monkeypatch, Device("Both", inputs=1, outputs=2, busy=True))
    assert "cannot be opened" in sound_check.check_sound(system).problem
    fake, system = fake_check(monkeypatch, Device("Both", inputs=1, outputs=2))
    fake.run = lambda until_ns: setattr(fake.clock, "time_ns", until_ns)
    monkeypatch.setattr(sound_check, "_sleep_until", fake.run)
    assert "'Both' ended" in sound_check.check_sound(system).problem


def told(**but):
    chirp = but.pop("chirp", None)
    report = {"microphones": ["Mic"], "headphones": ["Ears"], "problem": "", "chirp": chirp, **but}
    return judge_sound(report)


def chirp(**but):
    return {
        "microphone": "Mic", "headphones": "Ears", "noise_db": -62.0, "heard": False,
        "delay_ms": 0.0, "gain_db": 0.0, "dry": 0, **but,
    }  # fmt: skip


def test_the_doctor_tells_what_was_heard():
    finding = told(chirp=chirp(heard=True, delay_ms=31.4, gain_db=-21.2))
    assert finding.verdict is Verdict.OK
    assert finding.sentence == (
        "'Mic' heard a chirp that 'Ears' played, 31 ms later than was reckoned and 21 dB quieter"
    )


def test_the_doctor_lists_what_there_is_to_choose_from():
    finding = told(chirp=chirp(heard=True), headphones=["Ears", "Speakers"])
    assert finding.sentence.endswith("to choose from: microphones Mic; headphones Ears, Speakers")
    assert "to choose" not in told(chirp=chirp(heard=True)).sentence


def test_the_doctor_does_not_blame_headphones_for_not_being_heard():
    finding = told(chirp=chirp())
    assert finding.verdict is Verdict.OK
    assert "as it should be with headphones" in finding.sentence


def test_the_doctor_warns_of_a_microphone_that_is_off():
    finding = told(chirp=chirp(noise_db=-120.0))
    assert finding.verdict is Verdict.WARN
    assert "'Mic' hears nothing at all" in finding.sentence
    assert "muted" in finding.cure


@pytest.mark.parametrize(
    ("missing", "sentence", "cure"),
    [
        (("microphones",), "no microphone here: nobody will hear you", "plug in a microphone"),
        (("headphones",), "no headphone or speaker here", "plug in a headphone or speaker"),
        (
            ("microphones", "headphones"),
            "no sound device here",
            "plug in a microphone and a headphone or speaker",
        ),
    ],
)
def test_the_doctor_says_what_is_missing_and_what_to_plug_in(missing, sentence, cure):
    finding = told(**{what: [] for what in missing})
    assert finding.verdict is Verdict.WARN
    assert finding.sentence.startswith(sentence)
    assert finding.cure == cure


def test_the_doctor_names_the_cure_of_a_problem(monkeypatch):
    def no_portaudio(clock):
        raise SoundError("PortAudio is not installed: sudo apt install libportaudio2")

    monkeypatch.setattr(sound_check, "SoundSystem", no_portaudio)
    finding = told(problem=sound_check.check_sound().problem)
    assert finding.verdict is Verdict.WARN
    assert finding.sentence == "PortAudio is not installed"
    assert finding.cure == "sudo apt install libportaudio2"


def test_the_doctor_survives_a_portaudio_that_crashes(monkeypatch):
    def crash(code):
        raise PresenceError("it crashed with signal 11")

    monkeypatch.setattr("presence.client.doctor.ask_child", crash)
    finding = check_sound()
    assert finding.verdict is Verdict.FAIL
    assert "signal 11" in finding.sentence


def test_here_the_doctor_looks_and_says_what_it_found():
    finding = check_sound()
    assert finding.verdict in (Verdict.OK, Verdict.WARN), finding
    assert "chirp" in finding.sentence or finding.cure


def test_a_report_is_what_the_doctor_reads():
    import msgspec

    report = SoundReport(["Mic"], ["Ears"], chirp=ChirpResult("Mic", "Ears", -62.0, True, 3.0))
    assert judge_sound(msgspec.json.decode(msgspec.json.encode(report))).verdict is Verdict.OK
