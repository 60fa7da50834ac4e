"""Clocks."""

import ast
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import presence
from presence.clock import SECOND, ManualClock, MonotonicClock, SkewedClock

HOUR = 3600 * SECOND
skewed = st.builds(
    SkewedClock,
    offset_ns=st.integers(-48 * HOUR, 48 * HOUR),
    drift_ppm=st.floats(-500.0, 500.0),
)
# Doubles hold every nanosecond of the first three months since a machine started.
machine_times = st.integers(0, 2000 * HOUR)


@given(skewed, machine_times)
def test_a_time_goes_to_a_skewed_clock_and_back_within_a_nanosecond(clock, machine_ns):
    there = clock.from_machine_ns(machine_ns)
    assert isinstance(there, int)
    assert abs(clock.to_machine_ns(there) - machine_ns) <= 1


@given(skewed, machine_times, st.integers(1, HOUR))
def test_a_skewed_clock_never_goes_backwards(clock, machine_ns, step_ns):
    assert clock.from_machine_ns(machine_ns + step_ns) >= clock.from_machine_ns(machine_ns)


def test_drift_is_in_millionths_and_offset_in_nanoseconds():
    clock = SkewedClock(offset_ns=5 * HOUR, drift_ppm=100.0)
    assert clock.from_machine_ns(0) == 5 * HOUR
    assert clock.from_machine_ns(10 * SECOND) - clock.from_machine_ns(0) == 10 * SECOND + 1_000_000


def test_the_skewed_and_the_real_clock_read_the_machines():
    before = time.monotonic_ns()
    real = MonotonicClock().now_ns()
    skewed_now = SkewedClock(offset_ns=7).now_ns()
    after = time.monotonic_ns()
    assert before <= real <= after
    assert before <= skewed_now - 7 <= after


def test_a_manual_clock_moves_only_by_hand_and_only_forward():
    clock = ManualClock(5)
    assert clock.now_ns() == clock.now_ns() == 5
    clock.advance(10)
    assert clock.now_ns() == 15
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    assert clock.now_ns() == 15


WALL_CLOCKS = {"time", "time_ns", "now", "utcnow", "today", "localtime", "gmtime"}
ALLOWED = {
    # The day on which somebody was measured, for people to read.
    "client/measures.py",
    # Whether a file was made after a question was asked: both by the file system's clock.
    "headset/monado.py",
    # Credentials for a TURN server run out at a time of day.
    "host/server.py",
    # So does an admission to a relay.
    "relay/door.py",
    "bench/relay.py",
    "bench/relay_churn.py",
    # Whether a file is older than a day, by the file system's clock.
    "host/kept_places.py",
    # aiortc stamps by it what SCTP sends; a leap says too much, or nothing, of what is on its way
    # at that moment, and of nothing later.
    "transport/data_channel.py",
}


def wall_clock_readers():
    """The modules that read a clock which somebody may set, or which follows the sun."""
    package = Path(presence.__file__).parent
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(value=ast.Name("time" | "datetime" | "date"), attr=read):
                    found = read in WALL_CLOCKS
                case ast.Attribute(attr="CLOCK_REALTIME") | ast.Name("CLOCK_REALTIME"):
                    found = True
                case ast.ImportFrom(module="time", names=imported):
                    found = any(name.name in WALL_CLOCKS for name in imported)
                case _:
                    found = False
            if found:
                yield path.relative_to(package).as_posix()


def test_no_call_depends_on_a_clock_that_somebody_may_set():
    readers = set(wall_clock_readers())
    assert "headset/monado.py" in readers, "the search finds nothing any more"
    assert readers <= ALLOWED
