"""Whole calls while their networks change: a narrow link, one that goes down, another address."""

import itertools
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import numpy as np
import pytest
from call_processes import arrivals, hears, names, statuses, stream_of, until
from networks import internet

pytestmark = pytest.mark.slow
HOST, ADA, ADA_MOVED, BEN = "203.0.113.20", "203.0.113.50", "203.0.113.51", "203.0.113.60"
MTU = 1280


class Call:
    """A host and two participants, each on a machine of its own. State: their processes."""

    def __init__(self, stack, folder):
        self._stack = stack
        self._folder = folder
        net = stack.enter_context(internet())
        host = net.machine("host", f"{HOST}/24")
        self.machines = {
            name: net.machine(name.lower(), f"{address}/24")
            for name, address in (("Ada", ADA), ("Ben", BEN))
        }
        for machine in self.machines.values():
            machine.ip("link", "set", "eth", "mtu", str(MTU))
        link_file = folder / "link"
        self._start(host, "host", "host", "--address", HOST, "--link-file", str(link_file))
        until(link_file.is_file, "the host to open the room")
        link = link_file.read_text().strip()
        self.logs = folder / "logs"
        options = ["--view", "none", "--status", "lines", "--log", str(self.logs)]
        self.processes, self.says = {}, {}
        for name, machine in self.machines.items():
            self.processes[name], self.says[name] = self._start(
                machine, name, "join", link, "--name", name, *options
            )

    def _start(self, machine, name, *arguments):
        output = self._folder / f"{name}.jsonl"
        process = machine.start(
            [sys.executable, "-m", "presence", *arguments],
            stdout=self._stack.enter_context(output.open("w")),
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process, output

    def hear(self, more=0):
        return hears(self.says["Ada"], "Ben") > more and hears(self.says["Ben"], "Ada") > more

    def end(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGINT)
        for process in self.processes.values():
            assert process.wait(20) == 0


def longest_gap_s(times, begin_ns, end_ns):
    """The longest time without a frame, from the last one before the beginning on."""
    first = np.searchsorted(times, begin_ns) - 1
    return float(np.diff(times[first : np.searchsorted(times, end_ns)]).max()) / 1e9


@pytest.fixture
def call(tmp_path):
    with ExitStack() as stack:
        yield Call(stack, tmp_path)


def test_a_call_lives_through_a_narrow_link_that_goes_down_and_gets_another_address(call):
    until(lambda: call.hear(60), "hearing", 60.0)
    ada = call.machines["Ada"]
    time.sleep(1.0)
    marks = [time.monotonic_ns()]

    ada.ip("addr", "del", f"{ADA}/24", "dev", "eth")
    ada.ip("addr", "add", f"{ADA_MOVED}/24", "dev", "eth")
    ada.ip("route", "replace", "default", "via", "203.0.113.1")
    time.sleep(5.0)
    marks.append(time.monotonic_ns())

    ada.ip("link", "set", "eth", "down")
    time.sleep(2.0)
    ada.ip("link", "set", "eth", "up")
    time.sleep(6.0)
    marks.append(time.monotonic_ns())

    for name, other in (("Ada", "Ben"), ("Ben", "Ada")):
        seen = statuses(call.says[name])
        first = next(i for i, status in enumerate(seen) if names(status))
        # Neither gone nor twice, at any time.
        assert all(names(status) == [other] for status in seen[first:])
    call.end()
    for name, other in (("Ada", "Ben"), ("Ben", "Ada")):
        ((stream, (times, sequences)),) = arrivals(call.logs, name).items()
        assert stream == stream_of(call.logs, other)
        assert len(np.unique(sequences)) == len(sequences)
        moved, flapped = (
            longest_gap_s(times, begin, until_ns) for begin, until_ns in itertools.pairwise(marks)
        )
        # From the moment that the address was gone, and from the moment that it was down.
        assert moved < 2.5
        assert 1.9 < flapped < 2.0 + 2.5
