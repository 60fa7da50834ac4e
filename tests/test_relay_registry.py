import pytest

from presence.clock import SECOND
from presence.relay.registry import LEASE_NS, SILENT_NS, Card, Registry, room_key

ROOM = room_key("a room")


def card(node, people=0, most=10, draining=False):
    return Card(node, f"ws://{node}/relay", people, most, draining)


def registry(*cards, rooms=()):
    one = Registry("own")
    for each in cards:
        one.heard(each, 0)
    for number, node in enumerate(rooms):
        one.has(ROOM, node, number, 0)
    return one


def test_a_room_is_kept_together_where_it_was_first():
    one = registry(card("a"), card("b"), rooms=["b", "a"])
    assert [c.node for c in one.partners(ROOM, 1)] == ["b", "a"]
    assert one.elsewhere(ROOM, here=False, open_here=True, now_ns=1).node == "b"
    assert one.elsewhere(ROOM, here=True, open_here=True, now_ns=1) is None
    assert one.elsewhere(room_key("another"), here=False, open_here=True, now_ns=1) is None


def test_a_full_or_draining_relay_is_passed_over_and_the_emptiest_takes_who_is_left():
    full, going = card("a", people=10), card("b", draining=True)
    one = registry(full, going, rooms=["a", "b"])
    assert one.elsewhere(ROOM, here=False, open_here=True, now_ns=1) is None
    assert one.elsewhere(ROOM, here=False, open_here=False, now_ns=1) is None
    one.heard(card("c", people=5), 0)
    one.heard(card("d", people=5, most=100), 0)
    assert one.elsewhere(ROOM, here=True, open_here=False, now_ns=1).node == "d"


@pytest.mark.parametrize("later_ns", [SILENT_NS, LEASE_NS])
def test_what_was_not_said_again_is_forgotten(later_ns):
    one = registry(card("a"), rooms=["a"])
    assert one.partners(ROOM, later_ns - 1) == ([] if later_ns > SILENT_NS else [card("a")])
    if later_ns == LEASE_NS:
        one.heard(card("a"), later_ns - SECOND)
        assert one.partners(ROOM, later_ns - 1) == [card("a")]
    assert one.partners(ROOM, later_ns) == []
    # Where nobody is heard, as when the bus is away, everybody is taken in here.
    assert one.elsewhere(ROOM, here=False, open_here=True, now_ns=later_ns) is None


def test_who_says_that_they_go_or_have_a_room_no_more_is_believed_at_once():
    one = registry(card("a"), card("b"), rooms=["a", "b"])
    one.has_not(ROOM, "a")
    assert one.partners(ROOM, 1) == [card("b")]
    one.left("b")
    assert one.partners(ROOM, 1) == []
    assert set(one.nodes(1)) == {"a"}


def test_a_relay_is_no_partner_of_itself():
    one = registry(card("own"), rooms=["own"])
    assert one.nodes(1) == {}
    assert one.partners(ROOM, 1) == []


def test_what_a_room_is_called_between_relays_tells_nothing_of_its_name():
    assert room_key("a room") == ROOM != room_key("a room ")
    assert ROOM.isalnum()
    assert len(ROOM) == 32
