"""The command line: sentences, not tracebacks."""

import subprocess
import sys

import pytest

from presence import cli
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
