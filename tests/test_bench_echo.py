"""The benchmark of echo: its rooms, its devices, its listener, and a short run of each."""

import numpy as np
import pytest
from spoken import sentence

from presence.bench.echo import CASES, noise, single_row
from presence.bench.echo_end import Devices, EchoEnd, run
from presence.bench.echo_loop import loop_row
from presence.bench.echo_room import Convolver, make_room
from presence.bench.echo_words import Listener, tell
from presence.voice.block import BLOCK, RATE
from presence.voice.processing import NoProcessing

pytest.importorskip("pyroomacoustics", reason="rooms are simulated by pyroomacoustics")
pytest.importorskip("pocketsphinx", reason="words are recognised by pocketsphinx")


class Remembering(NoProcessing):
    """Leaves sound as it is, and keeps what it was told."""

    def __init__(self):
        self.mixes = []

    def reference(self, mix, counted_ns=None):
        self.mixes.append(mix.mean(axis=1))


def test_sound_in_pieces_goes_through_a_response_as_a_whole_does():
    random = np.random.default_rng(1)
    responses, sound = random.standard_normal((2, 3000)), random.standard_normal((2, 4800))
    convolver = Convolver(responses, 480)
    heard = np.concatenate([convolver.take(sound[:, at : at + 480]) for at in range(0, 4800, 480)])
    whole = sum(np.convolve(sound[ear], responses[ear])[:4800] for ear in range(2))
    np.testing.assert_allclose(heard, whole, atol=1e-9)


def test_a_room_reverberates_for_about_as_long_as_was_asked():
    room = make_room(0.2)
    assert 0.15 < room.rt60_s < 0.25
    # From a third of a metre away, in no time; from the mouth, a little later.
    first = [int(np.argmax(np.abs(each) > 0.3 * np.abs(each).max())) for each in room.loudspeakers]
    assert all(40 <= at <= 110 for at in first)
    assert int(np.argmax(np.abs(room.mouth) > 0.3 * np.abs(room.mouth).max())) > max(first)


def test_an_echo_comes_as_late_as_the_canceller_is_told_and_drifts_do_not_move_it():
    random = np.random.default_rng(2)
    far = (0.1 * random.standard_normal((600, BLOCK))).astype(np.float32)
    remembering = Remembering()
    end = EchoEnd(
        make_room(0.2),
        Devices(70.0, 100.0, -100.0),
        remembering,
        lambda number: [far[number % len(far)]],
        np.zeros(0, dtype=np.float32),
        voices=1,
        level=0.25,
    )
    sent = run(end, 9.0)
    end.close()
    played = np.concatenate(remembering.mixes)
    heard = np.concatenate([each.heard for each in sent])
    lags = []
    for begin_s in (1, 7):
        a = played[begin_s * RATE :][:RATE]
        b = heard[begin_s * RATE :][: 2 * RATE]
        size = 1 << 18
        alike = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
        lags.append(int(np.argmax(np.abs(alike[: RATE // 2]))))
    # Which loudspeaker a voice is nearer to changes the way by some 30 samples; 200 ppm would have
    # moved it by 58 in six seconds.
    assert abs(lags[1] - lags[0]) < 45
    # The microphone's blocks and the mixes are counted from where each began.
    told_ms = np.array([each.delay_ns for each in sent[50:]]) / 1e6
    assert np.ptp(told_ms) < 5.0
    assert 70.0 < np.median(told_ms) < 140.0


def test_a_moving_far_end_is_taken_out_after_three_seconds():
    assert len(sentence())
    row = single_row(CASES[0], 5.0)
    assert row["echo_db"] > -40.0
    assert row["ducking_db"] >= 25.0
    assert row["all_db"] >= 30.0
    assert row["ducking_db"] > row["alone_db"] > 15.0
    assert not row["says"]


def test_a_listener_recognises_clean_words_and_none_in_noise():
    assert len(sentence())
    told = tell(2, voice="en-us+f3", begin_s=0.5)
    listener = Listener()
    quiet = noise(len(told.sound) / RATE)[: len(told.sound)]
    assert sum(listener.heard(told, told.sound[: len(quiet)] + quiet)) >= 9
    hiss = np.random.default_rng(1).standard_normal(len(told.sound)).astype(np.float32)
    assert sum(listener.heard(told, told.sound + hiss)) <= 5


def test_two_open_ends_fall_silent_where_they_would_howl():
    assert len(sentence())
    quiet, howling = (loop_row(cancelled=on, seconds=3.7) for on in (True, False))
    assert howling["last_second_db"] > -12.0
    assert howling["rise_db"] > -3.0
    assert quiet["rise_db"] < -8.0
    assert quiet["last_second_db"] < howling["last_second_db"] - 20.0
