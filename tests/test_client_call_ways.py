"""Whole calls over networks that keep people apart: a host, participants, a TURN server."""

import os
import subprocess
import sys
from contextlib import ExitStack

import pytest
from call_processes import hears, last_status, until
from networks import internet
from turn_server import turn_server

TURN, HOST = "203.0.113.10", "203.0.113.20"

NO_UDP = """
table ip shut {
  chain c {
    type filter hook forward priority 0;
    meta l4proto udp drop
  }
}
"""


class Call:
    """A room host on the internet, and participants at home. State: processes and what they say."""

    def __init__(self, stack, folder):
        self._stack = stack
        self._folder = folder
        self.net = stack.enter_context(internet())
        self.turn = stack.enter_context(
            turn_server(self.net.machine("turn", f"{TURN}/24"), [TURN], folder)
        )
        self.host = self.net.machine("host", f"{HOST}/24")
        self.link_file = folder / "link"

    def open_room(self, *options):
        self.link_file.unlink(missing_ok=True)
        where = () if "--link" in options else ("--port", "8440")
        arguments = ["host", *where, "--link-file", str(self.link_file), *options]
        process, _ = self._start(self.host, "host", arguments)
        until(self.link_file.is_file, "the host to open the room")
        self.link = self.link_file.read_text().strip()
        return process

    def join(self, machine, name, *options):
        arguments = ["join", self.link, "--name", name, "--view", "none", "--status", "lines"]
        return self._start(machine, name, [*arguments, *options])[1]

    def _start(self, machine, name, arguments):
        output = self._folder / f"{name}.jsonl"
        file = self._stack.enter_context(output.open("a"))
        process = machine.start(
            [sys.executable, "-m", "presence", *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process, output


def over(output, name):
    """What a participant says of the way to another."""
    return {p["name"]: p["carrier"] for p in last_status(output)["peers"]}.get(name, "not there")


@pytest.fixture
def call(tmp_path):
    with ExitStack() as stack:
        yield Call(stack, tmp_path)


@pytest.mark.slow
def test_a_call_over_a_turn_server_survives_its_death_and_its_return(call):
    secret = ["--turn", TURN, "--turn-secret-file", str(call.turn.secret_file)]
    call.open_room(*secret)
    ada = call.join(call.net.home("ada", 1, "symmetric")[0], "Ada", "--path", "turn")
    ben = call.join(call.net.home("ben", 2, "symmetric")[0], "Ben", "--path", "turn")
    until(lambda: hears(ada, "Ben") > 60 and hears(ben, "Ada") > 60, "hearing each other")
    assert "(relayed, udp)" in over(ada, "Ben")
    assert "(relayed, udp)" in over(ben, "Ada")
    call.turn.kill()
    until(lambda: "nothing listens at the TURN server's port" in over(ben, "Ada"), "being told")
    call.turn.start()
    before = hears(ada, "Ben"), hears(ben, "Ada")
    until(
        lambda: hears(ada, "Ben") > before[0] + 60 and hears(ben, "Ada") > before[1] + 60,
        "hearing each other again",
    )
    assert "(relayed, udp)" in over(ada, "Ben")


@pytest.mark.slow
def test_where_no_udp_passes_a_call_goes_through_the_host_and_survives_its_restart(call):
    host = call.open_room()
    (ada_home, ada_router), (ben_home, _) = (
        call.net.home("ada", 1, "cone"),
        call.net.home("ben", 2, "cone"),
    )
    ada_router.firewall(NO_UDP)
    ada = call.join(ada_home, "Ada")
    ben = call.join(ben_home, "Ben", "--seed", "2")
    until(lambda: hears(ada, "Ben") > 60 and hears(ben, "Ada") > 60, "hearing each other", 60.0)
    assert over(ada, "Ben") == over(ben, "Ada") == "websocket"
    host.kill()
    host.wait()
    call.open_room("--link", call.link)
    before = hears(ada, "Ben"), hears(ben, "Ada")
    until(
        lambda: hears(ada, "Ben") > before[0] + 60 and hears(ben, "Ada") > before[1] + 60,
        "hearing each other again",
        60.0,
    )
    assert over(ada, "Ben") == over(ben, "Ada") == "websocket"
