"""That whoever waits for the codec is told so, and nobody else."""

import threading
import time

import pytest

from presence.client import media, preparing
from presence.client.media import take_part
from presence.client.preparing import WORDS, prepare_loops
from presence.client.settings import Settings
from presence.errors import PresenceError


@pytest.fixture
def slow(monkeypatch):
    """Preparing takes until it was told of, or ten seconds."""
    told = threading.Event()
    monkeypatch.setattr(preparing, "TELL_AFTER_S", 0.01)
    monkeypatch.setattr(preparing, "_make_ready", lambda: told.wait(10.0))
    return told


def test_who_waits_long_is_told_why_once(slow):
    said = []

    def tell(words):
        said.append(words)
        slow.set()

    prepare_loops(tell)
    assert said == [WORDS]


def test_who_does_not_wait_is_told_nothing(monkeypatch):
    monkeypatch.setattr(preparing, "TELL_AFTER_S", 0.05)
    monkeypatch.setattr(preparing, "_make_ready", lambda: None)
    said = []
    prepare_loops(said.append)
    time.sleep(0.1)
    assert said == []


def test_a_participant_says_it_before_joining(slow, monkeypatch):
    class JoinedError(PresenceError):
        pass

    def join(*_):
        raise JoinedError

    monkeypatch.setattr(media, "Media", join)
    statuses = []

    def on_status(status):
        statuses.append(status)
        slow.set()

    with pytest.raises(JoinedError):
        take_part(Settings(link="", name="Ada", view="none"), on_status)
    assert [(s.name, s.phase, s.note) for s in statuses] == [("Ada", "joining", WORDS)]
