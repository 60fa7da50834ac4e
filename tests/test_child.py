"""How a child process ends, and what it said last."""

import signal
import subprocess
import sys
import tempfile

from presence.child import end_child, last_words


def started(code, **options):
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options
    )
    assert child.stdout.readline() == b"here\n"
    child.stdout.close()
    return child


SAYS_HERE = "import sys; print('here', flush=True); "


def test_who_heeds_the_end_of_its_input_ends_by_itself():
    child = started(SAYS_HERE + "sys.stdin.read(); sys.exit(7)")
    end_child(child, 60.0)
    assert child.returncode == 7


def test_who_does_not_is_killed():
    child = started(SAYS_HERE + "import time; time.sleep(600)")
    end_child(child, 0.05)
    assert child.returncode == -signal.SIGKILL


def test_who_has_ended_is_no_matter():
    child = started(SAYS_HERE)
    child.wait(60.0)
    child.stdin.write(b"unheard")
    end_child(child, 60.0)
    assert child.returncode == 0


def test_the_last_words_are_the_end_of_what_was_said():
    with tempfile.TemporaryFile() as file:
        assert last_words(file) == ""
        child = started(
            SAYS_HERE + "sys.stderr.write('much ' * 2000 + '\\n\\N{SNOWMAN} is wrong\\n\\n')",
            stderr=file,
        )
        end_child(child, 60.0)
        words = last_words(file)
        assert words.endswith("\n\N{SNOWMAN} is wrong")
        assert len(words) < 4200


def test_words_that_begin_in_the_middle_of_a_letter_are_read_all_the_same():
    with tempfile.TemporaryFile() as file:
        file.write("\N{SNOWMAN}".encode() * 2000)
        file.flush()
        assert last_words(file).endswith("\N{SNOWMAN}")
