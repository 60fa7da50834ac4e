"""A key changes in mid-call: no frame is lost, however late the new one comes."""

import pytest
from test_client_lossy_call import ADA, BEN, DEADLINE, Call
from villagers import Village

from presence.client.trust import ASK_AFTER_NS, ASK_AGAIN_NS, HANDOVER_NS
from presence.clock import MILLISECOND
from presence.transport.lossy import Conditions
from presence.wire.signalling import KeyPackage, Member


class Handover:
    """Somebody joins; what is said about keys goes through a host that is slow or forgets, or by
    the links alone while it is away.

    State: what is on its way through it.
    """

    def __init__(self, call, late_ns, lost=0, *, away=False):
        self.call, self.late_ns, self.lost = call, late_ns, lost
        self.waiting = []
        self.away = away
        if not away:
            for one in (call.ada, call.ben):
                one.mesh.send_to = lambda stream, envelope: None
        cleo = Village().join("Cleo")
        identity = cleo.own.introduce("Cleo", 0)
        newcomer = Member(stream=3, seat=2, name="Cleo", identity=identity)
        self.epoch = call.ada.trust._current.sealer.generation
        assert call.ada.trust.came(newcomer, call.clock.now_ns())

    def __call__(self):
        now = self.call.clock.now_ns()
        for sender, one in ((ADA, self.call.ada), (BEN, self.call.ben)):
            one.say_about_keys()
            while not one.keys.empty():
                self.waiting.append((now + self.late_ns, sender, one.keys.get_nowait()))
        due = [said for said in self.waiting if said[0] <= now]
        self.waiting = [said for said in self.waiting if said[0] > now]
        for _, sender, message in due:
            self._pass_on(sender, message)

    def _pass_on(self, sender, message):
        if self.away or message.to not in (ADA, BEN):
            return
        one = self.call.ada if message.to == ADA else self.call.ben
        if isinstance(message, KeyPackage) and self.lost:
            self.lost -= 1
        else:
            one.learn_key(sender, getattr(message, "box", None))


@pytest.fixture
def call():
    new = Call(Conditions(delay_ns=40 * MILLISECOND))
    new.run(1.0)
    return new


def after_handover(call, handover):
    """Of each frame since, how much longer than the path it took until it was decoded."""
    before = len(call.sent)
    call.run(2.0, handover)
    assert call.ada.trust._current.sealer.generation == handover.epoch + 1
    assert sorted(call.after) == list(range(len(call.sent))), "a frame was lost"
    return [call.after[n] - call.way for n in range(before, len(call.sent))]


def test_a_key_that_comes_in_time_delays_no_frame(call):
    took = after_handover(call, Handover(call, HANDOVER_NS))
    assert max(took) <= DEADLINE


def test_a_key_that_comes_late_delays_frames_until_then_and_loses_none(call):
    late = 400 * MILLISECOND
    took = after_handover(call, Handover(call, HANDOVER_NS + late))
    assert max(took) <= late + DEADLINE
    assert took[-1] <= DEADLINE


def test_a_key_that_gets_lost_is_asked_for_and_no_frame_is_lost(call):
    way = 40 * MILLISECOND
    took = after_handover(call, Handover(call, way, lost=1))
    assert max(took) <= ASK_AFTER_NS + 2 * way + DEADLINE
    assert took[-1] <= DEADLINE


def test_a_key_that_gets_lost_twice_is_asked_for_again(call):
    way = 40 * MILLISECOND
    took = after_handover(call, Handover(call, way, lost=2))
    assert ASK_AGAIN_NS <= max(took) <= ASK_AFTER_NS + ASK_AGAIN_NS + 2 * way + DEADLINE
    assert took[-1] <= DEADLINE


def test_while_the_host_is_away_keys_go_by_the_links(call):
    took = after_handover(call, Handover(call, 0, away=True))
    assert max(took) <= DEADLINE


def test_a_key_that_a_link_loses_is_asked_for_over_the_link():
    conditions = Conditions(delay_ns=40 * MILLISECOND, loss=0.2)
    for seed in range(6):
        call = Call(conditions, seed)
        call.run(1.0)
        handover = Handover(call, 0, away=True)
        call.run(2.5, handover)
        generation = handover.epoch + 1
        assert call.ada.trust._current.sealer.generation == generation
        assert call.ben.trust._members[ADA].opener.newest == generation
        assert call.after.keys() & set(range(len(call.sent) - 20, len(call.sent)))
