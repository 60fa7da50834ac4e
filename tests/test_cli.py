"""The command line: sentences, not tracebacks."""

import io
import os
import subprocess
import sys

import pytest
from host_process import host_process
from rich.console import Console

from presence import cli
from presence.client.status import PeerStatus, Status, status_table
from presence.errors import HostError, LinkError


def run_with(monkeypatch, error):
    """What ``main`` does when a command raises an error; returns the exit code."""

    def command():
        raise error

    monkeypatch.setattr(cli, "app", command)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "code"),
    [(LinkError("[bold] is no link; copy it whole"), 2), (HostError("[bold] refused"), 1)],
)
def test_an_error_is_printed_as_a_sentence_with_its_exit_code(monkeypatch, capsys, error, code):
    assert run_with(monkeypatch, error) == code
    told = capsys.readouterr()
    assert told.err == f"presence: {error}\n"
    assert told.out == ""


def test_a_library_that_is_not_installed_is_named_with_its_cure(monkeypatch, capsys):
    missing = ModuleNotFoundError("No module named 'numpy.linalg'", name="numpy.linalg")
    assert run_with(monkeypatch, missing) == 1
    told = capsys.readouterr().err
    assert told.startswith("presence: numpy is not installed")
    assert "pip install 'presence[all]'" in told


@pytest.mark.parametrize(
    "fault", [IndexError("of ours"), ModuleNotFoundError("of ours", name="presence.nothing")]
)
def test_a_fault_of_ours_keeps_its_traceback(monkeypatch, fault):
    def command():
        raise fault

    monkeypatch.setattr(cli, "app", command)
    with pytest.raises(type(fault), match="of ours"):
        cli.main()


def test_ctrl_c_ends_with_130_and_says_nothing():
    script = (
        "from presence import cli\n"
        "@cli.app.command()\n"
        "def wait():\n"
        "    raise KeyboardInterrupt\n"
        "import sys\n"
        "sys.argv = ['presence', 'wait']\n"
        "cli.main()\n"
    )
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (child.returncode, child.stdout, child.stderr) == (130, "", "")


def test_the_module_is_the_command_and_tells_its_version():
    child = subprocess.run(
        [sys.executable, "-m", "presence", "--version"], capture_output=True, text=True
    )
    assert child.returncode == 0
    assert child.stdout.startswith("presence 0.")


ROOM = "http://127.0.0.1:9/r/ROOM#SECRET"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no-link"], "'no-link' is no room link"),
        ([ROOM, "--as", "file"], "add --motion FILE.bvh"),
        ([ROOM, "--as", "headset", "--view", "window"], "needs --view headset"),
        ([ROOM, "--motion", "a.bvh"], "--as file"),
        ([ROOM, "--face", "a.csv"], "--as file"),
        ([ROOM, "--name", " "], "1 to 40 printable characters"),
        ([ROOM, "--name", "x" * 41], "1 to 40 printable characters"),
        ([ROOM, "--name", "bell\a"], "1 to 40 printable characters"),
        ([ROOM, "--log", __file__], "name a folder"),
        ([ROOM, "--seed", str(1 << 32)], "--seed"),
        ([ROOM, "--seat", "256"], "--seat"),
        ([ROOM, "--seconds", "-1"], "--seconds"),
    ],
)
def test_what_a_person_got_wrong_is_said_before_anything_starts(
    monkeypatch, capsys, arguments, told
):
    monkeypatch.setattr("sys.argv", ["presence", "join", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    output = capsys.readouterr()
    assert ended.value.code == 2
    assert told in output.err
    assert output.out == ""


def test_a_file_that_is_none_is_said_before_the_room_is_entered(monkeypatch, capsys, tmp_path):
    clip = tmp_path / "clip.bvh"
    clip.write_bytes(bytes(range(256)))
    arguments = ["join", ROOM, "--as", "file", "--motion", str(clip), "--view", "none"]
    monkeypatch.setattr("sys.argv", ["presence", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    # The port of the link is closed; whoever had tried it would say so instead.
    assert ended.value.code == 2
    assert str(clip) in capsys.readouterr().err


@pytest.mark.parametrize("kept", ["thesis.txt", "pictures/left.png"])
def test_a_demo_empties_no_folder_that_holds_anything_else(monkeypatch, capsys, tmp_path, kept):
    (tmp_path / kept).parent.mkdir(exist_ok=True)
    (tmp_path / kept).write_text("dear to somebody")
    (tmp_path / "left.png").write_text("of a demo")
    monkeypatch.setattr("sys.argv", ["presence", "demo", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "would be emptied" in capsys.readouterr().err
    assert (tmp_path / kept).read_text() == "dear to somebody"


def test_a_window_without_a_screen_is_said_in_one_sentence(monkeypatch, tmp_path):
    pytest.importorskip("glfw")
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with host_process(tmp_path, "--port", "0") as (_, link):
        child = subprocess.run(
            [sys.executable, "-m", "presence", "join", str(link), "--view", "window"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
        )
    assert child.returncode == 1
    (sentence,) = child.stderr.splitlines()
    assert sentence.startswith("presence: the view failed: no screen was found")


@pytest.mark.parametrize("name", ["[/]", "[bold]x", "a\\", "[/dim]"])
def test_a_name_with_brackets_is_shown_as_it_is(name):
    peer = PeerStatus(name=name, carrier="data", round_trip_ms=None, kbps=1.0, received=1)
    status = Status(name=name, phase="in the call", peers=(peer,))
    console = Console(file=io.StringIO(), width=120)
    console.print(status_table([status], f"In the room as {name}"))
    assert console.file.getvalue().count(name) == 3


def test_what_is_wrong_is_shown_with_its_brackets():
    words = "pip install 'presence[camera]'"
    peer = PeerStatus(name="Ben", carrier=words, round_trip_ms=None, kbps=1.0, received=1)
    status = Status(name="Ada", phase="in the call", peers=(peer,), note=words)
    console = Console(file=io.StringIO(), width=160)
    console.print(status_table([status], "In the room"))
    assert console.file.getvalue().count(words) == 2


def test_who_has_to_hold_a_key_to_be_heard_is_told_so():
    console = Console(file=io.StringIO(), width=120)
    for released in (True, False):
        status = Status(name="Ada", phase="in the call", level=0.0, released=released)
        console.print(status_table([status], "In the room"))
    assert console.file.getvalue().count("hold space to talk") == 1


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ([], "add --microphone default"),
        (["--microphone", "default"], "run presence join in one"),
    ],
)
def test_push_to_talk_needs_a_microphone_and_a_terminal(options, cure):
    words = ["join", ROOM, "--push-to-talk", "--view", "none", *options]
    child = subprocess.run(
        [sys.executable, "-m", "presence", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert child.returncode == 2
    assert cure in child.stderr


def test_ctrl_c_while_the_command_is_being_loaded_ends_it_without_a_word():
    interrupted = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'presence.cli':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from presence.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
