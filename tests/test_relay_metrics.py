"""What a relay tells those who watch over it."""

import asyncio
import dataclasses
import socket

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from quiet_loop import run
from relay_people import KEY, Person, token
from relay_room import Party, pose, voice
from websockets.asyncio.client import connect

from presence.clock import MILLISECOND, SECOND
from presence.errors import HostError
from presence.relay.account import account
from presence.relay.histogram import Histogram
from presence.relay.limits import RelayLimits
from presence.relay.member import Expelled
from presence.relay.room import HOLD_NS
from presence.relay.server import relaying
from presence.relay.settings import RelaySettings

HERE = RelaySettings((KEY.public_key(),), "127.0.0.1", 0, metrics=("127.0.0.1", 0))


async def get(relay, path, accept="text/plain"):
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(
            f"http://127.0.0.1:{relay.metrics_port}{path}", headers={"Accept": accept}
        )


async def scrape(relay):
    """Every sample by its name and labels, without the worker: those of all workers added up."""
    found = {}
    for family in text_string_to_metric_families((await get(relay, "/metrics")).text):
        for sample in family.samples:
            labels = {n: v for n, v in sample.labels.items() if n != "worker"}
            key = sample.name.removeprefix("presence_relay_"), *sorted(labels.values())
            found[key] = found.get(key, 0.0) + sample.value
    return found


async def until_told(relay, condition, meanwhile=None):
    """Ask until a condition holds of what the relay tells; gives that."""
    async with asyncio.timeout(60.0):
        while True:
            told = await scrape(relay)
            if condition(told):
                return told
            if meanwhile is not None:
                meanwhile()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_happens_in_rooms_is_told(workers):
    async def go():
        async with relaying(dataclasses.replace(HERE, workers=workers)) as relay:
            rooms = [[Person(1), Person(2)], [Person(1), Person(2)]]
            for name, people in zip("ab", rooms, strict=True):
                for person in people:
                    await person.come(relay.port, room=name)

            def speak():
                for one, two in rooms:
                    one.speak()
                    one.say(voice(1, one.sequence))
                    two.speak()

            told = await until_told(
                relay, lambda t: t[("envelopes_forwarded_total",)] > 20, meanwhile=speak
            )
            assert told[("rooms",)] == 2
            assert told[("participants",)] == 4
            assert told[("worker_up",)] == workers
            assert told[("joins_total", "welcome")] == 4
            assert told[("envelopes_received_total",)] >= told[("envelopes_forwarded_total",)]
            assert told[("bundles_sent_total",)] > 0
            for priority in ("urgent", "held"):
                assert told[("forward_latency_seconds_count", priority)] > 0
                assert (
                    0.0
                    < told[("forward_latency_seconds_sum", priority)]
                    / told[("forward_latency_seconds_count", priority)]
                    < 1.0
                )
            assert told[("worker_cpu_seconds_total",)] > 0
            assert told[("worker_resident_memory_bytes",)] > 1e6
            assert told[("process_open_fds",)] > 0
            for _, two in rooms:
                await two.guest.leave()
            told = await until_told(relay, lambda t: t[("participants",)] == 2, meanwhile=speak)
            gone = sum(told[("departures_total", reason)] for reason in ("left", "lost"))
            assert gone == 2
            assert told[("envelopes_forwarded_total",)] > 20
            for one, _ in rooms:
                await one.guest.leave()

    run(go)


def test_datagrams_of_strangers_are_counted():
    async def go():
        async with relaying(HERE) as relay:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                for _ in range(5):
                    stranger.sendto(b"\x80hello", ("127.0.0.1", relay.staff.port.number))
            told = await until_told(
                relay, lambda t: t[("datagrams_dropped_total", "stranger")] == 5
            )
            assert told[("datagrams_dropped_total", "malformed")] == 0

    run(go)


def test_who_is_refused_is_counted_by_why():
    async def go():
        async with relaying(HERE) as relay:
            for stream, claims in ((1, {"lasts_s": -10}), (2, {})):
                async with connect(f"ws://127.0.0.1:{relay.port}/relay") as websocket:
                    shown = token(stream, **claims)
                    await websocket.send(f'{{"type":"RelayJoin","token":"{shown}","sdp":"v=0"}}')
                    assert "Refused" in await websocket.recv()
            told = await scrape(relay)
            assert told[("joins_total", "token")] == 1
            assert told[("joins_total", "transport")] == 1
            assert told[("joins_total", "welcome")] == 0

    run(go)


def test_watchers_are_told_whether_it_lives_and_whether_people_can_come():
    async def go():
        async with relaying(HERE) as relay:
            assert (await get(relay, "/healthz")).text == "well\n"
            assert (await get(relay, "/readyz")).text == "ready\n"
            assert (await scrape(relay))[("ready",)] == 1.0
            relay.staff.drain()
            answer = await get(relay, "/readyz")
            assert (answer.status_code, "going" in answer.text) == (503, True)
            assert (await scrape(relay))[("ready",)] == 0.0
            assert (await get(relay, "/healthz")).text == "well\n"
            assert (await get(relay, "/anything")).status_code == 404
            # What is told here is not for everybody who comes by the other port.
            async with httpx.AsyncClient(trust_env=False) as client:
                public = await client.get(f"http://127.0.0.1:{relay.port}/metrics")
            assert public.status_code == 404

    run(go)


def test_it_speaks_openmetrics_to_whoever_asks_for_it():
    async def go():
        async with relaying(HERE) as relay:
            answer = await get(relay, "/metrics", "application/openmetrics-text; version=1.0.0")
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
            assert answer.text.endswith("# EOF\n")
            plain = await get(relay, "/metrics")
            assert plain.headers["Content-Type"].startswith("text/plain")

    run(go)


def counted(party):
    tally = party.room.tally
    members = party.room.members.values()
    return account(tally, tally.everything(members), {}, rooms=1, people=len(members))


def test_what_was_dropped_is_counted_by_why_and_stays_when_its_receiver_leaves():
    party = Party(1, 2, limits=RelayLimits(lost_after_s=1e6, envelopes_per_s=50.0))
    party.carriers[2].ready = False
    for number in range(40):
        party.say(1, pose(1, number, 0 if number else None))
        party.pass_time()
    told = counted(party)
    assert told.dropped["superseded"] >= 30
    assert told.dropped["allowance"] == 0
    for number in range(40, 140):
        party.say(1, pose(1, number, 0))
    party.say(1, pose(2, 0))
    party.hear(1, b"\xff" * 9)
    before = counted(party)
    assert before.dropped["allowance"] > 0
    assert (before.dropped["foreign"], before.dropped["malformed"]) == (1, 1)
    party.room.leave(party.room.members[2], Expelled("left", "they left"))
    after = counted(party)
    assert after.dropped == before.dropped
    assert (after.received, after.forwarded) == (before.received, before.forwarded)
    assert (after.people, after.departures) == (1, {"left": 1})


def test_how_long_what_waits_has_waited_is_looked_at_of_every_receiver():
    party = Party(1, 2, 3)
    party.carriers[2].ready = False
    party.say(1, pose(1, 0))
    party.pass_time(2 * SECOND)
    queued = counted(party).queued
    # Receivers are looked at four times a second: one of the three waits, the others do not.
    assert 18 <= sum(queued.counts) <= 27
    longer_than_a_second = sum(queued.counts[queued.bounds.index(3.0) :])
    assert 3 <= longer_than_a_second <= 5
    assert sum(queued.counts[1:]) == pytest.approx(sum(queued.counts) / 3, abs=2)


def test_latency_is_counted_for_every_envelope_by_whether_it_may_wait():
    party = Party(1, 2)
    party.say(1, pose(1, 0), pose(1, 1, 0))
    party.pass_time(HOLD_NS + MILLISECOND)
    party.room.flush_took(3 * MILLISECOND)
    party.say(1, voice(1, 0))
    party.settle()
    party.room.flush_took(0)
    told = counted(party)
    assert (sum(told.held.counts), sum(told.at_once.counts)) == (2, 1)
    # They were held, and then sending took three milliseconds.
    assert told.held.total == pytest.approx(2 * (HOLD_NS / SECOND + 0.003))
    assert told.at_once.total == 0.0


def test_loss_is_counted_of_those_of_whom_it_is_known():
    party = Party(1, 2)
    party.carriers[1].loss = 0.03
    party.pass_time(SECOND)
    loss = counted(party).loss
    assert 4 <= sum(loss.counts) <= 5
    assert loss.counts[loss.bounds.index(0.05)] == sum(loss.counts)


def test_a_figure_counts_for_the_first_bound_that_is_as_large():
    histogram = Histogram((1.0, 2.0))
    for figure in (0.5, 1.0, 1.5, 2.0, 9.0):
        histogram.add(figure)
    histogram.add(3.0, 2)
    assert histogram.counts == [2, 2, 3]
    assert histogram.total == 20.0


def test_metrics_at_a_port_that_is_taken_are_told_with_the_cure():
    async def go():
        async with relaying(HERE) as relay:
            taken = dataclasses.replace(HERE, metrics=("127.0.0.1", relay.metrics_port))
            with pytest.raises(HostError, match="--metrics 0"):
                async with relaying(taken):
                    pytest.fail("it listens where another does")

    run(go)
