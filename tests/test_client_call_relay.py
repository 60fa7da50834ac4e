"""Whole calls that go over to a relay which the host begins, and what faults cost them."""

import json
import os
import signal
import time
from contextlib import ExitStack

import numpy as np
import pytest
from call_processes import Call, arrivals, hears, last_status, stream_of, until

from presence.client.logs import Log
from presence.resources import state_folder


class RelayedCall(Call):
    """A call in a room that goes by its relay when more than two are in it."""

    OPTIONS = ("--relay-above", "2")

    def _host(self, *arguments):
        return super()._host(*arguments, *self.OPTIONS)

    @property
    def relay(self):
        """What is written down of the relay, or None."""
        for file in state_folder().glob("relay-*.json"):
            begun = json.loads(file.read_text())
            try:
                os.kill(begun["pid"], 0)
            except OSError:
                continue
            return begun
        return None


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setenv("PRESENCE_STATE", str(tmp_path / "state"))
    with ExitStack() as stack:
        new = RelayedCall(stack, tmp_path)

        def end_relay():
            if new.relay is not None:
                os.kill(new.relay["pid"], signal.SIGKILL)

        stack.callback(end_relay)
        yield new


def carriers(output):
    return {peer["name"]: peer["carrier"] for peer in last_status(output).get("peers", [])}


def all_by(output, way, count):
    found = carriers(output)
    return len(found) == count and all(c.startswith(way) for c in found.values())


def lateness(folder, sender, receiver, since_ns, until_ns):
    """Of the frames captured within those times: the share that never came, and how late the latest
    2 % were, milliseconds."""
    captured = Log(folder, sender).table("captured")
    made_ns = captured["capture_machine_ns"]
    within = (made_ns > since_ns) & (made_ns < until_ns)
    made = dict(zip(captured["sequence"][within], made_ns[within], strict=True))
    came_ns, sequences = arrivals(folder, receiver)[stream_of(folder, sender)]
    came = dict(zip(sequences, came_ns, strict=True))
    late_ns = [came[sequence] - made[sequence] for sequence in made if sequence in came]
    return 1.0 - len(late_ns) / len(made), float(np.percentile(late_ns, 98)) / 1e6


@pytest.mark.slow
def test_a_call_that_grows_goes_over_to_a_relay_and_back_without_a_freeze(call, tmp_path):
    log = tmp_path / "log"
    ada, ada_says = call.join("Ada", "--view", "none", "--log", str(log))
    ben, ben_says = call.join("Ben", "--view", "none", "--log", str(log))
    until(lambda: hears(ada_says, "Ben") > 60 and hears(ben_says, "Ada") > 60, "hearing")
    assert all_by(ada_says, "rtp", 1)
    assert call.relay is None
    began_ns = time.monotonic_ns()
    cleo, cleo_says = call.join("Cleo", "--view", "none")
    outputs = ada_says, ben_says, cleo_says
    until(lambda: all(all_by(o, "relay", 2) for o in outputs), "all to go by the relay")
    until(lambda: hears(cleo_says, "Ada") > 60 and hears(ada_says, "Cleo") > 60, "hearing Cleo")
    cleo.send_signal(signal.SIGINT)
    assert cleo.wait(10) == 0
    # One fewer is not enough to go back: whoever comes and goes moves nobody.
    time.sleep(1.0)
    assert all_by(ada_says, "relay", 1)
    ended_ns = time.monotonic_ns()
    ada.send_signal(signal.SIGINT)
    assert ada.wait(10) == 0
    until(lambda: not carriers(ben_says), "Ben to be alone")
    ben.send_signal(signal.SIGINT)
    assert ben.wait(10) == 0
    lost, late_ms = lateness(log, "Ben", "Ada", began_ns, ended_ns)
    # Both ways are open meanwhile, so nothing is lost but what a newer frame overtook, and what is
    # late is so, because several processes begin on however few cores.
    assert lost < 0.01
    assert late_ms < 100.0
    call.host.send_signal(signal.SIGINT)
    call.host.wait(10)


@pytest.mark.slow
def test_a_relay_that_is_killed_is_begun_again_and_the_host_may_be_away_meanwhile(call):
    outputs = [call.join(name, "--view", "none")[1] for name in ("Ada", "Ben", "Cleo")]
    until(lambda: all(all_by(o, "relay", 2) for o in outputs), "all to go by the relay")
    first = call.relay["pid"]
    os.kill(first, signal.SIGKILL)
    killed = time.monotonic()
    before = {o: hears(o, name) for o, name in zip(outputs, ("Ben", "Ada", "Ada"), strict=True)}
    until(
        lambda: all(
            hears(o, name) > before[o] + 60
            for o, name in zip(outputs, ("Ben", "Ada", "Ada"), strict=True)
        ),
        "everybody to be heard again",
    )
    assert time.monotonic() - killed < 8.0
    until(lambda: all(all_by(o, "relay", 2) for o in outputs), "all to be back at the relay")
    second = call.relay["pid"]
    assert second != first
    # The relay outlives the host, and whoever opens the room again finds it.
    call.host.send_signal(signal.SIGKILL)
    call.host.wait(10)
    time.sleep(1.0)
    assert all(all_by(o, "relay", 2) for o in outputs)
    call.restart_host()
    dave_says = call.join("Dave", "--view", "none")[1]
    until(lambda: all_by(dave_says, "relay", 3), "Dave to come by the relay")
    assert call.relay["pid"] == second


@pytest.mark.slow
def test_path_relay_takes_no_other_way_and_a_host_that_has_none_says_so(call):
    _, ada_says = call.join("Ada", "--view", "none")
    _, ben_says = call.join("Ben", "--view", "none", "--path", "relay")
    until(lambda: all(all_by(o, "relay", 1) for o in (ada_says, ben_says)), "the relay")
    until(lambda: hears(ada_says, "Ben") > 30 and hears(ben_says, "Ada") > 30, "hearing")


@pytest.mark.slow
def test_a_host_without_a_relay_says_so_to_whom_it_matters(call):
    call.host.send_signal(signal.SIGKILL)
    call.OPTIONS = ("--relay", "none")
    call.restart_host()
    call.join("Ada", "--view", "none")
    _, ben_says = call.join("Ben", "--view", "none", "--path", "relay")
    until(lambda: "has no relay" in str(carriers(ben_says)), "Ben to be told")
