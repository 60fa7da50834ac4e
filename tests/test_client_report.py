"""The report of a call, from logs whose every figure is known."""

import numpy as np
import pytest

from presence.client.logs import (
    About,
    Columns,
    ViewAbout,
    captured_columns,
    frame_columns,
    prefixed,
    received_columns,
    save_log,
    shown_columns,
)
from presence.client.report import call_report
from presence.client.settings import Settings
from presence.client.sources import make_source
from presence.clock import MILLISECOND, SkewedClock
from presence.errors import UsageError
from presence.wire.envelope import CAPTURE_PERIOD

HOURS = 5 * 3600 * 10**9
BEGIN = 10**12
EPOCH = SkewedClock(HOURS, 100.0).from_machine_ns(BEGIN)
AGE = 60 * MILLISECOND
FRAMES = 200
PERIOD = 20 * MILLISECOND


def write_call(folder, *, lost=(), frozen=(), absent=(), off_by=0.0, wraps=0):
    """A call in which Ada is shown exactly ``AGE`` after she was captured, at every sample.

    ``lost`` sequences never arrive; ``frozen`` frames show what was shown 100 ms before; ``absent``
    frames do not show her; ``off_by`` metres moves what is shown.
    """
    ada = Settings(link="", name="Ada", seed=1, clock_offset_ns=HOURS, clock_drift_ppm=100.0)
    source = make_source(ada, 1, EPOCH)
    captured, received = captured_columns(), received_columns()
    for i in range(FRAMES):
        machine = BEGIN + i * PERIOD
        captured.add(i, ada.clock.from_machine_ns(machine) // 1000 * 1000, machine, 100, 0)
        if i not in lost:
            received.add(2, i, machine + MILLISECOND, 100)
    times = captured.arrays()["capture_ns"]
    about = About(settings=ada, stream=2, seat=1, epoch_ns=EPOCH, peers={"1": "data (direct)"})
    save_log(
        folder,
        "Ada",
        about,
        **prefixed("captured", captured),
        **prefixed("received", received_columns()),
    )
    me = About(
        settings=Settings(link="", name="You"),
        stream=1,
        seat=0,
        epoch_ns=0,
        peers={"2": "data (direct)"},
    )
    save_log(
        folder,
        "You",
        me,
        **prefixed("captured", captured_columns()),
        **prefixed("received", received),
    )

    frames, shown, positions, rotations = frame_columns(), shown_columns(), [], []
    for i in range(FRAMES):
        display = BEGIN + i * PERIOD + AGE
        frames.add(display - 17 * MILLISECOND, display, PERIOD, display - 1, 7 * MILLISECOND)
        if i in absent:
            continue
        on_show = i - 5 if i in frozen else i
        sample = source.sample(int(times[on_show]))
        wire_time = int(times[on_show]) - wraps * CAPTURE_PERIOD * 1000
        shown.add(display, 2, on_show, on_show, 0.0, 0, wire_time, 55 * MILLISECOND, 1.0)
        positions.append(sample.root_position + np.array([off_by, 0.0, 0.0]))
        rotations.append(sample.rotations)
    view = ViewAbout(
        runtime="Nothing 1.0", render_size=(594, 640), still_size=(980, 1056), renderer="by hand"
    )
    save_log(
        folder,
        "You-view",
        view,
        **prefixed("frames", frames),
        **prefixed("shown", shown),
        poses_positions=np.array(positions),
        poses_rotations=np.array(rotations),
    )


def report(folder):
    return call_report(folder, "You", ["You", "Ada"])


def test_a_perfect_call_has_the_latency_that_it_had_and_no_error(tmp_path):
    write_call(tmp_path)
    r = report(tmp_path)
    assert r["capture_to_display_ms"] == {"p50": 60.0, "p95": 60.0, "p99": 60.0}
    assert r["error_mm"] == {"p50": 0.0, "p95": 0.0}
    assert r["freeze_ratio"] == 0.0
    assert r["display_interval_ms"] == 20.0
    assert r["render_fps"] == 50.0
    assert r["prediction_lead_ms"] == 17.0
    assert r["cpu_ms_per_frame"]["p95"] == 7.0
    assert r["playout_estimate_ms"] == 55.0
    ada = r["participants"][1]
    assert (ada["name"], ada["carrier"]) == ("Ada", "data (direct)")
    assert (ada["sent"], ada["received"], ada["lost"]) == (FRAMES, FRAMES, 0)
    assert ada["bytes_mean"] == 100.0


def test_loss_is_counted_between_the_first_and_the_last_that_came(tmp_path):
    write_call(tmp_path, lost={0, 50, 51, 120})
    ada = report(tmp_path)["participants"][1]
    assert (ada["sent"], ada["received"], ada["lost"]) == (FRAMES - 1, FRAMES - 4, 3)


def test_frozen_and_missing_people_both_count_as_frozen(tmp_path):
    write_call(tmp_path, frozen={20, 21, 22}, absent={30})
    assert report(tmp_path)["freeze_ratio"] == pytest.approx(4 / FRAMES)


def test_what_is_shown_wrongly_is_an_error_of_its_size(tmp_path):
    write_call(tmp_path, off_by=0.007)
    assert report(tmp_path)["error_mm"] == {"p50": 7.0, "p95": 7.0}


def test_the_wires_wrapped_times_are_told_by_the_senders_log(tmp_path):
    write_call(tmp_path, wraps=3)
    assert report(tmp_path)["error_mm"]["p95"] == 0.0


def test_nobody_shown_and_a_missing_log_are_said_so(tmp_path):
    write_call(tmp_path, absent=set(range(FRAMES)))
    with pytest.raises(UsageError, match="Ada was never shown"):
        report(tmp_path)
    with pytest.raises(UsageError, match="is not a whole call log"):
        call_report(tmp_path, "You", ["You", "Ben"])


def test_columns_keep_integers_whole():
    columns = Columns("time", "share")
    columns.add(2**62 + 1, 0.5)
    arrays = columns.arrays()
    assert arrays["time"][0] == 2**62 + 1
    assert arrays["share"].dtype == np.float64
    assert Columns("a").arrays()["a"].shape == (0,)
