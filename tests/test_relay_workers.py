"""A relay of several processes, and what becomes of it when they are killed."""

import asyncio
import os
import signal
import sys

import pytest
from quiet_loop import run
from relay_people import KEY, Person, until, until_comes
from relay_process import alive, relay_process

from presence.clock import MonotonicClock
from presence.relay import foreman
from presence.relay.foreman import Foreman, restart_wait_s
from presence.relay.limits import RelayLimits
from presence.relay.logs import LogSettings
from presence.wire.relaying import RelayBye, RelayPing, RelayPong

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the processes of another are read from /proc"
)


def test_the_rooms_of_a_killed_worker_come_back_and_others_notice_nothing():
    async def go():
        async with relay_process(KEY, "--workers", 2) as relay:
            rooms = [[Person(1), Person(2)], [Person(1), Person(2)]]
            for name, people in zip("ab", rooms, strict=True):
                for person in people:
                    await person.come(relay.port, room=name)

            def speak():
                for people in rooms:
                    for person in people:
                        person.speak()

            await until(lambda: all(len(two.heard_of(1)) >= 5 for _, two in rooms), speak)
            first, other = relay.workers()
            os.kill(first, signal.SIGKILL)
            await until(lambda: not alive(first), speak)
            begun = [len(two.heard_of(1)) for _, two in rooms]
            sent = [one.sequence for one, _ in rooms]
            # Whoever still hears, by now, is of the other worker's room.
            await until(
                lambda: (
                    max(
                        len(two.heard_of(1)) - before
                        for (_, two), before in zip(rooms, begun, strict=True)
                    )
                    >= 20
                ),
                speak,
            )
            heard = [len(two.heard_of(1)) - n for (_, two), n in zip(rooms, begun, strict=True)]
            lost = heard.index(min(heard))
            assert min(heard) == 0
            again = [Person(1), Person(2)]
            for person in again:
                await until_comes(person, relay.port, room="ab"[lost])
            one, two = again
            await until(lambda: len(two.heard_of(1)) >= 5, lambda: (one.speak(), speak()))
            kept = 1 - lost
            until_then = range(sent[kept], rooms[kept][0].sequence - 5)
            # On a busy machine a receiver's buffer may run over; nothing else is lost.
            await until(lambda: len(set(until_then) - rooms[kept][1].heard_of(1)) <= 3, speak)
            # There are two again, and the other is the one that it was.
            await until(lambda: len(relay.workers()) == 2, speak)
            assert other in relay.workers()
            for person in (*rooms[0], *rooms[1], *again):
                await person.guest.leave()

    run(go)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_relay_that_is_told_to_end_leaves_no_worker_behind(number):
    async def go():
        async with relay_process(KEY, "--workers", 2) as relay:
            workers = relay.workers()
            assert len(workers) == 2
            one = await Person(1).come(relay.port)
            # Whoever is not in the room yet is told nothing.
            await until(lambda: RelayPong(7) in one.told(), lambda: one.ask(RelayPing(7)))
            relay.process.send_signal(number)
            assert await relay.wait() == 0
            assert not any(alive(pid) for pid in workers)
            await until(lambda: RelayBye() in one.told())
            await one.guest.leave()

    run(go)


def test_workers_end_when_whoever_started_them_is_killed():
    async def go():
        async with relay_process(KEY, "--workers", 2) as relay:
            workers = relay.workers()
            assert len(workers) == 2
            relay.process.kill()
            await until(lambda: not any(alive(pid) for pid in workers))

    run(go)


def test_a_worker_that_hangs_is_ended_and_started_again(monkeypatch):
    monkeypatch.setattr(foreman, "ASK_S", 0.1)
    monkeypatch.setattr(foreman, "HUNG_S", 2.0)

    async def go():
        watched = Foreman(1, RelayLimits(), LogSettings(salt=b"salt"), MonotonicClock())
        try:
            await watched.begin()
            hung = watched.pids[1]
            os.kill(hung, signal.SIGSTOP)
            await until(lambda: watched.why_not_ready() is not None)
            await until(lambda: watched.pids.get(1, hung) != hung)
            await until(lambda: watched.why_not_ready() is None)
            assert watched.restarts[1] >= 1
            assert not alive(hung)
        finally:
            await watched.close()

    run(go)


def test_a_worker_that_fails_again_and_again_is_started_ever_later():
    waits = [restart_wait_s(failures) for failures in range(1, 12)]
    assert waits[0] == 0.0
    assert waits[1] > 0.0
    assert waits == sorted(waits)
    assert waits[-1] == waits[-2] == 30.0
    assert restart_wait_s(10_000) == 30.0


def test_of_a_relay_that_was_closed_while_it_began_nothing_is_left():
    async def go():
        watched = Foreman(2, RelayLimits(), LogSettings(salt=b"salt"), MonotonicClock())
        # Closed while its workers begin.
        beginning = asyncio.create_task(watched.begin())
        await until(lambda: len(watched.pids) == 2)
        pids = watched.pids.values()
        beginning.cancel()
        await watched.close()
        assert not any(alive(pid) for pid in pids)

    run(go)
