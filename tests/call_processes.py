"""Whole calls between processes: a host and participants, as people start them, or with faults."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from presence.client.logs import About, Log
from presence.client.settings import Settings

_FAULTY = Path(__file__).parent / "faulty_participant.py"
_IMPATIENT = Path(__file__).parent / "impatient_participant.py"


class Call:
    """A room host and its participants, each a process. State: the processes, and what they say."""

    def __init__(self, stack, folder):
        self._stack = stack
        self._folder = folder
        self._count = 0
        self._link_file = folder / "link"
        self.host = self._host("--bind", "127.0.0.1", "--port", "0")
        self.link = self._link_file.read_text().strip()

    def _host(self, *arguments):
        self._link_file.unlink(missing_ok=True)
        host = self._start("presence", "host", *arguments, "--link-file", str(self._link_file))[0]
        until(self._link_file.is_file, "the host to open the room")
        return host

    def restart_host(self):
        """Begin the host anew after it was killed."""
        self.host = self._host("--bind", "127.0.0.1", "--link", self.link)

    def _start(self, module, *arguments, stdin=subprocess.DEVNULL):
        self._count += 1
        output = self._folder / f"{self._count}.jsonl"
        command = [str(module)] if isinstance(module, Path) else ["-m", module]
        process = subprocess.Popen(
            [sys.executable, *command, *arguments],
            stdout=self._stack.enter_context(output.open("w")),
            stderr=subprocess.STDOUT,
            stdin=stdin,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        if process.stdin is not None:
            self._stack.callback(process.stdin.close)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process, output

    def join(self, name, *arguments, by="presence"):
        return self._start(by, "join", self.link, "--name", name, "--status", "lines", *arguments)

    def join_impatient(self, name, *arguments):
        """A participant who does not wait long for a camera."""
        return self.join(name, *arguments, by=_IMPATIENT)

    def join_faulty(self, name, **settings):
        """A participant to whom :func:`tell` can say what is to go wrong."""
        settings = Settings(link=self.link, name=name, view="none", **settings)
        text = msgspec.json.encode(settings).decode()
        return self._start(_FAULTY, text, stdin=subprocess.PIPE)


def tell(process, **fault):
    """Tell a participant that :meth:`Call.join_faulty` started what is to go wrong."""
    process.stdin.write(json.dumps(fault) + "\n")
    process.stdin.flush()


def statuses(output):
    """Everything that a participant has said of itself so far."""
    # The last line may not be whole yet.
    lines = output.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines if line.startswith("{")]


def names(status):
    """Whom a participant has in the room."""
    return sorted(peer["name"] for peer in status["peers"])


def arrivals(folder, name):
    """By stream: when frames were decoded, nanoseconds by the machine's clock, and which."""
    received = Log(folder, name).table("received")
    return {
        int(stream): (
            received["arrival_machine_ns"][received["stream"] == stream],
            received["sequence"][received["stream"] == stream],
        )
        for stream in np.unique(received["stream"])
    }


def stream_of(folder, name):
    """Which stream somebody was at the end."""
    return Log(folder, name).about(About).stream


def last_status(output):
    said = statuses(output)
    return said[-1] if said else {"peers": []}


def hears(output, name):
    """Frames that a participant has had of another; 0 when they are not here."""
    return {p["name"]: p["received"] for p in last_status(output)["peers"]}.get(name, 0)


def until(condition, what, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.05)
