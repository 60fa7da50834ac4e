"""What is asked for when something is missing."""

from presence.client.asking import ASK_AGAIN_NS, Asker
from presence.wire.control import GoldenRequest, RepairRequest

GOLDEN = GoldenRequest(5)


def test_a_missing_reference_is_asked_for_at_once_and_again_only_after_a_while():
    asker = Asker(5)
    assert asker.ask(12, 0, in_touch=True) == RepairRequest(5, 12)
    assert asker.ask(12, ASK_AGAIN_NS - 1, in_touch=True) is None
    assert asker.ask(12, ASK_AGAIN_NS, in_touch=True) == RepairRequest(5, 12)


def test_another_that_is_missing_is_asked_for_at_once():
    asker = Asker(5)
    asker.ask(12, 0, in_touch=True)
    assert asker.ask(18, 1, in_touch=True) == RepairRequest(5, 18)


def test_when_two_requests_were_not_answered_a_golden_is_asked_for_again_and_again():
    asker = Asker(5)
    asked = [asker.ask(12, k * ASK_AGAIN_NS // 4, in_touch=True) for k in range(20)]
    told = [one for one in asked if one is not None]
    assert told == [RepairRequest(5, 12)] * 2 + [GOLDEN] * 3
    assert [k for k, one in enumerate(asked) if one] == [0, 4, 8, 12, 16]


def test_who_has_nothing_to_mend_asks_for_a_golden_whatever_is_missing():
    asker = Asker(5)
    asked = [asker.ask(6 * k, k * ASK_AGAIN_NS // 2, in_touch=False) for k in range(5)]
    assert asked == [GOLDEN, None, GOLDEN, None, GOLDEN]


def test_a_number_past_what_the_wire_holds_is_cut_to_it():
    assert Asker(5).ask((1 << 24) + 6, 0, in_touch=True) == RepairRequest(5, 6)
