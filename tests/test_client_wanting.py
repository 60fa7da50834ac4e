import numpy as np

from presence.client.wanting import FINE_WITHIN, REPEAT_NS, SMOOTH_WITHIN, Wanting, want_at
from presence.clock import SECOND
from presence.relay.thinning import Thinning
from presence.room.places import seen_from
from presence.wire.relaying import WHOLE, Sections, Want, decode_relaying, encode_relaying


def people(count):
    """Streams by seat, of all but the one in seat 0."""
    return {seat + 1: seat for seat in range(1, count)}


def sent_after(wants):
    """What a relay sends that was told so, over the wire."""
    thinning = Thinning()
    for message in decode_relaying(encode_relaying(wants)):
        thinning.ask(message)
    return thinning


def test_everything_is_wanted_in_a_small_room_and_nothing_is_said():
    wanting, relay = Wanting(), object()
    assert wanting.due(relay, 0, people(8), 0) == ()
    assert wanting.due(relay, 0, people(8), 10 * SECOND) == ()


def test_of_those_far_across_a_large_room_less_is_wanted():
    seats = people(30)
    thinning = sent_after(Wanting().due(object(), 0, seats, 0))
    places = seen_from(0, [0, *seats.values()])
    kinds = set()
    for stream, seat in seats.items():
        distance = np.linalg.norm(places[seat].translation)
        want = thinning.sent(stream)
        kinds.add(want)
        assert want.pose and want.voice
        assert want.whole == (distance < FINE_WITHIN)
        assert (want.divisor == 2) == (distance >= SMOOTH_WITHIN)
    assert kinds == {WHOLE, Want(1, Sections.REFERENCES), Want(2, Sections.REFERENCES)}


def test_it_is_said_again_and_to_a_new_relay_at_once():
    wanting, relay, seats = Wanting(), object(), people(30)
    wants = wanting.due(relay, 0, seats, 0)
    assert wants
    assert wanting.due(relay, 0, seats, REPEAT_NS - 1) == ()
    assert wanting.due(relay, 0, seats, REPEAT_NS) == wants
    assert wanting.due(object(), 0, seats, REPEAT_NS + 1) == wants


def test_when_the_room_shrinks_everything_is_wanted_again():
    wanting, relay = Wanting(), object()
    wants = wanting.due(relay, 0, people(30), 0)
    thinning = sent_after(wants)
    for message in wanting.due(relay, 0, people(8), SECOND):
        thinning.ask(message)
    assert all(thinning.sent(stream) == WHOLE for stream in people(30))


def test_whoever_hears_nobody_wants_no_voices():
    thinning = sent_after(Wanting().due(object(), 0, people(3), 0, voices=False))
    assert thinning.sent(2) == Want(voice=False)


def test_all_of_the_largest_room_are_told_of():
    seats = people(120)
    thinning = sent_after(Wanting().due(object(), 0, seats, 0))
    places = seen_from(0, [0, *seats.values()])
    for stream, seat in seats.items():
        assert thinning.sent(stream) == want_at(float(np.linalg.norm(places[seat].translation)))
