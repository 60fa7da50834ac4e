import asyncio
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from host_process import BASE_INSTALL, host_process

from presence.transport.signalling import SignallingClient
from presence.wire.signalling import Join

HOST = [sys.executable, "-m", "presence", "host", "--bind", "127.0.0.1"]


def test_the_base_install_alone_can_host_a_room(tmp_path):
    with host_process(tmp_path, "--port", "0", prelude=BASE_INSTALL) as (_, link):
        with urllib.request.urlopen(f"{link.origin}/healthz", timeout=5.0) as answer:
            assert answer.read() == b"ok\n"

        async def join():
            async with SignallingClient.connect(link, Join(name="Ada")) as client:
                return client.welcome.stream

        assert asyncio.run(join()) == 1


def test_the_base_install_of_the_test_above_really_lacks_the_rest():
    code = f"{BASE_INSTALL}\nimport numpy"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "not in the base install" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_host_with_people_in_its_room_ends_cleanly_within_two_seconds(tmp_path, number):
    with host_process(tmp_path, "--port", "0") as (process, link):

        async def be_there_while_it_ends():
            async with SignallingClient.connect(link, Join(name="Ada")):
                process.send_signal(number)
                asked = time.monotonic()
                code = await asyncio.to_thread(process.wait, 10.0)
                return code, time.monotonic() - asked

        code, took_s = asyncio.run(be_there_while_it_ends())
        printed, complained = process.communicate()
    assert code == 0
    assert took_s < 2.0
    assert complained == ""
    assert f"presence join {link}\n" in printed
    assert "Ada came; 1 person is in the room" in printed
    assert list(tmp_path.iterdir()) == []


def test_the_link_file_is_for_its_owner_alone(tmp_path):
    with host_process(tmp_path, "--port", "0"):
        assert (tmp_path / "link").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_a_sentence_with_its_cure(tmp_path):
    with host_process(tmp_path, "--port", "0") as (_, link):
        ended = subprocess.run(
            [*HOST, "--port", str(link.port)],
            capture_output=True,
            text=True,
            timeout=20.0,
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"presence: port {link.port} is taken")
    assert "--port 0" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--link", "nonsense"], "is no room link"),
        (["--link", "http://127.0.0.1:1/r/x", "--port", "0"], "leave --address and --port out"),
        (["--port", "0", "--link-file", "/nowhere/link"], "cannot be written"),
        (["--port", "0", "--address", "two words"], "no host name"),
    ],
    ids=["bad link", "link and port", "bad file", "bad address"],
)
def test_what_the_person_got_wrong_is_a_sentence(options, sentence):
    ended = subprocess.run(
        [*HOST, *options],
        capture_output=True,
        text=True,
        timeout=20.0,
    )
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
