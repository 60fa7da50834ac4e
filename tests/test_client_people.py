"""Who is shown, and where."""

import numpy as np

from presence.client.people import People
from presence.client.records import Came, Heard, Seated, Went
from presence.clock import MILLISECOND, SECOND
from presence.codec import encode_profile
from presence.pose import PoseSample, default_proportions
from presence.room.places import seen_from
from presence.scene.triangle import triangle_avatar

BODY = triangle_avatar()
TALL, SMALL = (encode_profile(default_proportions(height)) for height in (1.9, 1.5))
FRAME = SECOND // 60


def ada(profile=TALL, body="1.glb", seat=1):
    return Came(stream=7, seat=seat, name="Ada", body=body, profile=profile)


def room(*records, avatar_of=lambda came: BODY):
    people = People(avatar_of)
    people.tell(Seated(0))
    for record in records:
        people.tell(record)
    return people


def heard(people, frames=60):
    """Somebody was heard for so many frames; the time after the last."""
    for i in range(frames):
        sample = PoseSample.at_rest(i * FRAME, 0.9)
        people.tell(Heard(7, i, i * FRAME + MILLISECOND, sample))
        people.at(i * FRAME + 20 * MILLISECOND, i * FRAME + 2 * MILLISECOND)
    return frames * FRAME


def shown(people, now):
    stage, on_show = people.at(now + 20 * MILLISECOND, now)
    assert len(stage.people) == len(on_show)
    return stage.people


def test_somebody_stands_at_their_seat_in_their_measures():
    people = room(ada())
    (person,) = shown(people, heard(people))
    assert person.avatar is BODY
    assert abs(person.proportions.height - 1.9) < 0.001
    place = seen_from(0, [0, 1])[1]
    np.testing.assert_allclose(person.own_place_from_place.translation, place.translation)


def test_what_is_said_again_changes_nothing_so_that_a_body_is_fitted_once():
    people = room(ada(body=""))
    now = heard(people)
    (before,) = shown(people, now)
    people.tell(ada(body=""))
    people.tell(ada(body="1.glb"))
    (after,) = shown(people, now + FRAME)
    assert after.proportions is before.proportions
    people.tell(ada(profile=SMALL))
    (smaller,) = shown(people, now + 2 * FRAME)
    assert abs(smaller.proportions.height - 1.5) < 0.001


def test_nobody_is_shown_before_they_are_heard_without_a_body_or_after_they_left():
    people = room(ada())
    assert shown(people, 0) == []
    people = room(ada(), avatar_of=lambda came: None)
    assert shown(people, heard(people)) == []
    people = room(ada())
    now = heard(people)
    assert shown(people, now)
    people.tell(Went(7))
    assert shown(people, now) == []


def test_who_falls_silent_is_gone_within_four_seconds():
    people = room(ada())
    now = heard(people)
    assert shown(people, now + 2 * SECOND)[0].opacity == 1.0
    assert shown(people, now + 4 * SECOND) == []


def test_whoever_comes_leaves_or_changes_seats_changes_where_the_others_stand():
    people = room(ada())
    now = heard(people)

    def stands():
        (person,) = (p for p in shown(people, now) if p.opacity > 0.0)
        return person.own_place_from_place

    def expected(own, seat, *others):
        return seen_from(own, [own, seat, *others])[seat].translation

    np.testing.assert_allclose(stands().translation, expected(0, 1))
    people.tell(Came(stream=9, seat=2, name="Ben", body="1.glb", profile=TALL))
    np.testing.assert_allclose(stands().translation, expected(0, 1, 2))
    people.tell(Went(9))
    np.testing.assert_allclose(stands().translation, expected(0, 1))
    people.tell(ada(seat=3))
    np.testing.assert_allclose(stands().translation, expected(0, 3))
    people.tell(Seated(4))
    np.testing.assert_allclose(stands().translation, expected(4, 3))
