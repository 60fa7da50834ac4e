"""Memory that two processes share: a ring, and latest-value slots.

The memory is an anonymous file whose descriptor the child inherits, so nothing is left behind
however the two end. One process writes each ring or slot and one reads it; counters are single
aligned 8-byte stores, which no reader sees half-written.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile

import msgspec

_COUNTER = 8
_ALIGN = 8


class SharedMemory:
    """A block of memory by the descriptor of an anonymous file. State: the mapping."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Map ``size`` bytes of an inherited descriptor."""
        self.descriptor = descriptor
        self.size = size
        self._map = mmap.mmap(descriptor, size)
        self.bytes = memoryview(self._map)
        self.words = self.bytes.cast("Q")

    @classmethod
    def create(cls, size: int) -> SharedMemory:
        """New memory, all zeros, that children may inherit."""
        size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        if sys.platform == "linux":
            descriptor = os.memfd_create("presence")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.set_inheritable(descriptor, True)
        os.ftruncate(descriptor, size)
        return cls(descriptor, size)

    def close(self) -> None:
        """Unmap the memory and close the descriptor."""
        self.words.release()
        self.bytes.release()
        self._map.close()
        os.close(self.descriptor)


class Block(msgspec.Struct, frozen=True):
    """Shared memory, as the child is told of it."""

    descriptor: int
    size: int

    def open(self) -> SharedMemory:
        """The memory, mapped."""
        return SharedMemory(self.descriptor, self.size)


class Ring:
    """A queue of byte records from one writing process to one reading process.

    Layout: word 0 counts bytes ever written, word 1 bytes ever read, then the records, each a
    word with its length and its bytes, padded to whole words. State: the two counters, in the
    memory itself.
    """

    _HEADER = 2 * _COUNTER

    def __init__(self, memory: SharedMemory) -> None:
        """Both processes make a ring over the same memory."""
        self._memory = memory
        self._capacity = memory.size - self._HEADER
        self.dropped = 0
        """Records that did not fit, counted by the writer."""

    def write(self, record: bytes) -> bool:
        """Append a record; False, and counted, when the reader is too far behind.

        Raises:
            ValueError: the record is larger than the ring could ever hold.
        """
        words = self._memory.words
        need = _COUNTER + -(-len(record) // _ALIGN) * _ALIGN
        if need > self._capacity:
            raise ValueError(f"a record of {len(record)} bytes does not fit the ring")
        written, read = words[0], words[1]
        offset = written % self._capacity
        to_end = self._capacity - offset
        # A record never wraps: a zero length at the tail sends the reader back to the start.
        skip = to_end if to_end < need else 0
        if written + skip + need - read > self._capacity:
            self.dropped += 1
            return False
        if skip:
            words[(self._HEADER + offset) // _COUNTER] = 0
            offset = 0
        start = self._HEADER + offset
        self._memory.bytes[start + _COUNTER : start + _COUNTER + len(record)] = record
        words[start // _COUNTER] = len(record) + 1
        words[0] = written + skip + need
        return True

    def clear(self) -> None:
        """Forget what was not read; for the writer, while there is no reader."""
        self._memory.words[1] = self._memory.words[0]

    def read(self) -> bytes | None:
        """Take the oldest record; None when there is none."""
        words = self._memory.words
        while True:
            written, read = words[0], words[1]
            if written == read:
                return None
            offset = read % self._capacity
            start = self._HEADER + offset
            tag = words[start // _COUNTER]
            if tag == 0:
                words[1] = read + self._capacity - offset
                continue
            length = tag - 1
            record = bytes(self._memory.bytes[start + _COUNTER : start + _COUNTER + length])
            words[1] = read + _COUNTER + -(-length // _ALIGN) * _ALIGN
            return record


class LatestSlot:
    """The newest of a stream of byte records; the reader never waits and may miss some.

    Layout: word 0 counts writes (odd while one is under way), word 1 the length, then the bytes.
    State: the count, in the memory itself.
    """

    _HEADER = 2 * _COUNTER
    _ATTEMPTS = 100

    def __init__(self, memory: SharedMemory) -> None:
        """Both processes make a slot over the same memory."""
        self._memory = memory

    def write(self, record: bytes) -> None:
        """Replace the record.

        Raises:
            ValueError: the record is larger than the memory.
        """
        if len(record) > self._memory.size - self._HEADER:
            raise ValueError(f"a record of {len(record)} bytes does not fit the slot")
        words = self._memory.words
        # A process that was killed while it wrote has left the count odd.
        count = words[0] + words[0] % 2
        words[0] = count + 1
        words[1] = len(record)
        self._memory.bytes[self._HEADER : self._HEADER + len(record)] = record
        words[0] = count + 2

    def read(self) -> bytes | None:
        """The newest whole record; None before the first, or if the writer never lets go."""
        words = self._memory.words
        for _ in range(self._ATTEMPTS):
            before = words[0]
            if before == 0:
                return None
            if before % 2 == 0:
                length = min(words[1], self._memory.size - self._HEADER)
                record = bytes(self._memory.bytes[self._HEADER : self._HEADER + length])
                if words[0] == before:
                    return record
        return None
