"""What is asked for when something is missing."""

from presence.client.asking import LEAST_NS, REPAIRS, TWICE_NS, Asker, answer_ns
from presence.clock import MILLISECOND, SECOND
from presence.wire.control import GoldenRequest, RepairRequest

GOLDEN = GoldenRequest(5)
FRAME = SECOND // 60
ANSWER = answer_ns(None)


def asked(asker, frames, missing=12, known=6, in_touch=True, round_trip_ns=None):
    """``(frame, request)`` of all that is asked for, while frames come without what is missing."""
    out = []
    for k in frames:
        request = asker.ask(
            missing, known, k * FRAME, in_touch=in_touch, round_trip_ns=round_trip_ns
        )
        if request is not None:
            out.append((k, request))
    return out


def test_a_missing_reference_is_asked_for_at_once_and_once_more_with_the_next_frame():
    repair = RepairRequest(5, 12, 6)
    assert asked(Asker(5), range(6)) == [(0, repair), (1, repair)]


def test_what_comes_together_asks_once():
    asker = Asker(5)
    assert asker.ask(12, 6, 0, in_touch=True) == RepairRequest(5, 12, 6)
    assert asker.ask(12, 6, TWICE_NS - 1, in_touch=True) is None
    # Half of a repair is no reason to ask for the rest, which comes with it.
    assert asker.ask(12, 9, TWICE_NS - 1, in_touch=True) is None


def test_after_a_round_trip_and_a_quarter_it_is_asked_for_again():
    for trip in (80, 200):
        ns = answer_ns(trip * MILLISECOND)
        assert ns == 1.25 * trip * MILLISECOND
        frames = [k for k, _ in asked(Asker(5), range(40), round_trip_ns=trip * MILLISECOND)]
        again = -(-ns // FRAME)
        assert frames[:4] == [0, 1, again, again + 1]
    assert answer_ns(0) == LEAST_NS
    assert answer_ns(None) == answer_ns(80 * MILLISECOND)


def test_another_that_is_missing_is_asked_for_at_once():
    asker = Asker(5)
    assert asker.ask(12, 6, 0, in_touch=True) == RepairRequest(5, 12, 6)
    assert asker.ask(18, 6, 1, in_touch=True) == RepairRequest(5, 18, 6)


def test_a_golden_is_asked_for_when_repairs_were_asked_for_in_vain():
    rounds = asked(Asker(5), range(30))[::2]
    assert [request for _, request in rounds] == [RepairRequest(5, 12, 6)] * REPAIRS + [GOLDEN] * 3


def test_each_that_is_missing_on_the_same_way_counts_as_in_vain():
    asker = Asker(5)
    requests = [asker.ask(12 + 6 * k, 6, k * ANSWER, in_touch=True) for k in range(3)]
    assert requests == [RepairRequest(5, 12, 6), RepairRequest(5, 18, 6), GOLDEN]


def test_whoever_got_on_asks_for_repairs_again():
    asker = Asker(5)
    asked(asker, range(20))
    assert asker.ask(30, 24, 20 * FRAME, in_touch=True) == RepairRequest(5, 30, 24)


def test_who_has_little_to_mend_asks_for_a_golden_whatever_is_missing():
    asker = Asker(5)
    requests = [asker.ask(6 * k, None, k * ANSWER // 2, in_touch=False) for k in range(5)]
    assert requests == [GOLDEN] * 5
    assert len(asked(Asker(5), range(12), in_touch=False)) == 4


def test_numbers_past_what_the_wire_holds_are_cut_to_it_and_none_is_the_missing_one_itself():
    beyond = (1 << 24) + 6
    assert Asker(5).ask(beyond, beyond - 12, 0, in_touch=True) == RepairRequest(5, 6, (1 << 24) - 6)
    assert Asker(5).ask(beyond, None, 0, in_touch=True) == RepairRequest(5, 6, 6)
