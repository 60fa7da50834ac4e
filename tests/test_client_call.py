"""Whole calls between processes: a host, participants, real WebRTC."""

import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from call_processes import Call, hears, last_status, until


@pytest.fixture
def call(tmp_path):
    with ExitStack() as stack:
        yield Call(stack, tmp_path)


@pytest.mark.slow
def test_two_hear_each_other_and_one_who_is_killed_is_gone_within_four_seconds(call):
    _, ada_says = call.join("Ada", "--view", "none")
    ben, ben_says = call.join("Ben", "--view", "none", "--seed", "2")
    until(lambda: hears(ada_says, "Ben") > 60 and hears(ben_says, "Ada") > 60, "hearing")

    ben.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    # Somebody who is lost fades from 3 s and is gone by 4; the status comes twice a second, and
    # half a second is for a busy machine.
    until(lambda: not last_status(ada_says)["peers"], "Ben to be gone", seconds=5.0)
    assert time.monotonic() - killed > 3.0


@pytest.mark.slow
def test_ctrl_c_ends_everyone_in_order_and_a_leaver_is_gone_at_once(call):
    ada, ada_says = call.join("Ada", "--view", "none")
    ben, ben_says = call.join("Ben", "--view", "none")
    until(lambda: hears(ada_says, "Ben") and hears(ben_says, "Ada"), "hearing")
    ben.send_signal(signal.SIGINT)
    assert ben.wait(10) == 0, ben_says.read_text()
    until(lambda: not last_status(ada_says)["peers"], "Ben to be gone", seconds=2.0)
    ada.send_signal(signal.SIGTERM)
    call.host.send_signal(signal.SIGINT)
    assert ada.wait(10) == 0, ada_says.read_text()
    call.host.wait(10)
    assert "Traceback" not in ada_says.read_text() + ben_says.read_text()


def test_what_is_wrong_is_said_in_a_sentence(call):
    wrong, says = call.join("Ada", "--view", "none", "--as", "file", "--motion", "nowhere.bvh")
    assert wrong.wait(20) == 2
    words = says.read_text()
    assert "nowhere.bvh" in words
    assert "Traceback" not in words
    nobody = subprocess.run(
        [sys.executable, "-m", "presence", "join", "http://127.0.0.1:9/r/x#y", "--view", "none"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert nobody.returncode == 1
    assert "presence host" in nobody.stderr
    assert "Traceback" not in nobody.stderr


@pytest.mark.slow
def test_one_with_another_secret_hears_nobody_and_is_told_why(call):
    _, ada_says = call.join("Ada", "--view", "none")
    until(lambda: last_status(ada_says).get("phase") == "waiting", "Ada to be in the room")
    call.link = f"{call.link.partition('#')[0]}#guessed"
    _, eve_says = call.join("Eve", "--view", "none")
    for output, other in ((ada_says, "Eve"), (eve_says, "Ada")):
        until(lambda o=output: last_status(o)["peers"], "them to be shown")
        (peer,) = last_status(output)["peers"]
        assert peer["carrier"].startswith(f"not let in: {other} does not know the secret")
        assert peer["received"] == 0
    until(lambda: last_status(eve_says).get("note"), "Eve to be told")
    assert "nobody here has your link" in last_status(eve_says)["note"]


@pytest.mark.slow
def test_one_who_is_told_a_code_comes_in_without_the_secret_and_a_guess_does_not(call):
    _, ada_says = call.join("Ada", "--view", "none", "--invite")

    def code():
        return last_status(ada_says).get("note", "").partition("--code ")[2].partition(";")[0]

    until(code, "Ada to be shown a code")
    first = code()
    whole, call.link = call.link, call.link.partition("#")[0]
    assert whole not in last_status(ada_says)["note"]
    guess = f"{first.partition('-')[0]}-zebra-zebra"
    assert guess != first
    eve, eve_says = call.join("Eve", "--view", "none", "--code", guess)
    assert eve.wait(30) == 2
    assert "does not let you in" in eve_says.read_text()
    _, ben_says = call.join("Ben", "--view", "none", "--code", first)
    until(lambda: hears(ben_says, "Ada") > 30, "Ben to hear Ada")
    until(lambda: hears(ada_says, "Ben") > 30, "Ada to hear Ben")
    until(lambda: code() not in ("", first), "Ada to be shown another code")
