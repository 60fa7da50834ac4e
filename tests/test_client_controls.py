"""What a person does to the sound of a call: by keys, and remembered."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import termios

import pytest

from presence.client.controls import Controls
from presence.client.hearing import Adjusted
from presence.client.keys import reading_keys
from presence.client.loudness import AS_THEY_COME, Loudness, LoudnessBook
from presence.client.roster import Roster
from presence.wire.signalling import Identity, Member


class Told:
    """A conversation that only notes what it is told."""

    def __init__(self) -> None:
        self.muted = False
        self.pressed = 0
        self.told: list[Adjusted] = []

    def mute(self, muted: bool) -> None:
        self.muted = muted

    def press(self) -> None:
        self.pressed += 1

    def hear(self, told: Adjusted) -> None:
        self.told.append(told)


def member(stream: int, device: int) -> Member:
    identity = Identity(
        device=bytes([device]) * 32, agreement=bytes(32), signature=bytes(64), proof=bytes(32)
    )
    return Member(stream=stream, seat=stream, name=f"nr {stream}", identity=identity)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "presence" / "loudness.json"


def room(file, *members):
    roster, conversation = Roster(8), Told()
    roster.welcomed(members)
    controls = Controls(conversation, roster, LoudnessBook(file))
    controls.remember()
    return controls, conversation


def test_m_mutes_and_unmutes_oneself(file):
    controls, conversation = room(file, member(4, 1))
    controls.press("m")
    assert conversation.muted
    controls.press("m")
    assert not conversation.muted


def test_the_space_bar_talks(file):
    controls, conversation = room(file, member(4, 1))
    controls.press(" ")
    assert conversation.pressed == 1
    assert not conversation.muted


def test_somebody_is_chosen_and_made_louder_softer_and_silent(file):
    controls, conversation = room(file, member(4, 1), member(9, 2))
    controls.press("+")
    assert not conversation.told, "nobody was chosen"
    controls.press("2")
    assert controls.chosen == 9
    for _ in range(2):
        controls.press("+")
    assert controls.loudness(9).gain == pytest.approx(2.0)
    controls.press("-")
    controls.press("x")
    assert conversation.told[-1].stream == 9
    assert conversation.told[-1].loudness.silenced
    assert conversation.told[-1].loudness.gain == pytest.approx(2.0**0.5)
    controls.press("x")
    controls.press("-")
    assert conversation.told[-1].loudness == AS_THEY_COME
    assert controls.loudness(4) == AS_THEY_COME


def test_loudness_has_bounds_and_other_keys_do_nothing(file):
    controls, conversation = room(file, member(4, 1))
    for key in "9q?0\t":
        controls.press(key)
    assert controls.chosen is None
    controls.press("1")
    for _ in range(30):
        controls.press("+")
    assert controls.loudness(4).gain == 4.0
    for _ in range(60):
        controls.press("-")
    assert controls.loudness(4).gain == pytest.approx(1 / 16)
    assert len(conversation.told) < 40


def test_how_loud_somebody_is_is_remembered_by_their_device(file):
    controls, _ = room(file, member(4, 1))
    controls.press("1")
    controls.press("x")
    again, conversation = room(file, member(7, 2), member(8, 1))
    assert conversation.told == [Adjusted(8, Loudness(1.0, True))]
    assert again.loudness(7) == AS_THEY_COME


def test_who_left_is_chosen_no_more(file):
    controls, _ = room(file, member(4, 1), member(5, 2))
    controls.press("2")
    controls._roster.forget(5)
    controls.remember()
    assert controls.chosen is None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"00": {"gain": 1e9}}', b"[1]", b"\xff\xfe"])
def test_a_damaged_book_is_set_aside_and_said_so(file, damage, caplog):
    file.parent.mkdir()
    file.write_bytes(damage)
    controls, _ = room(file, member(4, 1))
    assert "was forgotten" in caplog.text
    assert file.with_name("loudness.json.damaged").read_bytes() == damage
    controls.press("1")
    controls.press("x")
    assert LoudnessBook(file).of(bytes([1]) * 32).silenced


def test_a_book_that_cannot_be_written_ends_no_call(tmp_path, caplog):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    controls, conversation = room(blocked / "loudness.json", member(4, 1))
    controls.press("1")
    controls.press("x")
    assert conversation.told[-1].loudness.silenced
    assert "forgotten after this call" in caplog.text


def test_keys_of_a_terminal_come_one_by_one_and_it_is_left_as_it_was(monkeypatch):
    leader, follower = pty.openpty()
    before = termios.tcgetattr(follower)
    monkeypatch.setattr(sys, "stdin", os.fdopen(follower, "r"))
    monkeypatch.setattr(os, "tcgetpgrp", lambda terminal: os.getpgrp())
    pressed: list[str] = []

    async def press() -> bool:
        with reading_keys(pressed.append) as read:
            for keys in (b"m", b"2+", b"\x1b[A", b"x"):
                os.write(leader, keys)
                await asyncio.sleep(0.05)
        return read

    assert asyncio.run(press())
    assert pressed == ["m", "2", "+", "x"]
    assert termios.tcgetattr(follower) == before
    sys.stdin.close()
    os.close(leader)


def test_without_a_terminal_there_are_no_keys(monkeypatch):
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)

        async def press() -> bool:
            with reading_keys(lambda key: None) as read:
                return read

        assert not asyncio.run(press())
    os.close(writer)
