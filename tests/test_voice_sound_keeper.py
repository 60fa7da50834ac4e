"""Devices plugged in and out during a call, by a simulated PortAudio: see `fake_sounddevice`."""

import time

import numpy as np
import pytest
from fake_sounddevice import Device, FakeSoundDevice, begun_clock

from presence.clock import MILLISECOND, SECOND
from presence.errors import SoundError
from presence.voice.block import BLOCK
from presence.voice.device_watch import ChildWatch
from presence.voice.sound_keeper import SoundKeeper, Wishes
from presence.voice.sound_system import SoundSystem

BUILT_IN = Device("Built-in", inputs=1, outputs=2)
HEADSET = Device("USB Headset", inputs=1, outputs=2)
SILENCE = np.zeros((BLOCK, 2), dtype=np.float32)


class Watch:
    """Sees what is plugged in, as a child with a PortAudio of its own does, each second."""

    def __init__(self, fake):
        self.fake = fake
        self.hidden = set()
        self._next_ns = 0

    def look(self, now_ns):
        if now_ns < self._next_ns:
            return None
        self._next_ns = now_ns + SECOND
        other = FakeSoundDevice(self.fake.clock, self.fake.plugged)
        other.defaults = other.seen_defaults = self.fake.defaults
        listed = SoundSystem(self.fake.clock, other).devices()
        return [device for device in listed if device.name not in self.hidden]

    def close(self):
        pass


class Call:
    """Somebody who hears and speaks all the time. State: what they use and were told."""

    def __init__(self, *devices, wishes=Wishes(), default="Built-in"):  # noqa: B008
        self.clock = begun_clock()
        self.fake = FakeSoundDevice(
            self.clock, devices, default_input=default, default_output=default
        )
        self.watch = Watch(self.fake)
        self.told = []
        self.keeper = SoundKeeper(
            wishes,
            SoundSystem(self.clock, self.fake),
            self.watch,
            self.told.append,
            self.clock.now_ns(),
        )

    def run(self, seconds):
        """Blocks captured and blocks played in a while."""
        captured = played = 0
        end_ns = self.clock.now_ns() + round(seconds * SECOND)
        while self.clock.now_ns() < end_ns:
            self.keeper.check(self.clock.now_ns())
            while self.keeper.microphone.read(self.clock.now_ns()) is not None:
                captured += 1
            while self.keeper.headphones.wanted_ns(self.clock.now_ns()) <= self.clock.now_ns():
                self.keeper.headphones.write(SILENCE, self.clock.now_ns())
                played += 1
            self.fake.run(self.clock.now_ns() + 2 * MILLISECOND)
        return captured, played

    def plug(self, device):
        self.fake.plugged.append(device)

    def unplug(self, device):
        self.fake.plugged.remove(device)

    @property
    def names(self):
        return self.keeper.microphone.name, self.keeper.headphones.name


def test_the_systems_choice_is_used():
    call = Call(HEADSET, BUILT_IN)
    assert call.names == ("Built-in", "Built-in")
    captured, played = call.run(2.0)
    assert 90 <= captured <= 96
    assert 90 <= played <= 100
    assert call.told == []
    call.keeper.close()


def test_what_was_asked_for_goes_is_replaced_and_comes_back():
    call = Call(BUILT_IN, HEADSET, wishes=Wishes("headset", "headset"))
    assert call.names == ("USB Headset", "USB Headset")
    call.run(3.0)
    call.unplug(HEADSET)
    call.run(3.0)
    assert call.names == ("Built-in", "Built-in")
    assert call.told == [
        "'Built-in' hears you now instead of 'USB Headset'",
        "'Built-in' is what you hear by now instead of 'USB Headset'",
    ]
    captured, played = call.run(1.0)
    assert captured >= 40
    assert played >= 40
    call.told.clear()
    call.plug(HEADSET)
    call.run(4.0)
    assert call.names == ("USB Headset", "USB Headset")
    assert call.told == [
        "'USB Headset' is back and hears you again",
        "'USB Headset' is back and is what you hear by again",
    ]
    assert call.keeper.changes == 2
    captured, played = call.run(1.0)
    assert captured >= 48
    assert played >= 48
    call.keeper.close()


def test_the_systems_choice_is_followed_as_it_changes():
    call = Call(BUILT_IN, HEADSET)
    call.run(3.0)
    call.fake.defaults["input"] = "USB Headset"
    call.run(3.0)
    assert call.names == ("USB Headset", "Built-in")
    assert call.told == ["'USB Headset' hears you now instead of 'Built-in'"]
    call.keeper.close()


def test_without_any_device_silence_goes_on_at_the_right_pace_until_one_comes():
    call = Call(default="")
    assert call.names == ("no microphone", "no headphones")
    assert call.told == [
        "there is no microphone: nobody hears you until you plug one in",
        "there is no headphone or speaker: you hear nobody until you plug one in",
    ]
    captured, played = call.run(3.0)
    assert 148 <= captured <= 150
    assert 149 <= played <= 153
    call.told.clear()
    call.plug(HEADSET)
    call.run(3.0)
    assert call.names == ("USB Headset", "USB Headset")
    assert call.told == [
        "'USB Headset' hears you now",
        "'USB Headset' is what you hear by now",
    ]
    call.unplug(HEADSET)
    call.run(3.0)
    assert call.names == ("no microphone", "no headphones")
    assert "'USB Headset' is gone, and there is no other microphone" in call.told[2]
    call.keeper.close()


def test_a_device_that_is_busy_since_we_use_it_is_not_taken_for_gone():
    call = Call(BUILT_IN, HEADSET, wishes=Wishes("headset", None))
    call.watch.hidden = {"USB Headset"}
    call.run(6.0)
    assert call.names == ("USB Headset", "Built-in")
    assert call.keeper.changes == 0
    call.keeper.close()


def test_a_device_that_cannot_be_opened_is_passed_over():
    stubborn = Device("Stubborn", inputs=1, busy=True)
    call = Call(stubborn, BUILT_IN, default="Stubborn")
    assert call.names == ("Built-in", "Built-in")
    call.keeper.close()


def test_a_name_that_fits_nothing_is_refused_at_once():
    with pytest.raises(SoundError, match="fits none of the microphones here"):
        Call(BUILT_IN, wishes=Wishes("Quest", None))


def look_until(watch, done, begin_ns=0):
    """Look as time goes by, as long as a slow machine may need for a child."""
    now_ns, end = begin_ns, time.monotonic() + 60.0
    while time.monotonic() < end:
        devices = watch.look(now_ns)
        if done(devices):
            return devices
        time.sleep(0.02)
        now_ns += 1
    raise AssertionError("the child said nothing")


def test_a_child_tells_which_devices_there_are_and_is_not_asked_while_nothing_changes():
    kernel = [["controlC0"]]
    watch = ChildWatch(kernel=lambda: kernel[0])
    devices = look_until(watch, lambda devices: devices is not None)
    assert isinstance(devices, list)
    for later in range(10, 60, 10):
        assert watch.look(later * SECOND) is None
        assert watch._child is None
    kernel[0] = ["controlC0", "controlC1"]
    assert watch.look(60 * SECOND) is None
    assert watch._child is not None
    look_until(watch, lambda devices: devices is not None, 60 * SECOND)
    watch.close()


def test_a_child_that_hangs_is_given_up():
    watch = ChildWatch(kernel=lambda: None)
    watch.look(0)
    child = watch._child
    watch.look(16 * SECOND)
    assert child.poll() is not None or watch._child is None
    watch.close()
