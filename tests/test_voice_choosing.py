"""Which sound device a person means."""

import pytest

from presence.errors import SoundError
from presence.voice.choosing import DeviceInfo, Kind, choose, default_of


def info(index, name, *, inputs=1, outputs=0, host="ALSA", default=False):
    return DeviceInfo(
        index, name, host, inputs, outputs, 48_000, default and inputs > 0, default and outputs > 0
    )


DEVICES = [
    info(0, "USB Headset", outputs=2),
    info(1, "USB Camera"),
    info(2, "Built-in Microphone", default=True),
    info(3, "Built-in Speakers", inputs=0, outputs=2, default=True),
]


@pytest.mark.parametrize("wanted", ["USB Headset", "headset", " HEAD "])
def test_a_part_that_no_other_name_has_is_enough(wanted):
    assert choose(DEVICES, wanted, Kind.MICROPHONE).index == 0


def test_only_what_serves_counts():
    assert choose(DEVICES, "usb", Kind.HEADPHONES).index == 0
    assert choose(DEVICES, "built", Kind.HEADPHONES).index == 3


def test_a_part_of_several_names_is_refused_and_they_are_listed():
    with pytest.raises(SoundError, match=r"fits several microphones.*'USB Headset', 'USB Camera'"):
        choose(DEVICES, "usb", Kind.MICROPHONE)


def test_a_name_that_nothing_has_is_refused_and_all_are_listed():
    with pytest.raises(
        SoundError, match=r"'Quest' fits none of the headphones.*'USB Headset', 'Built-in Speakers'"
    ):
        choose(DEVICES, "Quest", Kind.HEADPHONES)
    with pytest.raises(SoundError, match="there are none"):
        choose([], "Quest", Kind.HEADPHONES)


def test_a_whole_name_is_that_device_though_others_hold_it():
    devices = [info(0, "USB"), info(1, "USB 2")]
    assert choose(devices, "usb", Kind.MICROPHONE).index == 0


def test_one_device_by_several_ways_is_reached_by_the_best():
    devices = [
        info(0, "Microphone (Some Very Long Name", host="MME"),
        info(1, "Microphone (Some Very Long Name Indeed)", host="Windows DirectSound"),
        info(2, "Microphone (Some Very Long Name Indeed)", host="Windows WASAPI"),
    ]
    assert choose(devices, "very long", Kind.MICROPHONE).index == 2


def test_the_systems_choice_else_the_first_else_none():
    assert default_of(DEVICES, Kind.MICROPHONE) is DEVICES[2]
    assert default_of(DEVICES[:2], Kind.MICROPHONE) is DEVICES[0]
    assert default_of(DEVICES[1:3], Kind.HEADPHONES) is None
