"""Connections side by side: which of them a frame leaves on, and when on none."""

import random
from itertools import count

from presence.bench.slow_wire import TcpWay
from presence.clock import MILLISECOND, SECOND
from presence.transport.lossy import Conditions
from presence.transport.strands import FLYING_LIMIT, PROBE_NS, STRANDS, STUCK_NS, Strands
from presence.transport.window import COUNT_EVERY_NS, FIRST_GUESS_NS, SLACK_NS

FRAME_NS = SECOND // 60
SIZE = 300
TIMER_NS = 240 * MILLISECOND


class Flow:
    """A frame sixty times a second over strands. State: the strands, the ways, what came."""

    def __init__(self, connections, conditions, bytes_per_s=None):
        self.conditions = conditions
        dice = random.Random(5)
        self.strands = Strands()
        self.there = [TcpWay(lambda: self.conditions, dice) for _ in range(connections)]
        self.back = [TcpWay(lambda: self.conditions, dice) for _ in range(connections)]
        for index in range(connections):
            self.strands.opened(index)
        self.bytes_per_s = bytes_per_s
        self.free_ns = 0
        self.narrow = []
        self.came_bytes = [0] * connections
        self.said = [0] * connections
        self.sent = {}
        self.came = {}
        self.full = 0
        self.outage_ends_ns = None
        self.now_ns = 0
        self.numbers = count()

    def run(self, seconds):
        for _ in range(round(seconds * 1000)):
            self.now_ns += MILLISECOND
            self.move()
            if self.now_ns % FRAME_NS < MILLISECOND:
                self.frame()
        return self

    def outage(self, seconds):
        self.outage_ends_ns = self.now_ns + round(seconds * SECOND)
        self.run(seconds)
        self.outage_ends_ns = None

    def frame(self):
        number = next(self.numbers)
        index = self.strands.pick(self.now_ns)
        if index is None:
            self.full += 1
            return
        self.sent[number] = self.now_ns
        self.strands.sent(index, SIZE, self.now_ns)
        # The hop that all share comes first, and keeps what is too much for it.
        begins_ns = max(self.free_ns, self.now_ns)
        if self.bytes_per_s is not None:
            self.free_ns = begins_ns + SIZE * SECOND // self.bytes_per_s
        if self.outage_ends_ns is not None:
            # TCP tries again by its timer, ever later.
            timer_ns = TIMER_NS
            while begins_ns < self.outage_ends_ns:
                begins_ns += timer_ns
                timer_ns *= 2
        self.narrow.append((begins_ns, index, b"%d" % number))
        self.narrow.sort()

    def move(self):
        while self.narrow and self.narrow[0][0] <= self.now_ns:
            _, index, data = self.narrow.pop(0)
            self.there[index].push(data, self.now_ns)
        for index, way in enumerate(self.there):
            for data in way.pop_due(self.now_ns):
                self.came[int(data)] = self.now_ns
                self.came_bytes[index] += SIZE
            due = self.now_ns % COUNT_EVERY_NS == 0
            if due and self.said[index] != self.came_bytes[index]:
                self.said[index] = self.came_bytes[index]
                self.back[index].push(b"%d" % self.said[index], self.now_ns)
            for data in self.back[index].pop_due(self.now_ns):
                self.strands.counted(index, int(data), self.now_ns)

    def in_time(self, within_ms):
        """The share of all frames that came within so long."""
        came = [self.came[n] - at for n, at in self.sent.items() if n in self.came]
        frames = len(self.sent) + self.full
        return sum(took <= within_ms * MILLISECOND for took in came) / frames


def path(delay_ms=20, loss=0.0, spread_ms=0.0):
    return Conditions(
        delay_ns=delay_ms * MILLISECOND, loss=loss, spread_ns=round(spread_ms * MILLISECOND)
    )


def test_on_a_path_that_carries_it_everything_leaves_however_long_it_takes():
    for delay_ms in (1, 40, 300):
        for connections in (1, STRANDS):
            flow = Flow(connections, path(delay_ms)).run(20)
            assert flow.full == 0 or flow.full < 0.03 * len(flow.sent)


def test_a_lost_segment_holds_up_nothing_but_itself():
    # Hardly more is late than is lost of datagrams; over one connection far more is.
    for loss, spread_ms in ((0.03, 0.0), (0.03, 10.0), (0.1, 10.0)):
        many = Flow(STRANDS, path(20, loss, spread_ms)).run(60)
        one = Flow(1, path(20, loss, spread_ms)).run(60)
        within_ms = 22 + 3 * spread_ms
        assert many.in_time(within_ms) > 1.0 - 1.5 * loss
        assert one.in_time(within_ms) < many.in_time(within_ms) - loss


def test_jitter_is_not_taken_for_a_queue():
    flow = Flow(STRANDS, path(20, 0.0, 15.0)).run(60)
    assert flow.full < 0.01 * len(flow.sent)


def test_on_a_narrow_path_no_queue_grows():
    # 18 kB/s are sent where 8 pass.
    flow = Flow(STRANDS, path(40), bytes_per_s=8_000).run(20)
    assert 0.3 < flow.in_time(1000) < 0.5
    took = [flow.came[n] - at for n, at in flow.sent.items() if n in flow.came]
    # Until a round trip was measured there is only a guess; from then on some frames wait.
    assert max(took) < 40 * MILLISECOND + FIRST_GUESS_NS + 3 * SLACK_NS
    assert sorted(took)[len(took) // 2] < 40 * MILLISECOND + 37 * MILLISECOND + 2 * SLACK_NS


def test_when_nothing_comes_through_next_to_nothing_more_is_sent_and_then_all_again():
    flow = Flow(STRANDS, path(20)).run(5)
    before = len(flow.sent)
    flow.outage(1.5)
    assert 4 < len(flow.sent) - before < 24
    flow.run(3)
    before = flow.full
    flow.run(5)
    assert flow.full == before


def test_an_outage_is_over_when_it_is_over_and_not_when_tcp_notices():
    for seconds in (0.15, 0.3, 0.6):
        flow = Flow(STRANDS, path(20)).run(5)
        flow.outage(seconds)
        ended_ns = flow.now_ns
        flow.run(2)
        first_ns = min(at for n, at in flow.came.items() if flow.sent[n] > ended_ns)
        assert first_ns - ended_ns < 40 * MILLISECOND + max(PROBE_NS, seconds / 2 * SECOND)


def test_of_connections_without_anything_on_its_way_each_takes_its_turn():
    strands = Strands()
    for index in range(3):
        strands.opened(index)
    picked, total = [], [0, 0, 0]
    for tick in range(6):
        index = strands.pick(tick * FRAME_NS)
        picked.append(index)
        strands.sent(index, SIZE, tick * FRAME_NS)
        total[index] += SIZE
        strands.counted(index, total[index], tick * FRAME_NS + MILLISECOND)
    assert picked == [0, 1, 2, 0, 1, 2]


def test_one_that_was_overtaken_is_passed_over_until_it_moves_and_stuck_after_a_second():
    strands = Strands()
    strands.opened(0)
    strands.opened(1)
    strands.sent(0, SIZE, 0)
    total = 0
    for tick in range(1, 100):
        now_ns = tick * FRAME_NS
        assert strands.pick(now_ns) == 1
        strands.sent(1, SIZE, now_ns)
        total += SIZE
        strands.counted(1, total, now_ns + 5 * MILLISECOND)
        assert strands.stuck(now_ns) == ([0] if now_ns > STUCK_NS else [])
    strands.counted(0, SIZE, 100 * FRAME_NS)
    assert strands.pick(100 * FRAME_NS) == 0
    assert strands.stuck(100 * FRAME_NS) == []


def test_a_connection_made_anew_has_nothing_on_its_way():
    strands = Strands()
    assert strands.pick(0) is None
    strands.opened(0)
    strands.sent(0, SIZE, 0)
    strands.opened(0)
    assert strands.pick(SECOND) == 0
    strands.counted(7, SIZE, SECOND)
    strands.closed(0)
    assert strands.pick(SECOND) is None


def test_however_many_frames_are_on_their_way_they_have_an_end():
    strands = Strands()
    strands.opened(0)
    for _ in range(FLYING_LIMIT):
        strands.sent(0, SIZE, 0)
    assert strands.pick(0) is None
    assert strands.pick(10 * SECOND) is None
