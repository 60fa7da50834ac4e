"""The benchmark of a view's frame."""

import json

from rich.console import Console

from presence.bench.call import bench_call
from presence.bench.result import BenchResult, at_most
from presence.bench.timer import missed_beats

PERIOD = 10


def test_beats_in_time_miss_nothing():
    woke = list(range(0, 1000, PERIOD))
    assert missed_beats(woke, [at + 4 for at in woke], PERIOD) == 0
    assert missed_beats([], [], PERIOD) == 0


def test_beats_that_were_skipped_or_ended_too_late_are_missed():
    woke = [at for at in range(0, 1000, PERIOD) if at not in (200, 210, 500)]
    assert missed_beats(woke, [at + 1 for at in woke], PERIOD) == 3
    woke = list(range(0, 1000, PERIOD))
    done = [at + (12 if at in (300, 700) else 1) for at in woke]
    assert missed_beats(woke, done, PERIOD) == 2


def test_a_long_frame_and_the_beat_that_it_swallowed_count_once():
    woke = [at for at in range(0, 1000, PERIOD) if at != 410]
    done = [at + (15 if at == 400 else 1) for at in woke]
    assert missed_beats(woke, done, PERIOD) == 1


def test_a_bar_is_met_at_its_limit_and_missed_above():
    assert at_most("x", 11.1, 11.1).ok
    assert not at_most("x", 11.2, 11.1).ok


def test_results_are_json_for_programs_and_tables_for_people():
    rows = [{"case": "near", "ms": 1.25}, {"case": "far", "ms": 40.0}]
    result = BenchResult("call", {"seconds": 1}, rows, [at_most("ms", 40.0, 11.1)])
    read = json.loads(result.json())
    assert read["rows"] == rows
    assert read["bars"][0] == {"name": "ms", "value": 40.0, "limit": 11.1, "ok": False}
    assert read["machine"]["cores"] >= 1
    console = Console(width=80, record=True)
    result.print(console)
    text = console.export_text()
    assert "near" in text
    assert "1.25" in text
    assert "missed  ms: 40 (limit 11.1)" in text


def test_a_short_run_shows_everyone_in_every_frame():
    row = bench_call(participants=3, display_rate=30.0, rate=30, seconds=1.0).rows[0]
    assert row["people_shown"] == 2.0
    assert 15 <= row["frames"] <= 70
    assert 0.0 < row["cpu_ms_p50"] <= row["cpu_ms_p99"]
    assert row["timer_beats"] > 50
    assert row["ring_dropped"] == 0
