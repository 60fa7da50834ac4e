"""Whether voices are heard from where people are: judged by what two ears are given."""

import logging
from pathlib import Path

import numpy as np
import pytest
from binaural import (
    bands_db,
    heard,
    lead_us,
    level_db,
    level_difference_db,
    noise,
    sharpest,
    splatter_db,
    tone,
)

from presence.errors import UsageError
from presence.pose.quaternion import quat_from_axis_angle
from presence.pose.rigid import RIGHT, Rigid
from presence.voice import openal, spatial
from presence.voice.block import BLOCK, PIECE
from presence.voice.feed import WAITING
from presence.voice.spatial import MOST_VOICES, mouth_of, open_mixer

FRONT, BACK = np.array([0.0, 0.0, -1.0]), np.array([0.0, 0.0, 1.0])
LEFT = np.array([-1.0, 0.0, 0.0])
SETTLED = 5 * BLOCK


@pytest.fixture(params=["openal", "numpy"])
def make_mixer(request):
    """Makes mixers of a kind, without a room; they are closed in the end."""
    mixers = []

    def make(*, block=BLOCK, room=False):
        mixer = open_mixer(block=block, room=room, openal=request.param == "openal")
        mixers.append(mixer)
        if mixer.kind != request.param:
            pytest.skip("OpenAL Soft is not installed")
        return mixer

    yield make
    for mixer in mixers:
        mixer.close()


@pytest.fixture
def mixer(make_mixer):
    return make_mixer()


def from_place(mixer, position, *, facing=None, blocks=None):
    """What is heard, once it has settled, of noise from a place; it is turned to the listener."""
    position = np.asarray(position, dtype=float)
    mixer.add(1, position, -position if facing is None else facing)
    sound = heard(mixer, noise(0.5) if blocks is None else blocks)[SETTLED:]
    mixer.remove(1)
    for _ in range(3):
        mixer.render()
    return sound


def test_in_pieces_of_10_ms_the_same_is_heard_as_in_blocks_of_20(make_mixer):
    blocks = noise(0.4, level=0.05)
    heard_in = []
    for block in (BLOCK, PIECE):
        mixer = make_mixer(block=block)
        mixer.add(1, 2.0 * LEFT, -LEFT)
        heard_in.append(heard(mixer, blocks.reshape(-1, block)))
    np.testing.assert_allclose(heard_in[0], heard_in[1], atol=1e-5)


def test_after_a_second_in_which_nobody_speaks_nothing_is_rendered_until_somebody_does(mixer):
    mixer.add(1, 2.0 * LEFT)
    rendered = []
    render = mixer._spatialiser.render
    mixer._spatialiser.render = lambda *given: rendered.append(1) or render(*given)
    assert np.abs(heard(mixer, noise(0.5))).max() > 0.01
    during = len(rendered)
    for _ in range(200):
        assert np.abs(mixer.render()).max() < 1.0
    assert during < len(rendered) < during + 60
    assert not mixer.render().any()
    again = heard(mixer, noise(0.5))[SETTLED:]
    assert level_difference_db(again) > 5
    assert lead_us(again) > 600


def test_a_voice_at_the_left_reaches_the_left_ear_earlier_and_louder(mixer):
    left = from_place(mixer, 2.0 * LEFT)
    # A head is some 17 cm wide, so that sound takes 0.6 to 0.75 ms round it.
    assert 600 < lead_us(left) < 750
    assert 10 < level_difference_db(left) < 20
    right = from_place(mixer, -2.0 * LEFT)
    assert -750 < lead_us(right) < -600
    assert -20 < level_difference_db(right) < -10


def test_halfway_to_the_left_is_heard_halfway(mixer):
    half = from_place(mixer, [-1.0, 0.0, -1.0])
    assert 300 < lead_us(half) < 500
    ahead = from_place(mixer, FRONT)
    assert abs(lead_us(ahead)) < 25
    assert abs(level_difference_db(ahead)) < 0.5


def test_before_is_not_behind(make_mixer):
    mixer = make_mixer()
    difference = bands_db(from_place(mixer, FRONT)) - bands_db(from_place(mixer, BACK))
    # From band to band, whatever the level: a mere change of level says nothing of where.
    colour = difference - difference.mean()
    if mixer.kind == "openal":
        assert colour.max() - colour.min() > 8.0
    else:
        # All that there is: higher sounds are duller from behind.
        assert colour.max() - colour.min() > 3.0
    assert difference[-1] > difference[0] + 3.0


def test_four_metres_are_twelve_decibels_quieter_than_one(mixer):
    near, far = (level_db(from_place(mixer, distance * FRONT)) for distance in (1.0, 4.0))
    # 20 log10(4) = 12.04, and nothing but the distance law is at work: there is no room.
    assert near - far == pytest.approx(12.04, abs=0.3)


def test_nobody_gets_louder_nearer_than_a_metre(mixer):
    near, nearer = (level_db(from_place(mixer, distance * FRONT)) for distance in (1.0, 0.3))
    assert nearer == pytest.approx(near, abs=0.3)


def test_who_turns_away_is_half_as_loud(mixer):
    towards, aside, away = (
        level_db(from_place(mixer, FRONT, facing=facing)) for facing in (BACK, LEFT, FRONT)
    )
    assert towards - away == pytest.approx(6.02, abs=0.1)
    assert away < aside < towards


def test_turning_the_head_moves_a_voice_the_other_way(mixer):
    mixer.add(1, FRONT, BACK)
    # To the left, so that what was ahead is at the right.
    mixer.listen(Rigid.from_yaw(np.pi / 2, np.zeros(3)))
    sound = heard(mixer, noise(0.5))[SETTLED:]
    assert -750 < lead_us(sound) < -600
    assert level_difference_db(sound) < -10


def test_walking_past_a_voice_leaves_it_behind_on_its_side(mixer):
    mixer.add(1, np.array([-1.0, 0.0, -3.0]), np.array([1.0, 0.0, 0.0]))
    mixer.listen(Rigid(np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.0, 0.0, -3.0])))
    sound = heard(mixer, noise(0.5))[SETTLED:]
    assert 600 < lead_us(sound) < 750


def test_nodding_leaves_a_voice_in_the_middle(mixer):
    mixer.add(1, FRONT, BACK)
    mixer.listen(Rigid(quat_from_axis_angle(RIGHT, 0.5), np.zeros(3)))
    sound = heard(mixer, noise(0.5))[SETTLED:]
    assert abs(lead_us(sound)) < 25
    assert abs(level_difference_db(sound)) < 0.5


def steady(mixer):
    """The greatest second difference and the splatter of a tone at the ear, nothing happening."""
    sound = from_place(mixer, LEFT, blocks=tone(0.5))
    return sharpest(sound), splatter_db(sound)


def test_nothing_clicks_when_a_voice_begins_breaks_off_goes_on_and_ends(mixer):
    calm, _ = steady(mixer)
    mixer.add(1, LEFT, -LEFT)
    blocks = [*tone(0.3)]
    blocks[7:9] = [None, None]
    begun = heard(mixer, blocks)
    mixer.write(1, blocks[0])
    mixer.remove(1)
    ended = np.concatenate([mixer.render() for _ in range(5)])
    # The tone is cut at any phase, where a jump would make 100 times as much.
    assert sharpest(np.concatenate([begun, ended])) < 2.0 * calm
    assert level_db(begun[8 * BLOCK : 9 * BLOCK]) < -60
    assert level_db(begun[-BLOCK:]) > -20
    assert level_db(ended[-BLOCK:]) < -100
    assert mixer.breaks == 0


def test_a_voice_that_breaks_off_is_counted(mixer):
    mixer.add(1, FRONT)
    heard(mixer, [*tone(0.1), None, None, *tone(0.1), None])
    assert mixer.breaks == 2


@pytest.mark.parametrize("turns_a_second", [0.5, 2.0])
def test_nothing_clicks_when_a_voice_circles_the_head(mixer, turns_a_second):
    calm, pure = steady(mixer)
    mixer.add(1, FRONT, BACK)

    def move(number):
        angle = 2 * np.pi * turns_a_second * 0.02 * number
        position = np.array([np.sin(angle), 0.0, -np.cos(angle)])
        mixer.move(1, position, -position)

    sound = heard(mixer, tone(1.0), before=move)[SETTLED:]
    assert sharpest(sound) < 2.0 * calm
    assert splatter_db(sound) < max(pure + 6.0, -60.0)


def test_nothing_clicks_when_the_head_turns_fast(mixer):
    calm, pure = steady(mixer)
    mixer.add(1, FRONT)

    def turn(number):
        # Five radians a second, to and fro.
        mixer.listen(Rigid.from_yaw(np.sin(0.1 * number), np.zeros(3)))

    sound = heard(mixer, tone(1.0), before=turn)[SETTLED:]
    assert sharpest(sound) < 2.0 * calm
    assert splatter_db(sound) < max(pure + 6.0, -60.0)


def test_nothing_clicks_when_somebody_is_put_elsewhere_muted_or_made_quieter(mixer):
    calm, _ = steady(mixer)
    mixer.add(1, LEFT, -LEFT)

    def change(number):
        mixer.set_muted(1, 10 <= number < 14)
        mixer.set_loudness(1, 0.3 if number > 18 else 1.0)
        mixer.move(1, FRONT if number > 22 else LEFT)

    sound = heard(mixer, tone(0.6), before=change)
    assert sharpest(sound[SETTLED:]) < 3.0 * calm
    assert level_db(sound[12 * BLOCK : 14 * BLOCK]) < -80
    loud, quiet = sound[16 * BLOCK : 18 * BLOCK], sound[20 * BLOCK : 22 * BLOCK]
    assert level_db(quiet) - level_db(loud) == pytest.approx(20 * np.log10(0.3), abs=0.3)


def test_many_voices_at_once_do_not_clip(mixer):
    for stream in range(MOST_VOICES):
        mixer.add(stream, np.array([np.sin(stream), 0.0, -np.cos(stream)]))
    peaks, levels = [], []
    for block in noise(0.4, level=0.3):
        for stream in range(MOST_VOICES):
            mixer.write(stream, np.clip(block, -1.0, 1.0))
        sound = mixer.render()
        peaks.append(np.abs(sound).max())
        levels.append(level_db(sound))
    assert max(peaks) < 1.0
    assert min(levels[5:]) > -20


def test_the_same_voices_make_the_same_sound(make_mixer):
    def render():
        mixer = make_mixer(room=True)
        mixer.add(1, LEFT)
        mixer.add(2, FRONT)
        sound = heard(
            mixer,
            noise(0.2),
            before=lambda k: (mixer.move(1, LEFT * (1 + 0.1 * k)), mixer.write(2, noise(0.02)[0])),
        )
        return sound.tobytes()

    assert render() == render()


def test_voices_are_added_up(make_mixer):
    alone = [from_place(make_mixer(), place, blocks=noise(0.3)) for place in (LEFT, FRONT)]
    mixer = make_mixer()
    mixer.add(1, LEFT, -LEFT)
    mixer.add(2, FRONT, -FRONT)
    sound = heard(mixer, noise(0.3), before=lambda k: mixer.write(2, noise(0.3)[k]))[SETTLED:]
    np.testing.assert_allclose(sound, alone[0] + alone[1], atol=1e-5)


def test_a_voice_is_heard_within_two_milliseconds(mixer):
    mixer.add(1, FRONT, BACK)
    click = np.zeros(BLOCK, dtype=np.float32)
    click[400] = 0.5
    heard(mixer, np.zeros((3, BLOCK), dtype=np.float32))
    sound = heard(mixer, [click, click * 0])
    assert 0 <= np.abs(sound).max(axis=1).argmax() - 400 < 96


def test_a_thousand_come_and_go_and_leave_nothing_behind(mixer):
    block = noise(0.02)[0]

    def come_and_go(times):
        for stream in range(times):
            mixer.add(stream, LEFT)
            mixer.write(stream, block)
            mixer.render()
            mixer.remove(stream)

    come_and_go(100)
    before = resident_bytes()
    come_and_go(1000)
    for _ in range(3):
        mixer.render()
    assert resident_bytes() - before < 4_000_000
    assert mixer.streams == frozenset()
    assert np.abs(mixer.render()).max() < 1e-6
    # They can still all be there at once.
    for stream in range(MOST_VOICES):
        mixer.add(stream, FRONT)


def resident_bytes():
    return 4096 * int(Path("/proc/self/statm").read_text().split()[1])


def test_all_may_be_changed_for_others_between_two_blocks(mixer):
    for crowd in range(4):
        for stream in range(MOST_VOICES):
            mixer.add(100 * crowd + stream, FRONT)
            mixer.write(100 * crowd + stream, noise(0.02)[0])
        if crowd == 2:
            mixer.render()
        for stream in range(MOST_VOICES):
            mixer.remove(100 * crowd + stream)
    assert mixer.render().shape == (BLOCK, 2)


def test_a_room_is_heard_after_a_voice_and_can_be_left_out():
    tails = []
    for room in (True, False):
        mixer = open_mixer(room=room)
        if mixer.kind != "openal":
            pytest.skip("only OpenAL has a room")
        mixer.add(1, FRONT, BACK)
        sound = heard(mixer, [*noise(0.2), *[None] * 10])
        mixer.close()
        tails.append(level_db(sound[-8 * BLOCK :]) - level_db(sound[SETTLED : 10 * BLOCK]))
    # Sparing: it lies well under the voice.
    assert -50 < tails[0] < -20
    assert tails[1] < -80


def test_too_many_blocks_are_refused_and_joined_without_a_click(mixer):
    calm, _ = steady(mixer)
    mixer.add(1, LEFT, -LEFT)
    blocks = tone(0.4)
    sound = [heard(mixer, blocks[:5])]
    taken = [mixer.write(1, block) for block in blocks[5:12]]
    assert taken == [True] * WAITING + [False] * 3
    sound += [mixer.render() for _ in range(2)]
    sound.append(heard(mixer, blocks[12:]))
    assert sharpest(np.concatenate(sound)) < 3.0 * calm


def test_what_was_written_is_the_mixers_own(mixer):
    mixer.add(1, FRONT)
    block = noise(0.02)[0]
    mixer.write(1, block)
    block[:] = 0.0
    assert np.abs(mixer.render()).max() > 0.01


def test_mistakes_are_told_with_their_cure(mixer):
    silence = np.zeros(BLOCK, dtype=np.float32)
    with pytest.raises(UsageError, match="add it first"):
        mixer.write(9, silence)
    mixer.add(9, FRONT)
    with pytest.raises(UsageError, match="mixed already"):
        mixer.add(9, FRONT)
    with pytest.raises(UsageError, match="blocks of 20 ms"):
        mixer.write(9, silence[:-1])
    with pytest.raises(UsageError, match="not a number"):
        mixer.write(9, silence + np.nan)
    with pytest.raises(UsageError, match="finite"):
        mixer.move(9, np.array([0.0, np.inf, 0.0]))
    with pytest.raises(UsageError, match="finite"):
        mixer.listen(Rigid(np.array([0.0, 0.0, 0.0, 1.0]), np.array([np.nan, 0.0, 0.0])))
    with pytest.raises(UsageError, match="finite"):
        mixer.listen(Rigid(np.full(4, np.nan), np.zeros(3)))
    with pytest.raises(UsageError, match="between 0 and 4"):
        mixer.set_loudness(9, -1.0)
    for stream in range(100, 100 + MOST_VOICES - 1):
        mixer.add(stream, FRONT)
    with pytest.raises(UsageError, match="remove one"):
        mixer.add(99, FRONT)


def test_without_openal_the_simpler_way_is_taken_and_said_once(monkeypatch, caplog):
    def missing():
        raise openal.OpenALMissingError("OpenAL Soft is not installed")

    monkeypatch.setattr(openal, "load_openal", missing)
    spatial._say_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        kinds = [open_mixer().kind for _ in range(3)]
    assert kinds == ["numpy"] * 3
    assert [record.getMessage().count("not installed") for record in caplog.records] == [1]


def test_a_mouth_is_before_the_head_and_speaks_where_it_looks():
    position, facing = mouth_of(Rigid.from_yaw(np.pi / 2, np.array([1.0, 1.6, 2.0])))
    np.testing.assert_allclose(facing, LEFT, atol=1e-12)
    assert 0.05 < 1.0 - position[0] < 0.15
    assert position[2] == pytest.approx(2.0)
