"""OSC: as its specification writes it, as another library writes it, and as strangers might."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket

from presence.errors import WireError
from presence.tracking.programs.osc import (
    MAX_DEPTH,
    read_packet,
    write_bundles,
    write_message,
)

# The specification's own examples, in its appendix.
OSCILLATOR = bytes.fromhex("2f6f7363696c6c61746f722f342f6672657175656e6379002c66000043dc0000")
FOO = bytes.fromhex(
    "2f666f6f000000002c69697366660000000003e8ffffffff68656c6c6f0000003f9df3b640b5b22d"
)


def test_the_specifications_examples_are_read_and_written():
    assert read_packet(OSCILLATOR) == [("/oscillator/4/frequency", [440.0])]
    [(address, arguments)] = read_packet(FOO)
    assert address == "/foo"
    assert arguments[:3] == [1000, -1, "hello"]
    assert arguments[3:] == pytest.approx([1.234, 5.678])
    assert write_message("/oscillator/4/frequency", [440.0]) == OSCILLATOR
    assert write_message("/foo", [1000, -1, "hello", 1.234, 5.678]) == FOO


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
floats = st.floats(width=32, allow_nan=False)
arguments = st.lists(texts | floats | st.integers(-(2**31), 2**31 - 1), max_size=12)


@given(texts, arguments)
def test_what_is_written_another_library_reads_alike(name, values):
    data = write_message("/" + name, values)
    assert read_packet(data) == [("/" + name, values)]
    [message] = OscPacket(data).messages
    assert message.message.address == "/" + name
    assert message.message.params == values


def built(address, values):
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build()


@given(st.lists(st.tuples(texts, arguments), max_size=5))
def test_what_another_library_bundles_is_read_in_its_order(messages):
    inner, outer = OscBundleBuilder(IMMEDIATELY), OscBundleBuilder(IMMEDIATELY)
    for name, values in messages:
        inner.add_content(built("/" + name, values))
    outer.add_content(built("/first", []))
    outer.add_content(inner.build())
    said = read_packet(outer.build().dgram)
    assert said == [("/first", []), *(("/" + name, values) for name, values in messages)]


def test_bundles_keep_to_their_size_and_lose_nothing():
    messages = [write_message("/VMC/Ext/Blend/Val", [f"shape {k}", k / 100]) for k in range(100)]
    bundles = write_bundles(messages, 1400)
    assert max(map(len, bundles)) <= 1400
    assert len(bundles) < 6
    names = [arguments[0] for bundle in bundles for _, arguments in read_packet(bundle)]
    assert names == [f"shape {k}" for k in range(100)]
    assert write_bundles([], 1400) == []


def bundle(*elements):
    return b"#bundle\0" + bytes(8) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


@pytest.mark.parametrize("length", [-4, 0, -(2**31), 2**31 - 1, 2, 400])
def test_a_bundle_whose_lengths_lie_is_refused_at_once(length):
    # By such a length another library reads the same place again for ever.
    data = b"#bundle\0" + bytes(8) + struct.pack(">i", length) + b"/abc" + bytes(8)
    with pytest.raises(WireError):
        read_packet(data)


def test_bundles_nest_only_so_deep():
    data = write_message("/deep")
    for _ in range(MAX_DEPTH):
        data = bundle(data)
    assert read_packet(data) == [("/deep", [])]
    with pytest.raises(WireError, match="deep"):
        read_packet(bundle(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"abc",
        b"/abc",
        b"/abc\0\0\0\0abc\0",
        b"/abc\0\0\0\0,f\0\0",
        b"/abc\0\0\0\0,f\0\0\0\0\0",
        b"/abc\0\0\0\0,x\0\0",
        b"/abc\0\0\0\0,t\0\0\0\0\0\0",
        b"/\xff\xff\xff\0\0\0\0",
        b"#bundle\0",
        b"#bundle\0" + bytes(10),
        b"/a\0\0," + b"T" * 200 + b"\0\0\0",
    ],
)
def test_what_is_no_osc_is_refused(data):
    with pytest.raises(WireError):
        read_packet(data)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"#bundle\0" + tail))
def test_strangers_bytes_end_in_messages_or_a_refusal(data):
    try:
        messages = read_packet(data)
    except WireError:
        return
    assert all(address.startswith("/") for address, _ in messages)
