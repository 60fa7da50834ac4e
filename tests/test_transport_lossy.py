"""The lossy path: its statistics, and that it is the same every time."""

import asyncio
import itertools

import pytest

from presence.clock import MILLISECOND, SECOND, ManualClock, MonotonicClock
from presence.errors import TransportError
from presence.transport.lossy import Conditions, LossyPath
from presence.transport.memory import memory_pair

TICK = SECOND // 60


def send(path, count, interval_ns=TICK):
    """Send numbered bundles; the arrivals as (number, nanoseconds on the way)."""
    arrivals = []
    now_ns = 0
    for i in range(count):
        sent_ns = i * interval_ns
        assert path.push(sent_ns, i.to_bytes(4, "big"))
    while (due_ns := path.next_due_ns()) is not None:
        now_ns = max(now_ns, due_ns)
        for bundle in path.pop_due(now_ns):
            number = int.from_bytes(bundle, "big")
            arrivals.append((number, now_ns - number * interval_ns))
    return arrivals


def runs_of_losses(arrivals, count):
    arrived = {number for number, _ in arrivals}
    fates = [i in arrived for i in range(count)]
    return [len(list(run)) for fate, run in itertools.groupby(fates) if not fate]


def test_a_perfect_path_delivers_everything_at_once_and_in_order():
    assert send(LossyPath(), 100) == [(i, 0) for i in range(100)]


@pytest.mark.parametrize(("loss", "burst"), [(0.05, None), (0.05, 3.0), (0.2, 1.0), (0.2, 6.0)])
def test_loss_and_the_length_of_bursts_are_what_was_asked_for(loss, burst):
    count = 60_000
    path = LossyPath(Conditions(loss=loss, burst=burst), seed=5)
    arrivals = send(path, count)
    runs = runs_of_losses(arrivals, count)
    assert path.lost == count - len(arrivals)
    assert path.lost / count == pytest.approx(loss, rel=0.08)
    expected = 1 / (1 - loss) if burst is None else burst
    assert sum(runs) / len(runs) == pytest.approx(expected, rel=0.08)


def test_a_normal_spread_lies_about_the_delay_and_reorders():
    conditions = Conditions(delay_ns=40 * MILLISECOND, spread_ns=15 * MILLISECOND)
    arrivals = send(LossyPath(conditions, seed=2), 5_000)
    delays = sorted(delay / MILLISECOND for _, delay in arrivals)
    assert delays[len(delays) // 2] == pytest.approx(40.0, abs=1.0)
    assert delays[len(delays) * 84 // 100] == pytest.approx(55.0, abs=1.0)
    assert delays[0] >= 0.0
    assert [number for number, _ in arrivals] != list(range(5_000))


def test_a_trace_delays_what_is_sent_at_its_time():
    conditions = Conditions(
        delay_ns=10 * MILLISECOND,
        trace=lambda sent_ns: 100 * MILLISECOND if sent_ns == 3 * TICK else 0,
    )
    arrivals = dict(send(LossyPath(conditions), 12))
    assert arrivals[2] == 10 * MILLISECOND
    assert arrivals[3] == 110 * MILLISECOND
    # One route, one queue: those behind it wait.
    assert arrivals[4] == 110 * MILLISECOND - TICK
    assert arrivals[11] == 10 * MILLISECOND


def test_jitter_is_added_to_the_delay_and_keeps_the_order():
    conditions = Conditions(delay_ns=40 * MILLISECOND, jitter_ns=10 * MILLISECOND)
    arrivals = send(LossyPath(conditions, seed=2), 5_000)
    assert [number for number, _ in arrivals] == list(range(5_000))
    delays = [delay for _, delay in arrivals]
    assert min(delays) >= 40 * MILLISECOND
    # Waiting behind a late one adds a little to the mean of 10 ms.
    assert 49 * MILLISECOND < sum(delays) / len(delays) < 56 * MILLISECOND


def test_some_take_the_long_way_and_are_overtaken():
    conditions = Conditions(delay_ns=MILLISECOND, reorder=0.1, reorder_delay_ns=40 * MILLISECOND)
    path = LossyPath(conditions, seed=3)
    arrivals = send(path, 10_000)
    assert len(arrivals) == 10_000
    overtaken = sum(delay > 40 * MILLISECOND for _, delay in arrivals)
    assert overtaken == path.reordered == pytest.approx(1_000, rel=0.1)
    assert [n for n, _ in arrivals] != sorted(n for n, _ in arrivals)


def test_some_arrive_twice():
    path = LossyPath(Conditions(duplicate=0.25), seed=4)
    arrivals = send(path, 4_000)
    assert len(arrivals) - 4_000 == path.duplicated == pytest.approx(1_000, rel=0.1)


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    conditions = Conditions(loss=0.1, burst=2.0, jitter_ns=5 * MILLISECOND, reorder=0.05)
    assert send(LossyPath(conditions, 7), 500) == send(LossyPath(conditions, 7), 500)
    assert send(LossyPath(conditions, 7), 500) != send(LossyPath(conditions, 8), 500)


def test_changing_the_delay_leaves_the_losses_as_they_were():
    fates = [
        {n for n, _ in send(LossyPath(Conditions(loss=0.2, delay_ns=delay), 1), 500)}
        for delay in (0, 80 * MILLISECOND)
    ]
    assert fates[0] == fates[1]


def test_a_narrow_path_takes_one_bundle_at_a_time():
    path = LossyPath(Conditions(bytes_per_second=10_000))
    assert path.push(0, bytes(100))
    assert not path.push(5 * MILLISECOND, bytes(100))
    assert path.free(10 * MILLISECOND)
    assert path.push(10 * MILLISECOND, bytes(100))
    assert path.pop_due(15 * MILLISECOND) == [bytes(100)]
    assert path.pop_due(20 * MILLISECOND) == [bytes(100)]


@pytest.mark.parametrize(
    "wrong", [{"loss": 1.0}, {"loss": -0.1}, {"loss": 0.8, "burst": 2.0}, {"burst": 0.5}]
)
def test_conditions_that_no_path_can_have_are_refused(wrong):
    with pytest.raises(ValueError, match=r"loses|share"):
        Conditions(**wrong)


def test_a_pair_delivers_by_hand_under_a_manual_clock():
    clock = ManualClock(1_000)
    first, second = memory_pair(clock, Conditions(delay_ns=30 * MILLISECOND))
    heard = []
    second.on_bundle = lambda bundle, arrival_ns: heard.append((bundle, arrival_ns))
    assert first.send(b"a")
    clock.advance(29 * MILLISECOND)
    first.deliver()
    assert heard == []
    clock.advance(MILLISECOND)
    first.deliver()
    assert heard == [(b"a", 1_000 + 30 * MILLISECOND)]


def test_a_full_carrier_refuses_and_says_when_it_is_ready_again():
    clock = ManualClock()
    first, _ = memory_pair(clock, Conditions(bytes_per_second=10_000))
    calls = []
    first.on_ready = lambda: calls.append(clock.now_ns())
    assert first.ready
    assert first.send(bytes(100))
    assert not first.ready
    assert not first.send(bytes(100))
    clock.advance(9 * MILLISECOND)
    first.deliver()
    assert calls == []
    clock.advance(MILLISECOND)
    first.deliver()
    assert calls == [10 * MILLISECOND]
    assert first.ready


def test_a_bundle_longer_than_a_datagram_is_the_callers_mistake():
    first, _ = memory_pair(ManualClock())
    with pytest.raises(TransportError, match="1151 bytes"):
        first.send(bytes(1151))


def test_closing_one_end_closes_both_once_and_nothing_is_heard_after():
    async def main():
        clock = ManualClock()
        ends = memory_pair(clock, Conditions(delay_ns=10))
        closed, heard = [], []
        for i, end in enumerate(ends):
            end.on_closed = lambda i=i: closed.append(i)
            end.on_bundle = lambda bundle, _: heard.append(bundle)
        ends[0].send(b"late")
        await ends[1].close()
        await ends[0].close()
        clock.advance(20)
        ends[0].deliver()
        assert sorted(closed) == [0, 1]
        assert heard == []
        assert not ends[0].ready
        assert not ends[0].send(b"x")

    asyncio.run(main())


def test_a_pair_on_an_event_loop_delivers_by_itself():
    async def main():
        clock = MonotonicClock()
        loop = asyncio.get_running_loop()
        conditions = Conditions(delay_ns=20 * MILLISECOND, bytes_per_second=20_000)
        first, second = memory_pair(clock, conditions, loop=loop)
        heard = []
        done = asyncio.Event()

        def on_bundle(bundle, arrival_ns):
            heard.append(int.from_bytes(bundle[:8], "big"))
            delays.append(arrival_ns - heard[-1])
            if len(heard) == 10:
                done.set()

        delays = []
        second.on_bundle = on_bundle
        first.on_ready = lambda: first.send(clock.now_ns().to_bytes(8, "big") + bytes(92))
        first.on_ready()
        await asyncio.wait_for(done.wait(), 5)
        assert heard == sorted(heard)
        assert min(delays) >= 25 * MILLISECOND
        await first.close()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_a_narrow_hop_with_a_queue_takes_everything_and_passes_it_on_at_its_rate():
    path = LossyPath(Conditions(bytes_per_second=1000, queue_ns=SECOND, delay_ns=5 * MILLISECOND))
    for number in range(4):
        assert path.free(0)
        assert path.push(0, bytes((number,)), 100)
    due = []
    while (due_ns := path.next_due_ns()) is not None:
        due += [due_ns // MILLISECOND] * len(path.pop_due(due_ns))
    assert due == [105, 205, 305, 405]


def test_what_finds_the_queue_full_is_lost():
    path = LossyPath(Conditions(bytes_per_second=1000, queue_ns=SECOND // 2))
    for number in range(10):
        assert path.push(0, bytes((number,)), 100)
    assert path.lost == 4
    assert path.push(SECOND, b"x", 100)
    assert path.lost == 4
    assert len(path.pop_due(2 * SECOND)) == 7
