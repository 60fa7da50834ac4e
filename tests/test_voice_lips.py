"""A mouth from a voice, judged on what espeak-ng says when it says which sound."""

import numpy as np
import pytest
from binaural import noise, tone

from presence.bench.lip_judge import count, show
from presence.bench.lips import as_heard
from presence.bench.spoken import say
from presence.errors import UsageError
from presence.pose.face import SHAPE_COUNT, SHAPE_INDEX
from presence.voice.block import BLOCK, RATE
from presence.voice.lips import DRIVEN, Lips, blend
from presence.voice.mouth_sounds import MouthSound

JAW, CLOSE = SHAPE_INDEX["jawOpen"], SHAPE_INDEX["mouthClose"]
PUCKER, STRETCH = SHAPE_INDEX["mouthPucker"], SHAPE_INDEX["mouthStretchLeft"]
PRESS = SHAPE_INDEX["mouthPressLeft"]
SENTENCE = (
    "A moment ago a bee bumped against my bedroom lamp. Perhaps the people below have the map. "
    "Move over, Bob, or the beautiful vase will fall off the table before supper. "
    "Father parked the car by the farm."
)


@pytest.fixture(scope="module")
def sentence():
    spoken = say(SENTENCE, "en-us+Mike")
    return show(spoken, as_heard(spoken.sound, noise=False))


def blocks_of(sound):
    return sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)


def fed(blocks):
    lips = Lips()
    return np.array([lips.feed(block) for block in blocks])


def vowel(formants, seconds=1.5, hertz=120.0, level=0.1):
    """A held vowel ``(n, 960)``: pulses of a glottis through resonators."""
    times = np.arange(round(seconds * RATE))
    sound = np.zeros(len(times))
    sound[(times * hertz / RATE % 1.0) < hertz / RATE] = 1.0
    spectrum = np.fft.rfft(sound)
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(len(sound), 1 / RATE) / RATE)
    spectrum /= 1 - 0.97 * z
    for formant, width in zip(formants, (80, 100, 140, 200), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        spectrum /= 1 - 2 * radius * np.cos(2 * np.pi * formant / RATE) * z + radius**2 * z**2
    sound = np.fft.irfft(spectrum, len(sound))
    sound *= level / np.sqrt(np.mean(sound**2))
    return blocks_of(sound.astype(np.float32))


AH, OO, EE = (750, 1200, 2600, 3500), (320, 800, 2300, 3300), (280, 2250, 2950, 3600)


def test_lips_meet_at_most_m_b_p_of_a_held_out_voice_and_seldom_elsewhere(sentence):
    counted = count(sentence)
    assert counted.asked["closures"] >= 12
    assert counted.found["closures"] >= 0.75 * counted.asked["closures"]
    elsewhere = "closures where there is none"
    assert counted.found[elsewhere] <= 0.12 * counted.asked[elsewhere]


def test_lips_meet_for_a_p_though_it_is_silent(sentence):
    asked = [p for p in sentence.spoken.phones if p.symbol == "p" and p.start > 1.0]
    met = [
        sentence.shut[(sentence.times > p.start - 0.02) & (sentence.times < p.end + 0.02)].any()
        for p in asked
    ]
    assert len(met) >= 5
    assert np.mean(met) >= 0.6


def test_vowels_are_told_apart_by_height(sentence):
    counted = count(sentence)
    for name in ("open vowels", "mid vowels", "close vowels", "rounded"):
        assert counted.asked[name] >= 10
        assert counted.found[name] >= 0.5 * counted.asked[name], name


def test_the_jaw_keeps_time_with_the_voice(sentence):
    late_s = count(sentence).jaw_s
    assert len(late_s) >= 8
    assert abs(np.median(late_s)) < 0.025
    assert np.percentile(np.abs(late_s), 80) < 0.08


def test_an_open_vowel_opens_the_jaw_oo_puckers_and_ee_stretches():
    ah, oo, ee = (fed(vowel(formants))[30:].mean(axis=0) for formants in (AH, OO, EE))
    assert ah[JAW] > 1.5 * max(oo[JAW], ee[JAW])
    assert oo[PUCKER] > 0.3 > 0.1 > max(ah[PUCKER], ee[PUCKER])
    assert ee[STRETCH] > 0.1 > oo[STRETCH]


def test_silence_shuts_the_mouth():
    mouth = fed([*vowel(AH, 1.0), *np.zeros((25, BLOCK), dtype=np.float32)])
    assert mouth[45, JAW] > 0.3
    assert mouth[-1].max() < 0.02
    assert mouth[60:, JAW].max() < 0.25


def test_a_quiet_rooms_noise_does_not_move_the_mouth():
    assert fed(noise(3.0, level=0.002))[:, JAW].max() < 0.05


def test_the_same_said_louder_opens_the_jaw_further():
    soft, loud = (fed(vowel(AH, level=level))[40:, JAW].mean() for level in (0.03, 0.25))
    assert loud > 1.15 * soft > 0.2


def test_a_stressed_word_opens_further_than_the_rest():
    usual, stressed = vowel(AH, 4.0, level=0.05), vowel(AH, 0.6, level=0.15)
    mouth = fed([*usual, *stressed])
    assert mouth[len(usual) + 10 :, JAW].mean() > 1.1 * mouth[100 : len(usual), JAW].mean()


@pytest.mark.parametrize("formants", [AH, OO, EE])
def test_nothing_trembles_in_a_held_vowel(formants):
    draw = np.random.default_rng(1)
    blocks = vowel(formants, 2.0)
    blocks = blocks + 0.001 * draw.standard_normal(blocks.shape).astype(np.float32)
    held = fed(blocks)[40:]
    assert np.abs(np.diff(held, axis=0)).max() < 0.03


def test_lips_that_meet_leave_no_gap_and_part_nothing(sentence):
    shapes = sentence.shapes[sentence.shut]
    assert len(shapes) > 20
    assert (shapes[:, JAW] - shapes[:, CLOSE]).max() < 0.06
    assert (sentence.shapes[:, CLOSE] <= sentence.shapes[:, JAW] + 1e-9).all()
    parted = [SHAPE_INDEX[name] for name in ("mouthFunnel", "mouthLowerDownLeft")]
    assert shapes[:, parted].max() < 0.2


def test_only_the_mouth_is_moved_and_within_range(sentence):
    eyes = [i for name, i in SHAPE_INDEX.items() if name.startswith(("eye", "brow", "nose"))]
    assert not sentence.shapes[:, eyes].any()
    assert sentence.shapes.min() >= 0.0
    assert sentence.shapes.max() <= 1.0


def test_what_is_no_number_is_silence_and_what_follows_is_heard():
    broken = np.full(BLOCK, np.nan, dtype=np.float32)
    broken[::3] = np.inf
    lips = Lips()
    for _ in range(20):
        shapes = lips.feed(broken)
    assert np.isfinite(shapes).all()
    assert shapes.max() < 0.02
    for block in vowel(AH, 0.8):
        shapes = lips.feed(block)
    assert shapes[JAW] > 0.3


def test_clipping_changes_little():
    clean = vowel(AH, level=0.2)
    clipped = np.clip(20.0 * clean, -1.0, 1.0)
    assert fed(clipped)[40:, JAW].mean() > 0.3
    assert fed(1e9 * clean)[40:, JAW].mean() > 0.3


def test_a_constant_offset_changes_nothing():
    clean = vowel(AH)
    np.testing.assert_allclose(fed(clean + 0.3)[10:], fed(clean)[10:], atol=0.03)
    assert fed(np.full((50, BLOCK), 0.5, dtype=np.float32))[10:, JAW].max() < 0.05


def test_one_loud_click_does_not_silence_the_mouth_for_long():
    blocks = np.array(vowel(AH, 2.0, level=0.05))
    blocks[30, 100:110] = 1.0
    assert fed(blocks)[60:, JAW].min() > 0.25


def test_the_same_voice_moves_the_mouth_alike_each_time():
    blocks = [*noise(0.3, level=0.1), *tone(0.3), *vowel(EE, 0.5)]
    np.testing.assert_array_equal(fed(blocks), fed(blocks))


@pytest.mark.parametrize("shape", [(480,), (BLOCK, 2), (0,)])
def test_a_block_of_another_shape_is_refused_with_the_cure(shape):
    with pytest.raises(UsageError, match="20 ms at 48 kHz"):
        Lips().feed(np.zeros(shape, dtype=np.float32))


def test_each_sound_is_named_once_and_all_add_up(sentence):
    np.testing.assert_allclose(sentence.likely.sum(axis=1), 1.0)
    assert sentence.likely.shape[1] == len(MouthSound)


class TestBlending:
    face = np.linspace(0.1, 0.6, SHAPE_COUNT)
    lips = np.zeros(SHAPE_COUNT)
    lips[DRIVEN] = 0.5

    def test_a_face_that_is_tracked_keeps_its_mouth(self):
        np.testing.assert_allclose(blend(self.face, self.lips, 1.0), self.face)

    def test_a_face_that_is_not_takes_the_voices_mouth_and_keeps_the_rest(self):
        blended = blend(self.face, self.lips, 0.0)
        rest = np.setdiff1d(np.arange(SHAPE_COUNT), DRIVEN)
        np.testing.assert_array_equal(blended[rest], self.face[rest])
        assert blended[JAW] == blended[CLOSE] == blended[PUCKER] == 0.5

    def test_a_smile_stays_while_a_voice_speaks(self):
        smile = SHAPE_INDEX["mouthSmileLeft"]
        face = np.zeros(SHAPE_COUNT)
        face[smile] = 0.7
        assert blend(face, np.zeros(SHAPE_COUNT), 0.0)[smile] == 0.7
        assert blend(face, np.ones(SHAPE_COUNT), 0.0)[smile] == 1.0

    def test_between_them_the_mouth_goes_over_evenly_and_stays_sealed(self):
        lips = np.zeros(SHAPE_COUNT)
        lips[[JAW, CLOSE]] = 0.4
        face = np.zeros(SHAPE_COUNT)
        face[[JAW, CLOSE]] = 0.2
        blended = blend(face, lips, 0.25)
        np.testing.assert_allclose(blended[[JAW, CLOSE]], 0.35)

    @pytest.mark.parametrize(("confidence", "taken"), [(7.0, 1.0), (-3.0, 0.0), (np.nan, 0.0)])
    def test_a_confidence_out_of_range_counts_as_the_nearest(self, confidence, taken):
        np.testing.assert_array_equal(
            blend(self.face, self.lips, confidence), blend(self.face, self.lips, taken)
        )

    def test_the_face_that_was_given_is_left_alone(self):
        face = self.face.copy()
        blend(face, self.lips, 0.0)
        np.testing.assert_array_equal(face, self.face)


class Told:
    """A model that hears what it was told to, one sound every 10 ms."""

    average = np.zeros(12)

    def __init__(self, *sounds):
        self.sounds = iter(sounds)

    def likely(self, looks):
        return np.eye(len(MouthSound))[[next(self.sounds) for _ in looks]]


def shown_of(*runs):
    """The shapes for sounds that last for so many times 10 ms, said aloud."""
    sounds = [sound for sound, lasts in runs for _ in range(lasts)]
    lips = Lips(Told(*sounds))
    return np.array([lips.feed(block) for block in noise(0.01 * len(sounds), level=0.05)])


def test_lips_that_meet_for_a_moment_are_shut_for_two_blocks():
    shapes = shown_of((MouthSound.OPEN, 20), (MouthSound.SHUT, 1), (MouthSound.OPEN, 19))
    assert 2 <= np.sum(shapes[:, PRESS] > 0.13) <= 3
    assert shapes[-1, PRESS] < 0.01


def test_lips_part_at_once_after_a_long_m():
    shapes = shown_of((MouthSound.OPEN, 20), (MouthSound.SHUT, 14), (MouthSound.OPEN, 16))
    assert (shapes[11:17, PRESS] > 0.2).all()
    assert shapes[18, PRESS] < 0.1


def test_each_sound_shows_what_a_mouth_does():
    wide, round_, bitten = (
        shown_of((sound, 40))[-1]
        for sound in (MouthSound.SPREAD, MouthSound.ROUND, MouthSound.BITTEN)
    )
    assert wide[STRETCH] > 0.2 > 0.1 > round_[STRETCH]
    assert round_[SHAPE_INDEX["mouthFunnel"]] > 0.4
    assert bitten[SHAPE_INDEX["mouthRollLower"]] > 0.3
    assert bitten[JAW] < 0.1
