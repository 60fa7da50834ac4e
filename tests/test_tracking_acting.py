"""What performers do, piece by piece: talking, listening, laughing, stepping, sitting, thinking."""

import functools
import itertools

import numpy as np
import pytest
from scipy.spatial import cKDTree

from presence.clock import SECOND
from presence.pose import (
    INDEX,
    SHAPE_INDEX,
    Contact,
    default_proportions,
    forward_kinematics,
)
from presence.pose.kinematics import fingertips_in_place
from presence.pose.quaternion import quat_angle, quat_conjugate, quat_rotate
from presence.pose.rigid import Rigid
from presence.scene.body import generate_body
from presence.scene.body.drawing import draw_traits
from presence.scene.posing import pose_stage
from presence.scene.stage import Person, Stage
from presence.tracking.acting.conversation import Conversation
from presence.tracking.acting.face import Blinks
from presence.tracking.acting.footing import COMFORT, Footing
from presence.tracking.acting.gaze import Gaze
from presence.tracking.acting.gestures import Gestures
from presence.tracking.acting.laughter import Laughter
from presence.tracking.acting.nods import Nods
from presence.tracking.acting.sitting import Sitting
from presence.tracking.acting.speech import Speech
from presence.tracking.acting.stance import FLESH
from presence.tracking.acting.thinking import Thinking
from presence.tracking.acting.utterance import LIPS, VOWEL_COUNT, Script
from presence.tracking.performer import Performer, eyes_of_others

ADULT = default_proportions(1.72)
CHILD = default_proportions(1.12)
TRUNK = ["hips", "spine", "chest", "upperChest", "neck", "head", "leftUpperLeg", "rightUpperLeg"]
FINGERS = {n for n in INDEX if any(f in n for f in ("Thumb", "Index", "Middle", "Ring", "Little"))}
FEET = ("left", Contact.LEFT_FOOT), ("right", Contact.RIGHT_FOOT)


def turns_of(conversation, seat, count=120):
    return [turn for k in range(2, count) if (turn := conversation.turn(k)).speaker == seat]


def acted(person, begin, end, rate=60):
    """Samples, joints and orientations from ``begin`` to ``end`` seconds."""
    count = round((end - begin) * rate)
    samples = [person.sample(round((begin + k / rate) * SECOND)) for k in range(count)]
    points, turns = forward_kinematics(
        np.stack([s.rotations for s in samples]),
        np.stack([s.root_position for s in samples]),
        person.proportions.offsets,
    )
    return samples, points, turns


def flags(samples, flag):
    return np.array([bool(s.contacts & flag) for s in samples])


def assert_planted(body, samples, points, turns):
    """Feet that touch the floor stay where they are, on it; at least one always does."""
    for i, (side, flag) in enumerate(FEET):
        down = flags(samples, flag)
        sole = points[:, INDEX[side + "Foot"]] + quat_rotate(
            turns[:, INDEX[side + "Foot"]], body.soles[i]
        )
        assert np.abs(sole[down, 1]).max() < 0.002
        assert sole[:, 1].min() > -0.002
        for stance in np.split(np.arange(len(down)), np.flatnonzero(np.diff(down)) + 1):
            if down[stance[0]]:
                assert np.ptp(sole[stance][:, ::2], axis=0).max() < 0.005
                assert np.abs(np.diff(sole[stance][:, ::2], axis=0)).max(initial=0.0) < 0.001
        toes = points[:, INDEX[side + "Toes"]]
        assert toes[:, 1].min() > 0.0
    assert np.all(flags(samples, Contact.LEFT_FOOT) | flags(samples, Contact.RIGHT_FOOT))


def assert_smooth(points, turns, rate):
    """No jump in place or speed: what the body does is bounded, whatever the rate of asking."""
    velocity = np.diff(points, axis=0) * rate
    hands = [INDEX["leftHand"], INDEX["rightHand"]]
    trunk = [INDEX["hips"], INDEX["upperChest"], INDEX["head"]]
    assert np.linalg.norm(velocity[:, hands], axis=-1).max() < 3.0
    assert np.linalg.norm(velocity[:, trunk], axis=-1).max() < 1.3
    acceleration = np.linalg.norm(np.diff(velocity, axis=0), axis=-1) * rate
    assert acceleration[:, trunk].max() < 12.0
    assert acceleration[:, hands].max() < 45.0
    body = [i for i in range(55) if i not in (INDEX["leftEye"], INDEX["rightEye"], INDEX["jaw"])]
    turned = np.degrees(quat_angle(turns[1:, body], turns[:-1, body])) * rate
    assert turned.max() < 700.0


class TestSpeech:
    def test_lips_really_shut_for_m_b_and_p(self):
        conversation = Conversation(4, 3)
        speech = Speech(8, conversation, 1)
        shut = 0
        for turn in turns_of(conversation, 1)[:6]:
            for begin, end in speech.script.utterance(turn.number).closures_s:
                mouth = speech.at(0.5 * (begin + end)).mouth
                assert mouth[SHAPE_INDEX["mouthClose"]] == pytest.approx(
                    mouth[SHAPE_INDEX["jawOpen"]], abs=1e-9
                )
                for name in ("mouthFunnel", "mouthLowerDownLeft", "mouthUpperUpRight"):
                    assert mouth[SHAPE_INDEX[name]] < 1e-9
                shut += 1
        assert shut > 12

    def test_every_lip_sound_has_its_closure_and_no_other_sound_seals_the_mouth(self):
        conversation = Conversation(4, 3)
        speech = Speech(8, conversation, 1)
        number = turns_of(conversation, 1)[0].number
        said = speech.script.utterance(number)
        assert said.sounds.count(VOWEL_COUNT + LIPS) == len(said.closures_s)
        times = np.arange(said.sound_s[0], said.sound_s[-1], 0.005)
        mouths = np.stack([speech.at(t).mouth for t in times])
        jaw = mouths[:, SHAPE_INDEX["jawOpen"]]
        sealed = (jaw > 0.04) & (mouths[:, SHAPE_INDEX["mouthClose"]] > 0.8 * jaw)
        near = np.array([any(b - 0.061 < t < e + 0.071 for b, e in said.closures_s) for t in times])
        assert not np.any(sealed & ~near)

    def test_syllables_come_four_to_six_a_second_and_the_last_is_drawn_out(self):
        conversation = Conversation(2, 3)
        script = Script(conversation)
        rates, stretches = [], []
        for turn in turns_of(conversation, 0):
            said = script.utterance(turn.number)
            starts = np.array(said.sound_s)
            vowels = np.array([0 <= sound < VOWEL_COUNT for sound in said.sounds])
            for phrase in said.phrases:
                within = vowels & (starts >= phrase.start_s) & (starts < phrase.end_s)
                if within.sum() > 4:
                    rates.append(within.sum() / (phrase.end_s - phrase.start_s))
                    lasts = np.diff([*starts, turn.end_s])[within]
                    stretches.append(lasts[-1] / np.median(lasts[:-2]))
        assert len(rates) > 20
        assert np.percentile(rates, 5) > 4.0 and np.percentile(rates, 95) < 6.0
        assert np.median(stretches) > 1.3

    def test_the_mouth_never_gapes_and_rounds_its_lips_for_some_vowels(self):
        conversation = Conversation(2, 3)
        speech = Speech(3, conversation, 0)
        mouths = np.stack(
            [
                speech.at(t).mouth
                for turn in turns_of(conversation, 0)[:6]
                for t in np.arange(turn.start_s, turn.end_s, 1 / 30)
            ]
        )
        assert 0.3 < mouths[:, SHAPE_INDEX["jawOpen"]].max() < 0.6
        assert mouths[:, SHAPE_INDEX["mouthPucker"]].max() > 0.35
        assert mouths.max() < 0.75


class TestListening:
    def shares(self, seat, seed, cast=2):
        conversation = Conversation(6, cast)
        gaze = Gaze(seed, conversation, seat, eyes_of_others(seat, cast), 1.6)
        listened, spoke, glances = [], [], []
        for t in np.arange(10.0, 600.0, 0.1):
            speaker, looked = conversation.speaker_at(t), gaze.now(t).seat
            if speaker == seat:
                spoke.append(looked is not None)
            elif speaker is not None:
                listened.append(looked == speaker)
        for number in range(3, 100):
            if conversation.turn(number).speaker == 1 - seat:
                looks = gaze._looks(number)[::-1]
                glances += [b.start_s - a.start_s for a, b in itertools.pairwise(looks)]
        return np.mean(listened), np.mean(spoke), np.array(glances)

    @pytest.mark.parametrize("seed", [1, 5])
    def test_listeners_look_at_speakers_more_than_speakers_at_listeners(self, seed):
        listened, spoke, glances = self.shares(0, seed)
        assert 0.68 < listened < 0.84
        assert 0.38 < spoke < 0.6
        # Looks at a face last for some three seconds, looks away for about one.
        assert 0.5 < np.percentile(glances, 10) < 1.4
        assert 2.2 < np.percentile(glances, 80) < 4.5

    def test_saccades_take_longer_the_further_they_go_and_never_long(self):
        conversation = Conversation(6, 8)
        gaze = Gaze(3, conversation, 0, eyes_of_others(0, 8), 1.6)
        looks = [look for number in range(2, 60) for look in gaze._looks(number)]
        takes = np.array([look.takes_s for look in looks])
        assert takes.min() >= 0.021
        assert takes.max() < 0.35

    @pytest.mark.parametrize("seed", [1, 4])
    def test_they_nod_some_six_to_twenty_times_a_minute_of_listening(self, seed):
        conversation = Conversation(1, 3)
        nods = Nods(seed, conversation, Script(conversation), 0)
        times = np.arange(10.0, 310.0, 0.05)
        pitch = np.array([nods.at(t)[0] for t in times])
        listening = np.array([conversation.speaker_at(t) not in (None, 0) for t in times])
        down = times[:-1][(pitch[1:] < -0.01) & (pitch[:-1] >= -0.01)]
        bouts = 1 + np.sum(np.diff(down) > 0.9)
        assert 6 < bouts / (listening.mean() * 5.0) < 20
        assert -0.2 < pitch.min() < -0.06
        assert pitch.max() <= 0.0
        assert np.mean(listening[pitch < -0.02]) > 0.3

    def test_heads_are_held_askew_to_either_side_and_not_far(self):
        conversation = Conversation(1, 3)
        nods = Nods(2, conversation, Script(conversation), 0)
        tilts = np.degrees([nods.at(t)[1] for t in np.arange(5, 300, 0.5)])
        assert tilts.min() < -2.0 and tilts.max() > 2.0
        assert np.abs(tilts).max() < 8.0

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_they_blink_fourteen_to_twenty_four_times_a_minute_and_unevenly(self, seed):
        conversation = Conversation(0, 3)
        gaze = Gaze(seed, conversation, 0, eyes_of_others(0, 3), 1.6)
        blinks = Blinks(seed)
        shut = np.array(
            [
                blinks.at(t, [look.start_s for look in gaze.recent(t, 0.4) if look.blinks]) > 0.5
                for t in np.arange(0.0, 300.0, 1 / 30)
            ]
        )
        starts = np.flatnonzero(np.diff(shut.astype(int)) == 1) / 30
        assert 14 <= len(starts) / 5.0 <= 24
        gaps = np.diff(starts)
        assert gaps.std() > 0.3 * gaps.mean()


class TestLaughing:
    def test_a_laugh_spreads_and_dies_away(self):
        conversation = Conversation(0, 3)
        cast = [Laughter(seed, conversation, seat) for seat, seed in enumerate((5, 6, 7))]
        jokes = [turn for k in range(1, 80) if (turn := conversation.turn(k)).joke]
        assert 5 < len(jokes) < 30
        joined = 0
        for turn in jokes:
            times = np.arange(turn.end_s - 1.0, turn.end_s + 5.2, 0.02)
            smiles = np.array([[each.at(t).smile for t in times] for each in cast])
            begins = [float(times[np.argmax(row > 0.1)]) for row in smiles]
            assert np.all(smiles.max(axis=1) > 0.4), "everybody at least smiles"
            assert 0.1 < np.ptp(begins) < 0.7, "one is first, the others catch it"
            laughs = np.array([[each.at(t).much for t in times] for each in cast])
            joined += np.sum(laughs.max(axis=1) > 0.5)
            assert laughs[:, -1].max() == 0.0
        assert joined > 1.5 * len(jokes)

    def test_its_breaths_come_four_to_five_a_second_and_the_smile_outlasts_them(self):
        conversation = Conversation(0, 3)
        laughter = Laughter(5, conversation, 1)
        turn = conversation.turn(1)
        times = np.arange(turn.end_s - 0.5, turn.end_s + 5.0, 0.005)
        laughs = [laughter.at(t) for t in times]
        breath = np.array([each.breath for each in laughs])
        peaks = np.flatnonzero((breath[1:-1] > breath[2:]) & (breath[1:-1] >= breath[:-2]))
        peaks = peaks[breath[peaks] > 0.15]
        assert len(peaks) >= 3
        rates = 1.0 / np.diff(times[peaks[1:]])
        assert rates.min() > 3.5 and rates.max() < 5.6
        much = np.array([each.much for each in laughs])
        smile = np.array([each.smile for each in laughs])
        assert np.flatnonzero(smile > 0.1)[-1] > np.flatnonzero(much > 0.1)[-1] + 100

    def test_nobody_speaks_into_a_laugh_at_once(self):
        conversation = Conversation(0, 3)
        waits = [
            conversation.turn(k + 1).start_s - conversation.turn(k).end_s
            for k in range(1, 120)
            if conversation.turn(k).joke
        ]
        assert np.mean(np.array(waits) > 1.0) > 0.9


class TestThinking:
    def test_some_answers_are_thought_about_first_with_the_eyes_away(self):
        conversation = Conversation(3, 3)
        thinking = Thinking(4, conversation, 0)
        gaze = Gaze(4, conversation, 0, eyes_of_others(0, 3), 1.6)
        turns = turns_of(conversation, 0)
        thought = [turn for turn in turns if turn.thinks]
        assert 0.15 < len(thought) / len(turns) < 0.5
        for turn in thought:
            middle = 0.5 * (turn.ready_s + turn.start_s)
            assert thinking.at(middle).much > 0.8
            assert gaze.now(middle).seat is None
            assert thinking.at(turn.start_s + 1.0).much == 0.0

    def test_a_hand_at_the_chin_touches_it_and_never_enters_the_head(self):
        person = Performer(7, seat=1, proportions=ADULT)
        gestures = Gestures(7, Conversation(0, 3), 1)
        times = np.arange(6.0, 900.0, 0.5)
        held = next(t for t in times if gestures.at(t, 0.0).at_chin.max() > 0.99)
        samples, points, turns = acted(person, held - 2.5, held + 2.5, 30)
        touching = flags(samples, Contact.LEFT_HAND_TO_FACE | Contact.RIGHT_HAND_TO_FACE)
        assert touching.any()
        head = INDEX["head"]
        unit = ADULT.crown[1] - ADULT.eyes[1]
        middle = np.array([0.0, ADULT.eyes[1], ADULT.eyes[2] + 0.7 * unit])
        tips = np.stack(
            [fingertips_in_place(p, t, ADULT) for p, t in zip(points, turns, strict=True)]
        )
        hands = [i for name, i in INDEX.items() if "Index" in name or "Middle" in name]
        near = np.concatenate([points[:, hands], tips], axis=1) - points[:, None, head]
        local = quat_rotate(quat_conjugate(turns[:, head])[:, None], near) - middle
        radius = np.linalg.norm(local / (unit * np.array([0.55, 0.95, 0.75])), axis=-1)
        assert radius.min() > 1.0
        chin = middle + np.array([0.0, -0.9 * unit, -0.7 * unit])
        away = np.linalg.norm(local + middle - chin, axis=-1).min(axis=1)
        assert away[touching].max() < 0.06


class TestHands:
    def test_hands_stay_out_of_the_body_that_is_drawn(self):
        """Somebody heavy: a vertex of a hand lies no deeper than skin behind the nearest one."""
        avatar, girth = generate_body(2), draw_traits(2).girth
        person = Performer(2, seat=1, proportions=avatar.proportions, girth=girth)
        mesh = avatar.mesh
        bones, weights = np.asarray(mesh.joints), np.asarray(mesh.weights, dtype=float)
        bone = bones[np.arange(len(bones)), weights.argmax(axis=1)]
        hand = np.isin(bone, [i for n, i in INDEX.items() if n.endswith("Hand") or n in FINGERS])
        trunk = np.isin(bone, [INDEX[n] for n in TRUNK])
        for t in np.arange(1.0, 110.0, 4.1):
            sample = person.sample(round(t * SECOND))
            stage = Stage([Person(avatar, sample, avatar.proportions, Rigid.identity())])
            palette = pose_stage(stage).palettes[0].astype(float)
            # Strands of hair come after the bones; neither hands nor trunk hang on them.
            kept = np.where(bones < len(palette), bones, 0)
            skin = np.einsum("vk,vkij->vij", weights, palette[kept])
            points = np.einsum("vij,vj->vi", skin[..., :3], mesh.positions) + skin[..., 3]
            normals = np.einsum("vij,vj->vi", skin[..., :3], mesh.normals)
            away, nearest = cKDTree(points[trunk]).query(points[hand])
            inward = points[trunk][nearest] - points[hand]
            depth = np.sum(inward * normals[trunk][nearest], axis=-1)
            assert depth[away < 0.06].max(initial=0.0) < 0.015, t


class TestSteps:
    @pytest.mark.parametrize("degrees", [110, -75])
    def test_they_turn_by_steps_to_someone_far_aside(self, degrees):
        angle = np.radians(degrees)
        aside = np.array([-1.5 * np.sin(angle), 1.6, -1.5 * np.cos(angle)])
        person = Performer(3, seat=0, cast=2, others={1: aside}, proportions=ADULT)
        script = Conversation(0, 2)
        turn = next(
            t
            for k in range(2, 60)
            if (t := script.turn(k)).speaker == 1 and t.end_s - t.ready_s > 4.5
            if t.ready_s % 60.0 < 45.0
        )
        samples, points, turns = acted(person, turn.ready_s - 1.0, turn.end_s + 1.5)
        assert_planted(ADULT, samples, points, turns)
        assert_smooth(points, turns, 60)
        ahead = quat_rotate(turns[:, 0], np.array([0.0, 0.0, -1.0]))
        heading = np.degrees(np.unwrap(np.arctan2(-ahead[:, 0], -ahead[:, 2])))
        assert np.sign(degrees) * heading.max(initial=0, where=heading > -999) <= 180
        reached = heading[np.argmax(np.abs(heading))]
        assert np.sign(reached) == np.sign(degrees)
        assert np.degrees(COMFORT) > abs(degrees - reached)
        assert abs(np.diff(heading)).max() * 60 < 160.0

    def test_a_circle_of_eight_turns_and_one_of_three_stays(self):
        def far(cast):
            person = Performer(2, seat=0, cast=cast)
            return max(abs(person._footing.at(t).middle[2]) for t in np.arange(0, 120, 0.5))

        assert far(8) > np.radians(20)
        assert far(3) < np.radians(8)

    def test_feet_never_cross_or_step_on_one_another(self):
        angle = np.radians(120)
        facing = lambda t: angle if int(t / 9.0) % 2 else -angle  # noqa: E731
        changes = lambda b, e: [(k, 9.0 * k) for k in range(1, 40) if b < 9.0 * k < e]  # noqa: E731
        footing = Footing(5, ADULT, facing, changes)
        for t in np.arange(0.0, 110.0, 0.05):
            feet = footing.at(t)
            assert any(feet.planted)
            across = feet.ankles[1] - feet.ankles[0]
            right = np.array([np.cos(feet.middle[2]), 0.0, -np.sin(feet.middle[2])])
            assert across @ right > 0.05


@functools.lru_cache
def sitting_down(height=None):
    body = CHILD if height else ADULT
    person = Performer(3, seat=1, seat_height=height or 0.45, proportions=body)
    sit = Sitting(3).sit(0)
    down = acted(person, sit.down_s - 3.0, sit.down_s + sit.down_takes_s + 3.0)
    up = acted(person, sit.up_s - 2.5, sit.up_s + sit.up_takes_s + 1.5)
    return body, sit, down, up


class TestSitting:
    @pytest.mark.parametrize("height", [None, 0.3])
    def test_hips_come_down_to_the_seat_and_rise_again_with_planted_feet(self, height):
        body, sit, down, up = sitting_down(height)
        for samples, points, turns in (down, up):
            assert_planted(body, samples, points, turns)
            assert_smooth(points, turns, 60)
        samples, points, _ = down
        flesh = FLESH * body.hips_height / 0.93
        joints = points[:, [INDEX["leftUpperLeg"], INDEX["rightUpperLeg"]], 1].mean(axis=1)
        on_seat = flags(samples, Contact.SEAT)
        assert on_seat[-1] and not on_seat[0]
        assert np.abs(joints[on_seat] - flesh - (height or 0.45)).max() < 0.01
        samples, points, _ = up
        on_seat = flags(samples, Contact.SEAT)
        assert on_seat[0] and not on_seat[-1]
        assert points[-1, 0, 1] > 0.96 * body.hips_height
        assert 1.5 < sit.down_takes_s < 2.2
        assert 1.5 < sit.up_takes_s < 2.2

    def test_the_trunk_leans_before_the_hips_leave_the_seat(self):
        _, _, _, (samples, points, turns) = sitting_down()
        up = quat_rotate(turns[:, INDEX["upperChest"]], np.array([0.0, 1.0, 0.0]))
        lean = np.degrees(np.arctan2(-up[:, 2], up[:, 1]))
        left_seat = np.flatnonzero(flags(samples, Contact.SEAT))[-1]
        assert lean[left_seat] > 20.0
        assert lean.max() < 55.0
        assert lean[-1] < 15.0
        head = quat_rotate(turns[:, INDEX["head"]], np.array([0.0, 1.0, 0.0]))
        assert np.degrees(np.arctan2(-head[:, 2], head[:, 1])).max() < 25.0, "the head keeps level"
        # The weight is over the feet when nothing else bears it.
        middle = points[left_seat + 12, [INDEX["hips"], INDEX["upperChest"]], 2].mean()
        toes = points[left_seat + 12, [INDEX["leftToes"], INDEX["rightToes"]], 2].mean()
        assert middle - toes < 0.36

    def test_hands_push_on_the_thighs_to_rise(self):
        _, sit, _, (_, points, _) = sitting_down()
        frame = round((2.5 + 0.42 * sit.up_takes_s) * 60)
        for side in ("left", "right"):
            hip, knee, wrist, knuckle = (
                points[frame, INDEX[side + b]]
                for b in ("UpperLeg", "LowerLeg", "Hand", "MiddleProximal")
            )
            for point, off_most in ((wrist, 0.13), (knuckle, 0.12)):
                share = (point - hip) @ (knee - hip) / ((knee - hip) @ (knee - hip))
                off = np.linalg.norm(point - hip - share * (knee - hip))
                assert 0.3 < share < 1.05
                # A thigh is some 8 cm thick there: the hand lies on it and not in it.
                assert 0.07 < off < off_most
            assert knuckle[1] > 0.5 * (hip + knee)[1]

    def test_without_a_seat_nobody_sits(self):
        person = Performer(3, seat=1, proportions=ADULT)
        for t in np.arange(0, 120, 1.0):
            sample = person.sample(round(t * SECOND))
            assert not sample.contacts & Contact.SEAT
            assert sample.root_position[1] > 0.95 * ADULT.hips_height

    def test_they_sit_for_half_a_minute_and_more_than_once(self):
        sitting = Sitting(9)
        sits = [sitting.sit(k) for k in range(6)]
        for before, after in itertools.pairwise(sits):
            assert 25.0 < before.up_s - before.down_s < 50.0
            assert after.down_s - before.up_s - before.up_takes_s > 9.0


@pytest.mark.parametrize("rate", [60, 90])
def test_a_child_who_stands_moves_smoothly_at_any_rate(rate):
    person = Performer(11, seat=2, proportions=CHILD)
    samples, points, turns = acted(person, 6.0, 12.0, rate)
    assert_planted(CHILD, samples, points, turns)
    assert_smooth(points, turns, rate)


def test_any_time_may_be_asked_for_in_any_order():
    first, second = (Performer(6, seat=1, seat_height=0.45) for _ in range(2))
    times = [9.0, 10.4, 44.0, 46.0, 300.0, 2.0]
    played = {t: first.sample(round(t * SECOND)) for t in sorted(times)}
    for t in times:
        sample = second.sample(round(t * SECOND))
        np.testing.assert_array_equal(sample.rotations, played[t].rotations)
        np.testing.assert_array_equal(sample.root_position, played[t].root_position)
        np.testing.assert_array_equal(sample.face, played[t].face)
        assert sample.contacts == played[t].contacts
