"""What our jitter buffer is compared with: one that waits 60 ms, come what may.

It recovers and conceals as ours does, but neither chooses its delay nor stretches sound, and what
comes late is lost.
"""

from __future__ import annotations

import numpy as np

from presence.errors import CodecError
from presence.voice.block import PIECE
from presence.voice.heard import Heard
from presence.voice.jitter_buffer import BLOCK_NS, PIECE_NS
from presence.voice.opus import VoiceDecoder
from presence.voice.tape import Kind

_WAIT_NS = 60_000_000


class FixedBuffer:
    """See the module. State: packets by their block, which is next, and half of it."""

    def __init__(self) -> None:
        self._decoder = VoiceDecoder()
        self._begin_ns = 0
        self._due_ns: int | None = None
        self._waiting: dict[int, bytes] = {}
        self._next = 0
        self._begun = False
        self._rest: Heard | None = None

    def push(self, packet: bytes, sequence: int, capture_ns: int, arrival_ns: int) -> None:
        """Take in a packet; when the first is to be played is settled by when it came."""
        if self._due_ns is None:
            self._begin_ns, self._due_ns = capture_ns, arrival_ns + _WAIT_NS
        number = round((capture_ns - self._begin_ns) / BLOCK_NS)
        if number >= self._next:
            self._waiting[number] = packet

    def take(self, play_ns: int, now_ns: int) -> Heard:
        """The next piece."""
        if self._rest is not None:
            heard, self._rest = self._rest, None
            return heard
        self._begun = self._begun or (self._due_ns is not None and now_ns >= self._due_ns)
        if not self._begun:
            return Heard(
                np.zeros(PIECE, dtype=np.float32), np.full(PIECE, Kind.PAUSE, dtype=np.uint8), None
            )
        number, self._next = self._next, self._next + 1
        capture_ns = self._begin_ns + number * BLOCK_NS
        packet, following = self._waiting.pop(number, None), self._waiting.get(number + 1)
        kind = Kind.CONCEALED
        try:
            if packet is not None:
                block, kind = self._decoder.decode(packet), Kind.SENT
            elif following is not None:
                block, kind = self._decoder.recover(following), Kind.RECOVERED
            else:
                block = self._decoder.conceal()
        except CodecError:
            block = self._decoder.conceal()
        kinds = np.full(PIECE, kind, dtype=np.uint8)
        self._rest = Heard(block[PIECE:], kinds, capture_ns + PIECE_NS)
        return Heard(block[:PIECE], kinds, capture_ns)
