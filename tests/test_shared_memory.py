"""Rings and slots between two processes."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.shared_memory import LatestSlot, Ring, SharedMemory


@pytest.fixture
def memory():
    block = SharedMemory.create(4096)
    yield block
    block.close()


@given(st.lists(st.one_of(st.none(), st.binary(max_size=700)), max_size=80))
def test_a_ring_gives_back_what_was_put_in_order_and_counts_what_did_not_fit(steps):
    block = SharedMemory.create(4096)
    try:
        ring = Ring(block)
        waiting, refused = [], 0
        for step in steps:
            if step is None:
                assert ring.read() == (waiting.pop(0) if waiting else None)
            elif ring.write(step):
                waiting.append(step)
            else:
                refused += 1
        assert ring.dropped == refused
        while waiting:
            assert ring.read() == waiting.pop(0)
        assert ring.read() is None
    finally:
        block.close()


def test_a_ring_never_holds_more_than_its_memory(memory):
    ring = Ring(memory)
    accepted = sum(ring.write(bytes(100)) for _ in range(100))
    assert 30 < accepted < 41
    assert ring.dropped == 100 - accepted


def test_a_record_too_large_for_the_ring_is_the_callers_mistake(memory):
    with pytest.raises(ValueError, match="does not fit"):
        Ring(memory).write(bytes(5000))


def test_a_slot_keeps_only_the_newest(memory):
    slot = LatestSlot(memory)
    assert slot.read() is None
    slot.write(b"first and longer")
    slot.write(b"second")
    assert slot.read() == b"second"
    assert slot.read() == b"second"
    with pytest.raises(ValueError, match="does not fit"):
        slot.write(bytes(5000))


def test_a_slot_whose_writer_was_killed_while_it_wrote_can_be_written_by_the_next():
    memory = SharedMemory.create(4096)
    slot = LatestSlot(memory)
    slot.write(b"first")
    memory.words[0] += 1
    assert slot.read() is None
    LatestSlot(memory).write(b"second")
    assert slot.read() == b"second"
    memory.close()


def test_a_child_process_reads_every_record_whole_while_they_are_written():
    ring_memory, slot_memory = SharedMemory.create(64 * 1024), SharedMemory.create(4096)
    script = (
        "import sys\n"
        "from presence.shared_memory import LatestSlot, Ring, SharedMemory\n"
        "ring = Ring(SharedMemory(int(sys.argv[1]), int(sys.argv[2])))\n"
        "slot = LatestSlot(SharedMemory(int(sys.argv[3]), int(sys.argv[4])))\n"
        "expected = 0\n"
        "while expected < 5000:\n"
        "    latest = slot.read()\n"
        "    assert latest is None or latest == bytes([latest[0]]) * 2000\n"
        "    record = ring.read()\n"
        "    if record is None: continue\n"
        "    assert record == bytes([expected % 256]) * (expected % 900), expected\n"
        "    expected += 1\n"
        "print('whole')\n"
    )
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            script,
            *map(str, (ring_memory.descriptor, ring_memory.size)),
            *map(str, (slot_memory.descriptor, slot_memory.size)),
        ],
        pass_fds=(ring_memory.descriptor, slot_memory.descriptor),
        stdout=subprocess.PIPE,
        env=os.environ,
    )
    ring, slot = Ring(ring_memory), LatestSlot(slot_memory)
    sent = 0
    try:
        while sent < 5000 and child.poll() is None:
            slot.write(bytes([sent % 256]) * 2000)
            if ring.write(bytes([sent % 256]) * (sent % 900)):
                sent += 1
        output, _ = child.communicate(timeout=30)
        assert output == b"whole\n"
    finally:
        child.kill()
        child.wait()
        ring_memory.close()
        slot_memory.close()
