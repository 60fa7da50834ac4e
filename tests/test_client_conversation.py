"""Voices through the thread between devices and loop, and what is heard where."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest

from presence.client.conversation import Conversation, open_conversation
from presence.client.devices import FixedDevices
from presence.client.hearing import Hearing
from presence.client.lines import RATE, lines
from presence.client.records import Came, Heard, Seated, Spoke, VoicePacket, Went
from presence.client.settings import Settings
from presence.client.talking import Talking
from presence.clock import MILLISECOND, SECOND, ManualClock, SkewedClock
from presence.codec import encode_profile
from presence.pose import PoseSample, default_proportions
from presence.pose.face import SHAPE_INDEX
from presence.pose.rigid import Rigid
from presence.voice.file_device import null_headphones, null_microphone, sound_microphone
from presence.voice.gate import Gate
from presence.voice.processing import NoProcessing
from presence.voice.sound_file import read_sound

BODY = default_proportions()
PROFILE = encode_profile(BODY)
PIECE_NS = 10 * MILLISECOND
EARS = Rigid.from_yaw(0.0, np.array([0.0, BODY.eye_height, 0.0]))
LISTENER, LEFT, RIGHT = 0, 2, 1
"""Seats: of three in a circle, who sits at the first sees the second on their right."""


def said(seconds: float, seat: int = 1):
    """What a performer says, as a microphone's blocks make it: packets and their stamps."""
    talking = Talking(NoProcessing(), Gate())
    microphone = sound_microphone("lines", lines(1, seat, 3, seconds), RATE, 0)
    packets, now_ns = [], 0
    while now_ns < seconds * SECOND:
        while (captured := microphone.read(now_ns)) is not None:
            packet = talking.take(captured, now_ns)
            if packet is not None:
                packets.append((now_ns, packet))
        now_ns += 5 * MILLISECOND
    return packets


@pytest.fixture(scope="module")
def packets():
    return said(14.0)


class Room:
    """A listener and two others who stand still. State: what was heard."""

    def __init__(self) -> None:
        self.hearing = Hearing()
        self.hearing.tell(Seated(LISTENER))
        for stream, seat in ((5, RIGHT), (6, LEFT)):
            self.hearing.tell(Came(stream, seat, "somebody", "", PROFILE))
        self.blocks, self.spoken, self.told_ns = [], [], []

    def run(self, packets, stream: int, *, waits=None, way_ns=30 * MILLISECOND):
        waiting = [(at + way_ns, n, packet) for n, (at, packet) in enumerate(packets)]
        frames, now_ns = 0, 0
        while waiting or now_ns < packets[-1][0] + SECOND:
            while waiting and waiting[0][0] <= now_ns:
                at, n, packet = waiting.pop(0)
                packet = VoicePacket(stream, n, packet.capture_ns, at, packet.opus)
                spoke = self.hearing.hear(packet)
                if spoke is not None:
                    self.spoken.append(spoke)
                    self.told_ns.append(now_ns)
            while frames * SECOND // 60 + way_ns <= now_ns:
                sample = PoseSample.at_rest(frames * SECOND // 60, BODY.hips_height)
                arrival_ns = frames * SECOND // 60 + way_ns
                self.hearing.tell(Heard(stream, frames, arrival_ns, sample))
                frames += 1
            play_ns = now_ns + 25 * MILLISECOND
            self.blocks.append(self.hearing.render(play_ns, now_ns, EARS, waits or {}))
            now_ns += PIECE_NS
        return np.concatenate(self.blocks)


@pytest.fixture
def room():
    """Makes rooms, and gives back what they hold."""
    made = []

    def make() -> Room:
        made.append(Room())
        return made[-1]

    yield make
    for one in made:
        one.hearing.close()


def levels(sound):
    return np.sqrt(np.mean(sound**2, axis=0))


@pytest.mark.parametrize(("stream", "ear"), [(5, 1), (6, 0)])
def test_who_stands_at_the_right_is_heard_at_the_right(room, packets, stream, ear):
    loud = levels(room().run(packets, stream))
    assert loud[ear] > 1.4 * loud[1 - ear] > 0.0


def test_what_is_heard_is_what_was_said(room, packets):
    """The spectrum over time of both is alike; the best shift between them is the delay."""
    heard = room().run(packets, 5).mean(axis=1)
    places = np.arange(len(heard)) * RATE / 48_000
    sound = np.interp(places, np.arange(round(14.0 * RATE)), lines(1, 1, 3, 14.0))
    a, b = (np.sqrt(np.convolve(x**2, np.ones(960) / 960, "same"))[::480] for x in (heard, sound))
    a, b = a - a.mean(), b - b.mean()
    shifts = range(40)
    alike = [float(np.corrcoef(a[k : len(b)], b[: len(b) - k])[0, 1]) for k in shifts]
    assert max(alike) > 0.9
    assert 5 <= int(np.argmax(alike)) <= 16


def test_mouths_move_with_what_is_heard_and_levels_show_it(room, packets):
    heard = room()
    heard.run(packets, 5)
    assert {spoke.stream for spoke in heard.spoken} == {5}
    jaws = np.array([spoke.lips[SHAPE_INDEX["jawOpen"]] for spoke in heard.spoken])
    assert jaws.max() > 0.3
    assert max(spoke.level for spoke in heard.spoken) > 0.4
    times = np.array([spoke.at_ns for spoke in heard.spoken])
    assert (np.diff(times) > 0).all()
    # What is on show then is of the same instant as what is heard, less what lips come early.
    behind = np.array([spoke.behind_ns for spoke in heard.spoken]) / MILLISECOND
    assert 40 < np.median(behind) < 120


def test_lips_are_known_well_before_what_they_say_is_heard(room, packets):
    late = room()
    late.run(packets, 5, waits={5: 150 * MILLISECOND})
    # The way is 30 ms long here, and clocks are the same.
    early = [
        (spoke.at_ns + 30 * MILLISECOND + spoke.behind_ns - told_ns) / MILLISECOND
        for spoke, told_ns in zip(late.spoken, late.told_ns, strict=True)
    ]
    assert np.percentile(early[50:], 5) > 80


def test_a_voice_is_as_late_as_the_pose_needs_to_be(room, packets):
    soon, late = room(), room()
    soon.run(packets, 5)
    late.run(packets, 5, waits={5: 180 * MILLISECOND})
    behind = [
        np.median([spoke.behind_ns for spoke in each.spoken[50:]]) / MILLISECOND
        for each in (soon, late)
    ]
    assert behind[0] < 130
    assert behind[1] == pytest.approx(180, abs=12)


def test_a_mouth_is_read_as_a_packet_comes_and_not_when_sound_is_wanted():
    devices = FixedDevices(null_microphone(0), null_headphones(0))
    hearing, spoken = Hearing(), []
    conversation = Conversation(
        clock=ManualClock(),
        devices=devices,
        hearing=hearing,
        talking=None,
        ears=lambda: EARS,
        waits=dict,
        soon=lambda take, what: take(what),
        say=lambda said: None,
        tell=spoken.extend,
    )
    for record in (Seated(LISTENER), Came(5, RIGHT, "Ada", "", PROFILE)):
        conversation.hear(record)
    now_ns = 0
    while (due_ns := conversation.go_on(now_ns)) <= now_ns:
        pass
    now_ns = (now_ns + due_ns) // 2
    packet = said(1.0)[0][1]
    conversation.hear(VoicePacket(5, 0, packet.capture_ns, now_ns, packet.opus))
    assert conversation.go_on(now_ns) == due_ns
    assert [spoke.stream for spoke in spoken] == [5]
    hearing.close()


def test_who_left_and_strangers_are_not_heard(room, packets):
    left = room()
    left.hearing.tell(Went(5))
    assert levels(left.run(packets[:200], 5)).max() == 0.0
    assert levels(room().run(packets[:200], 77)).max() == 0.0


def test_who_is_muted_sends_nothing(packets):
    talking = Talking(NoProcessing(), Gate())
    talking.gate.muted = True
    microphone = sound_microphone("lines", lines(1, 1, 3, 4.0), RATE, 0)
    louder, now_ns = 0.0, 0
    while now_ns < 4 * SECOND:
        while (captured := microphone.read(now_ns)) is not None:
            assert talking.take(captured, now_ns) is None
            louder = max(louder, talking.level)
        now_ns += 5 * MILLISECOND
    assert louder > 0.3, "one sees that one would be heard"


class Troubled(NoProcessing):
    problem = "the echo cannot be held: use headphones"


def test_who_pushes_to_talk_is_heard_while_the_key_is_held_and_not_else():
    sent = []
    conversation = Conversation(
        clock=ManualClock(),
        devices=FixedDevices(
            sound_microphone("lines", lines(1, 1, 3, 6.0), RATE, 0), null_headphones(0)
        ),
        hearing=None,
        talking=Talking(Troubled(), Gate(push_to_talk=True)),
        ears=lambda: EARS,
        waits=dict,
        soon=lambda take, what: take(what),
        say=sent.append,
        tell=lambda spoken: None,
    )
    assert conversation.problem == Troubled.problem
    released = []
    for now_ns in range(0, 6 * SECOND, 5 * MILLISECOND):
        if 2 * SECOND <= now_ns < 3 * SECOND:
            conversation.press()
        while conversation.go_on(now_ns) <= now_ns:
            pass
        released.append(conversation.released)
    assert released[0]
    assert not released[500]
    assert released[-1]
    times = np.array([packet.capture_ns for packet in sent]) / SECOND
    # Whoever lets go has 0.4 s to end.
    assert times.min() > 1.9
    assert times.max() < 3.5


class Loopback:
    """Two participants' conversations whose packets reach each other at once."""

    def __init__(self, folder) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.clock = SkewedClock()
        theirs = SkewedClock(5 * 3600 * SECOND, 50.0)
        self.spoken: list[Spoke] = []
        self.notes: list[str] = []
        self.sent = 0
        self.heard_file = folder / "heard.wav"
        common = {"loop": self.loop, "note": self.notes.append, "seat": 1}
        now_ns = self.clock.now_ns()
        self.listener = open_conversation(
            Settings(link="", view="none", headphones=f"file:{self.heard_file}"),
            None,
            epoch_ns=now_ns,
            say=lambda said: None,
            tell=self.spoken.extend,
            **common,
        )
        self.speaker = open_conversation(
            Settings(
                link="",
                view="none",
                seed=1,
                microphone="lines",
                clock_offset_ns=theirs.offset_ns,
                clock_drift_ppm=theirs.drift_ppm,
            ),
            None,
            epoch_ns=theirs.now_ns(),
            say=self._send,
            tell=lambda spoken: None,
            **common,
        )
        self.listener.hear(Seated(LISTENER))
        self.listener.hear(Came(5, RIGHT, "Ada", "", PROFILE))

    def _send(self, said) -> None:
        self.listener.hear(
            VoicePacket(5, self.sent, said.capture_ns, self.clock.now_ns(), said.opus)
        )
        self.sent += 1

    def run(self, seconds: float) -> None:
        self.thread.start()
        self.listener.start()
        self.speaker.start()
        time.sleep(seconds)
        self.speaker.close()
        self.listener.close()
        self.lasted_s = (self.clock.now_ns() - self.listener.sound_from_ns) / SECOND
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def test_two_threads_with_file_devices_hear_one_another(tmp_path):
    call = Loopback(tmp_path)
    call.run(5.0)
    assert call.sent > 20
    assert call.spoken
    sound, rate = read_sound(call.heard_file)
    assert rate == 48_000
    assert len(sound) / rate == pytest.approx(call.lasted_s, abs=0.5)
    assert levels(sound[:, None])[0] > 0.003
    assert not call.notes
    assert not call.listener.is_alive()
