"""The benchmark of lips: what it asks for, and what it is told by those who speak."""

from itertools import pairwise

import numpy as np
import pytest

from presence.bench.lip_judge import GROUPS, Shown, count
from presence.bench.lips import as_heard, bench_lips
from presence.bench.phonemes import moments, sounds_of
from presence.bench.spoken import BREATH, Phone, Spoken, say
from presence.errors import UsageError
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX
from presence.voice.block import BLOCK, RATE
from presence.voice.mouth_sounds import PRESSED, MouthSound


@pytest.mark.slow
def test_a_short_run_judges_every_language_and_the_cost():
    result = bench_lips(quick=True)
    rows = {row["what"]: row for row in result.rows}
    assert {"English", "English, noise at 20 dB", "German", "Italian, not learned"} <= set(rows)
    for row in result.rows[:4]:
        assert row["closures_asked"] > 40
        assert row["closures_percent"] >= 60.0
        assert 0.0 < row["closures_where_there_is_none_percent"] < 15.0
        for name in GROUPS:
            assert 0.0 < row[name.replace(" ", "_") + "_percent"] <= 100.0
        # Chance would be one in eleven.
        assert row["rounded_percent"] > 60.0
        assert row["silence_percent"] > 70.0
        assert row["jaw_error_ms_p50"] < 25.0
    assert 0.01 < rows["one voice"]["cpu_ms_p50"] <= rows["one voice"]["cpu_ms_p95"]
    assert [bar.limit for bar in result.bars] == [60.0, 10.0, 0.3]


def test_a_synthesizer_says_when_each_sound_is():
    spoken = say("Apple pie, my friend.", "en-us+Mike")
    assert spoken.sound.dtype == np.float32
    assert spoken.phones[0].symbol == "æ"
    ends = [phone.end for phone in spoken.phones]
    assert ends == sorted(ends)
    assert abs(ends[-1] - len(spoken.sound) / RATE) < 0.02
    # A voiceless plosive is silence, and then a breath.
    first = next(phone for phone in spoken.phones if phone.symbol == "p")
    inside = spoken.sound[round((first.start + 0.006) * RATE) : round((first.end - 0.01) * RATE)]
    assert np.abs(inside).max() < 0.01
    assert spoken.phones[spoken.phones.index(first) + 1].symbol == BREATH


def test_of_a_plosive_after_a_pause_only_the_breath_is_known():
    spoken = say("Papa. Papa.", "en-us+Mike")
    after = [b.symbol for a, b in pairwise(spoken.phones) if not a.symbol]
    assert BREATH in after
    assert "p" not in after


def test_a_voice_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="espeak-ng --voices"):
        say("hello", "klingon-opera")


@pytest.mark.parametrize(
    ("symbol", "sounds"),
    [
        ("m", [MouthSound.SHUT]),
        ("aɪ", [MouthSound.OPEN, MouthSound.SPREAD]),
        ("oʊ", [MouthSound.ROUND, MouthSound.PUCKERED]),
        ("tʃ", [MouthSound.HUSHED]),
        ("ts", [MouthSound.HISSED]),
        ("uː", [MouthSound.PUCKERED]),
        ("ɑ̃", [MouthSound.OPEN]),
        ("??", []),
    ],
)
def test_a_mouths_doing_follows_from_the_symbol(symbol, sounds):
    assert sounds_of(symbol) == sounds


def test_a_diphthong_is_parted_in_time():
    said = moments(Spoken(np.zeros(1, np.float32), (Phone(1.0, 1.2, "aɪ"), Phone(1.2, 1.5, ""))))
    assert [moment.sound for moment in said] == [
        MouthSound.OPEN,
        MouthSound.SPREAD,
        MouthSound.PAUSE,
    ]
    assert said[0].end == said[1].start == pytest.approx(1.12)


def shown(phones, mouth_at):
    """Lips that do what ``mouth_at`` says of each block's time, as the judge sees them."""
    spoken = Spoken(np.zeros(1, np.float32), tuple(phones))
    blocks = round(phones[-1].end / 0.02)
    empty = Shown(spoken, np.zeros((blocks, SHAPE_COUNT)), np.zeros((blocks, len(MouthSound))))
    shapes = np.array([mouth_at(time) for time in empty.times])
    return Shown(spoken, shapes, empty.likely)


def mouth(jaw, *, shut=False):
    shapes = np.zeros(SHAPE_COUNT)
    shapes[SHAPE_INDEX["jawOpen"]] = jaw
    if shut:
        shapes[SHAPE_INDEX["mouthClose"]] = jaw
        shapes += PRESSED
    return shapes


BABBLE = [
    Phone(0.2 * i + start, 0.2 * i + end, symbol)
    for i in range(20)
    for start, end, symbol in ((0.0, 0.1, "m"), (0.1, 0.2, "ɑː"))
]


def test_a_mouth_that_does_it_all_is_judged_to():
    counted = count(shown(BABBLE, lambda t: mouth(0.0, shut=True) if t % 0.2 < 0.1 else mouth(0.5)))
    assert counted.found["closures"] == counted.asked["closures"] == 15
    assert counted.found["closures where there is none"] == 0
    assert np.abs(counted.jaw_s).max() < 0.03


def test_a_mouth_that_never_moves_is_judged_to_do_nothing():
    for still, met in ((mouth(0.5), 0), (mouth(0.0), 0), (mouth(0.2, shut=True), 15)):
        counted = count(shown(BABBLE, lambda _, still=still: still))
        assert counted.found["closures"] == met
        assert counted.found["closures where there is none"] == met
        assert len(counted.jaw_s) == 0


def test_a_mouth_that_is_late_is_told_so():
    counted = count(shown(BABBLE, lambda t: mouth(0.0) if (t - 0.06) % 0.2 < 0.1 else mouth(0.5)))
    assert 0.04 < np.median(counted.jaw_s) < 0.08


def test_sound_is_brought_to_level_and_noise_is_twenty_decibels_under_it():
    sound = np.sin(np.arange(20 * BLOCK) * 0.05).astype(np.float32) * 0.7
    clean, noisy = as_heard(sound, noise=False), as_heard(sound, noise=True)
    level = 10 * np.log10(np.mean(clean.astype(np.float64) ** 2))
    noise = 10 * np.log10(np.mean((noisy - clean).astype(np.float64) ** 2))
    assert level == pytest.approx(-26.0, abs=0.01)
    assert noise == pytest.approx(-46.0, abs=0.1)
