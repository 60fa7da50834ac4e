"""Whole calls between processes: a host and participants, as people start them."""

import json
import os
import subprocess
import sys
import time


class Call:
    """A room host and its participants, each a process. State: the processes, and what they say."""

    def __init__(self, stack, folder):
        self._stack = stack
        self._folder = folder
        self._count = 0
        link_file = folder / "link"
        self.host = self._start(
            "host", "--bind", "127.0.0.1", "--port", "0", "--link-file", str(link_file)
        )[0]
        until(link_file.is_file, "the host to open the room")
        self.link = link_file.read_text().strip()

    def _start(self, *arguments):
        self._count += 1
        output = self._folder / f"{self._count}.jsonl"
        process = subprocess.Popen(
            [sys.executable, "-m", "presence", *arguments],
            stdout=self._stack.enter_context(output.open("w")),
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process, output

    def join(self, name, *arguments):
        return self._start("join", self.link, "--name", name, "--status", "lines", *arguments)


def last_status(output):
    lines = [line for line in output.read_text().splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {"peers": []}


def hears(output, name):
    """Frames that a participant has had of another; 0 when they are not here."""
    return {p["name"]: p["received"] for p in last_status(output)["peers"]}.get(name, 0)


def until(condition, what, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.05)
