"""The benchmark of a whole call between processes: what it reckons, and that it runs."""

import asyncio
import random
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from presence.bench.commands import bench
from presence.bench.slow_wire import TcpWay, slow_wire
from presence.bench.whole_call import CallExtent, _Logs, _Part, _row, bench_whole_call
from presence.clock import MILLISECOND, SECOND, MonotonicClock, SkewedClock
from presence.errors import UsageError
from presence.transport.lossy import Conditions

FRAME = 16 * MILLISECOND
PATH = 40 * MILLISECOND
PART = _Part("as set", 10 * SECOND, 14 * SECOND)


def logs_of(stream, other, *, lost=(), behind_ns=0, seen=1, waited_ns=0):
    """Of somebody who captures evenly, and shows the other so far behind what they do."""
    captured = np.arange(9 * SECOND, 15 * SECOND, FRAME)
    sequences = np.arange(len(captured)) + 100 * stream
    theirs = np.arange(len(captured)) + 100 * other
    polls = np.arange(PART.begin_ns, PART.end_ns, 11 * MILLISECOND)
    moment = (polls - behind_ns - captured[0]) / FRAME
    older = np.floor(moment).astype(np.int64)
    return _Logs(
        f"participant-{stream}",
        stream,
        SkewedClock(),
        0,
        0,
        ["rtp (direct, udp)"],
        {"sequence": sequences, "capture_machine_ns": captured},
        {
            "stream": np.full(len(theirs) - len(lost), other),
            "sequence": np.delete(theirs, list(lost)),
        },
        {
            "display_machine_ns": polls,
            "stream": np.full(len(polls), other),
            "older_sequence": older + 100 * other,
            "newer_sequence": older + 1 + 100 * other,
            "fraction": moment - older,
        },
        {"machine_ns": polls, "stream": np.full(len(polls), other), "early_ns": 0 * polls},
        {"machine_ns": polls, "seen": np.full(len(polls), seen)},
        {"machine_ns": polls, "age_ns": np.full(len(polls), waited_ns)},
        {"machine_ns": polls, "round_trip_ns": np.full(len(polls), 2 * PATH)},
        {"machine_ns": polls, "cpu_ns": polls // 4},
    )


def test_latency_is_from_capture_to_display_by_the_machines_clock_less_the_path():
    row = _row(PART, [logs_of(1, 2, behind_ns=75 * MILLISECOND), logs_of(2, 1)], PATH)
    for p in (95, 99):
        assert row[f"beyond_path_ms_p{p}"] == pytest.approx(35.0, abs=1e-6)
    # The other one shows what has not even happened, which no estimate under test can hide.
    one_way = _row(PART, [logs_of(1, 2), logs_of(2, 1)], PATH)
    assert one_way["beyond_path_ms_p50"] == pytest.approx(-40.0, abs=1e-6)
    assert row["delivered_%"] == 100.0
    assert row["captured_a_second"] == pytest.approx(62.5, rel=0.01)
    assert row["cpu_%_mean"] == pytest.approx(25.0)
    assert row["round_trip_ms_p50"] == 80.0


def test_what_never_came_counts_against_delivery_and_the_last_second_does_not_count():
    begin = int((PART.begin_ns - 9 * SECOND) / FRAME) + 1
    row = _row(PART, [logs_of(1, 2, lost=range(begin, begin + 47)), logs_of(2, 1)], PATH)
    # 47 of 2 × 187 or 188 frames.
    assert row["delivered_%"] == pytest.approx(100.0 * (1 - 47 / 375), abs=0.1)
    late = int((PART.end_ns - 9 * SECOND) / FRAME) - 30
    row = _row(PART, [logs_of(1, 2, lost=range(late, late + 30)), logs_of(2, 1)], PATH)
    assert row["delivered_%"] == 100.0


def test_somebody_missing_and_a_frame_that_waited_are_seen():
    logs = [logs_of(1, 2, seen=0), logs_of(2, 1, waited_ns=30 * MILLISECOND)]
    row = _row(PART, logs, PATH)
    assert row["missing_%"] == 50.0
    assert row["queue_ms_p99.9"] == row["queue_ms_max"] == 30.0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--carrier", "pigeon"], "choose one of rtp, data, websocket"),
        (["--carrier", "rtp", "--participants", "6"], "a call holds 5 people"),
    ],
)
def test_what_cannot_be_measured_is_a_sentence(options, sentence):
    ended = CliRunner().invoke(bench, ["call", *options])
    assert isinstance(ended.exception, UsageError)
    assert sentence in str(ended.exception)


def test_a_slow_wire_delivers_all_in_order_and_late():
    """Loss makes it later yet; and what is behind waits."""

    async def send(conditions):
        async def echo(reader, writer):
            while data := await reader.read(1000):
                writer.write(data)
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with slow_wire(port, MonotonicClock(), seed=1) as wire:
                wire.conditions = conditions
                reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
                began = time.monotonic()
                for k in range(40):
                    writer.write(bytes([k]) * 4)
                    await asyncio.sleep(0.005)
                heard = await reader.readexactly(160)
                took = time.monotonic() - began
                writer.close()
                await writer.wait_closed()
                assert heard == b"".join(bytes([k]) * 4 for k in range(40))
                return took

    whole = Conditions(delay_ns=50 * MILLISECOND, spread_ns=5 * MILLISECOND)
    took = asyncio.run(send(whole))
    assert took > 40 * 0.005 + 0.08
    # Many are lost on either side, and some of them again.
    assert asyncio.run(send(replace(whole, loss=0.3))) > took + 0.1


def test_on_a_slow_wire_what_follows_has_a_loss_noticed_and_else_a_timer():
    def lost_first(conditions):
        class Once(TcpWay):
            lost = 0

            def _loses(self):
                self.lost += 1
                return self.lost == 1

        return Once(lambda: conditions, random.Random(1))

    def came(sent_ms):
        way, came = lost_first(Conditions(delay_ns=20 * MILLISECOND)), []
        for at_ms in range(1000):
            if at_ms in sent_ms:
                way.push(b"%d" % at_ms, at_ms * MILLISECOND)
            came += [(at_ms, int(data)) for data in way.pop_due(at_ms * MILLISECOND)]
        return came

    # A round trip of 40 ms, a quarter of one, and 20 ms there; all behind it waits.
    assert came([0, 10, 30, 100]) == [(80, 0), (80, 10), (80, 30), (120, 100)]
    assert came([0]) == [(260, 0)]
    assert came([0, 250]) == [(260, 0), (270, 250)]


@pytest.mark.slow
def test_a_short_call_through_the_host_is_measured_from_end_to_end():
    result = bench_whole_call(
        participants=2,
        loss=0.0,
        delay_ms=40.0,
        jitter_ms=0.0,
        carrier="websocket",
        extent=CallExtent(settle=1.0, as_set=3.0, heavy=1.5, recover=0.5, again=1.5),
    )
    as_set = result.rows[0]
    assert as_set["carrier"] == "websocket"
    assert as_set["delivered_%"] > 50.0
    # There and back over the wire; it is smoothed, and was short until the wire was slow.
    assert as_set["round_trip_ms_p50"] > 30.0


@pytest.mark.slow
def test_a_short_call_of_two_is_measured_from_end_to_end():
    result = bench_whole_call(
        participants=2,
        loss=0.02,
        delay_ms=20.0,
        jitter_ms=5.0,
        carrier="data",
        voice=True,
        extent=CallExtent(settle=2.0, as_set=4.0, heavy=2.0, recover=1.0, again=2.0),
    )
    as_set, heavy, again = result.rows
    assert [row["part"] for row in result.rows] == ["as set", "20% loss", "as set again"]
    for row in result.rows:
        assert row["carrier"] == "data (direct, udp)"
        assert row["beyond_path_ms_p99"] > row["beyond_path_ms_p50"] > 0.0
        assert row["clicks"] > 0
    assert as_set["clicks_unheard_%"] < 100.0
    assert as_set["mouth_to_ear_ms_p50"] > 20.0
    assert as_set["lips_skew_ms_p95"] < 500.0
    # How late and how many is this machine's business here.
    assert as_set["delivered_%"] > 50.0
    assert heavy["delivered_%"] < as_set["delivered_%"]
    assert again["round_trip_ms_p50"] > 40.0
    assert 0.0 < as_set["cpu_%_mean"] <= as_set["cpu_%_max"] < 110.0
