"""The process of a host's own relay: begun, found again, and ended, whatever it does."""

import asyncio
import os
import sys
import time

import pytest

from presence.errors import HostError
from presence.host import relay_process
from presence.host.relay_process import RelayProcess


@pytest.fixture
def relay(tmp_path, monkeypatch):
    """Makes a host's relay out of a shell's commands."""

    def make(commands):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{commands}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))
        return RelayProcess("a room", "a key", bind=None, port=0, tls=None, folder=tmp_path)

    return make


def gone(pid):
    """Whether a process has ended, within a while."""
    for _ in range(600):
        try:
            os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.05)
    return False


def begun(one):
    return one._read().pid


def test_the_port_is_what_the_relay_says_and_it_runs_until_it_is_ended(relay):
    one = relay("echo relaying on port 4711; exec sleep 600")
    assert one.port is None
    assert asyncio.run(one.begin()) == 4711
    assert one.port == 4711
    pid = begun(one)
    one.end()
    assert one.port is None
    assert gone(pid)


def test_a_relay_that_ends_at_once_says_why(relay):
    with pytest.raises(HostError, match="the port is mined"):
        asyncio.run(relay("echo the port is mined >&2; exit 1").begin())


def test_a_relay_that_never_says_anything_is_ended(relay, tmp_path, monkeypatch):
    monkeypatch.setattr(relay_process, "_BEGIN_S", 0.3)
    one = relay(f"echo $$ > {tmp_path}/pid; exec sleep 600")
    with pytest.raises(HostError, match="it said nothing"):
        asyncio.run(one.begin())
    assert gone(int((tmp_path / "pid").read_text()))


def test_one_that_was_begun_before_but_answers_nobody_is_not_taken_for_the_relay(relay):
    before = relay("echo relaying on port 9; exec sleep 600")
    asyncio.run(before.begin())
    after = relay("echo relaying on port 4712; exec sleep 600")
    assert asyncio.run(after.begin()) == 4712
    pids = before._begun.pid, begun(after)
    before.end()
    after.end()
    assert all(gone(pid) for pid in pids)


def test_a_number_that_nobody_has_is_no_process():
    assert relay_process._runs(os.getpid())
    assert not relay_process._runs(2**22 + 1)
