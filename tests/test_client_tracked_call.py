"""Calls in which somebody is followed by other programs or a camera, between processes."""

import socket
import threading
import time
from contextlib import ExitStack, closing

import pytest
from call_processes import Call, hears, last_status, until

from presence.tracking.performer import Performer
from presence.tracking.programs.vmc_out import open_vmc_out


@pytest.fixture
def call(tmp_path):
    with ExitStack() as stack:
        yield Call(stack, tmp_path)


class Program:
    """A program that tracks somebody and sends VMC, sixty times a second, until it is stopped."""

    def __init__(self, address):
        self._person = Performer(3)
        self._out = open_vmc_out(address, self._person.proportions)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self):
        while not self._stop.wait(1.0 / 60.0):
            self._out.send(self._person.sample(time.monotonic_ns()))

    def close(self):
        self._stop.set()
        self._thread.join()
        self._out.close()


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.mark.slow
def test_whom_another_program_tracks_is_in_the_room_and_does_not_freeze_when_it_ends(call):
    address = f"127.0.0.1:{free_udp_port()}"
    _, ada_says = call.join("Ada", "--view", "none")
    ben, ben_says = call.join("Ben", "--view", "none", "--as", "vmc", "--vmc", address,
                              "--microphone", "none")  # fmt: skip
    # Until the program sends, Ben is told so and stands at rest: the others see him all the same.
    until(lambda: hears(ada_says, "Ben") > 30, "Ben at rest to be seen")
    until(lambda: "VMC" in last_status(ben_says).get("note", ""), "Ben to be told")
    with closing(Program(address)):
        until(
            lambda: "VMC" not in last_status(ben_says).get("note", ""), "what was wrong to be over"
        )
        at_first = hears(ada_says, "Ben")
        until(lambda: hears(ada_says, "Ben") > at_first + 60, "Ben to move")
    until(lambda: "VMC" in last_status(ben_says).get("note", ""), "Ben to be told that it ended")
    at_first = hears(ada_says, "Ben")
    until(lambda: hears(ada_says, "Ben") > at_first + 60, "Ben to be seen on")
    ben.terminate()
    assert ben.wait(10) == 0, ben_says.read_text()
    assert "Traceback" not in ben_says.read_text()


def test_a_camera_that_is_not_there_is_a_sentence(call):
    wrong, says = call.join_impatient("Ada", "--view", "none", "--as", "camera",
                                      "--camera", "nobody's", "--microphone", "none")  # fmt: skip
    assert wrong.wait(60) == 1
    assert "camera" in says.read_text().splitlines()[-1]
    assert "Traceback" not in says.read_text()


def test_a_port_that_is_taken_is_a_sentence(call):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        wrong, says = call.join("Ada", "--view", "none", "--as", "vmc", "--vmc", address,
                                "--microphone", "none")  # fmt: skip
        assert wrong.wait(20) == 2
        assert "Traceback" not in says.read_text()
