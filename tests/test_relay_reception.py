"""Whose turn it is to be let in: those who are in calls go first."""

import asyncio
from types import SimpleNamespace

import pytest
from quiet_loop import run

from presence.clock import MonotonicClock
from presence.relay import reception as receptions
from presence.relay.reception import Reception
from presence.relay.refusal import RefusalError

LATE_NS = 10**9


def reception(late_ns=0):
    """One whose rooms are so late, and where nobody comes further than to their turn."""
    hall = SimpleNamespace(late_ns=late_ns)
    return Reception(hall, None, MonotonicClock()), hall


async def turn(at):
    async with at._turn():
        return at._clock.now_ns()


def test_newcomers_wait_while_those_in_calls_do(monkeypatch):
    monkeypatch.setattr(receptions, "PATIENCE", 10**6)
    monkeypatch.setattr(receptions, "WAIT_S", 60.0)

    async def go():
        at, hall = reception(LATE_NS)
        coming = asyncio.create_task(turn(at))
        await asyncio.sleep(0.2)
        assert not coming.done()
        hall.late_ns = 0
        await asyncio.wait_for(coming, 30.0)

    run(go)


def test_one_that_is_late_all_the_time_still_lets_some_in(monkeypatch):
    monkeypatch.setattr(receptions, "WAIT_S", 60.0)

    async def go():
        at, _ = reception(LATE_NS)
        await asyncio.wait_for(turn(at), 30.0)

    run(go)


def test_whoever_waited_for_too_long_is_told_when_to_come_again(monkeypatch):
    monkeypatch.setattr(receptions, "PATIENCE", 10**6)
    monkeypatch.setattr(receptions, "WAIT_S", 0.05)

    async def go():
        at, hall = reception(LATE_NS)
        with pytest.raises(RefusalError, match="come again") as refused:
            await turn(at)
        assert (refused.value.code, refused.value.after_s) == ("busy", receptions.AFTER_S)
        # Nothing is left of them that would keep others out.
        hall.late_ns = 0
        monkeypatch.setattr(receptions, "WAIT_S", 60.0)
        await asyncio.wait_for(turn(at), 30.0)

    run(go)


def test_connections_begin_to_be_opened_one_after_another():
    async def go():
        at, _ = reception()
        began_ns = at._clock.now_ns()
        last_ns = max(await asyncio.gather(*(turn(at) for _ in range(4))))
        assert last_ns - began_ns >= 3 * (10**9 // receptions.OPENINGS_PER_S)

    run(go)


def test_whoever_is_one_too_many_is_told_a_time_of_their_own(monkeypatch):
    monkeypatch.setattr(receptions, "WAITING_LIMIT", 3)
    monkeypatch.setattr(receptions, "WAIT_S", 60.0)

    async def go():
        at, _ = reception()
        ends = await asyncio.gather(*(turn(at) for _ in range(6)), return_exceptions=True)
        told = [end.after_s for end in ends if isinstance(end, RefusalError)]
        assert len(told) == len(set(told)) == 3

    run(go)
