"""One person's voice, from packets as they come to a piece for every 10 ms of our device.

A block can only be played once its packet is here. The buffer looks for packets whenever the device
asks for a piece, so the time for which it waits beyond the fastest packets is fixed but for whole
pieces; the best of those is chosen by how late packets come, and reached by making the sound a
little shorter or longer. In a pause that costs nothing. The same is what follows clocks that drift.

What is missing is recovered from the packet after it, or concealed. Where nothing more is there at
all, the voice is held rather than skipped, and fades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presence.errors import CodecError
from presence.playout.clock_map import ClockMap
from presence.pose.arrays import Floats
from presence.voice.block import BLOCK, PIECE, RATE, Samples
from presence.voice.heard import Heard, JitterCounts
from presence.voice.lateness import Lateness
from presence.voice.opus import VoiceDecoder, check_packet, is_mark
from presence.voice.tape import LONGEST, SHORTEST, Kind, Tape

BLOCK_NS = 20_000_000
PIECE_NS = 10_000_000
_SECOND = 1_000_000_000
_MS = 1_000_000
_MOST_WAITING = 64
_REVIEW_PIECES = 20
_LARGEST_STAMP = 1 << 62
_STAY_NS = 4 * _MS
"""Another wait must be better by this, or nothing changes: each change is a cut."""
_HELD = 2 * BLOCK
"""Sound that is made up fades after so many samples …"""
_GONE = 5 * BLOCK
"""… and is gone after so many."""
_ROOM = 30 * BLOCK
"""For so long the room's noise goes on in a pause; it is told anew every 20 blocks."""
_CLOSE = 24
"""Samples by which the sound may lie elsewhere than it should: half a millisecond."""
_ALIKE, _LEAST_ALIKE, _IMPATIENCE = 0.85, 0.3, 0.05
_SILENCE: Samples = np.zeros(PIECE, dtype=np.float32)
_SILENCE.flags.writeable = False


@dataclass(frozen=True, slots=True)
class JitterSettings:
    """How one person's voice is buffered. Times are integer nanoseconds."""

    gap_price_ns: int = 20 * _MS
    """How much longer to wait if that spares one block in a hundred."""
    first_wait_ns: int = 40 * _MS
    """How long to wait beyond the fastest packets before it is known how late they come."""
    greatest_wait_ns: int = 500 * _MS
    """No longer than this."""
    margin_ns: int = _MS
    """For the time from a packet's arrival to its being pushed."""
    stretch: float = 0.15
    """While somebody speaks, sound is made longer or shorter by at most this part."""
    skip_ns: int = 160 * _MS
    """What lies further behind than it should by this is skipped, and not caught up with."""


class JitterBuffer:
    """See the module.

    State: packets that wait, the decoder, the sound decoded ahead and where in the sender's time it
    ends, how late packets come, and how long to wait for them.
    """

    def __init__(
        self,
        settings: JitterSettings = JitterSettings(),
        clock: ClockMap | None = None,
    ) -> None:
        """``clock`` is given when it maps the same sender's pose, too.

        Raises:
            OpusMissingError: there is no library to decode with.
        """
        self._settings = settings
        self.clock = clock or ClockMap()
        """The sender's clock on this machine's."""
        self._epoch = self.clock.epoch
        self._decoder = VoiceDecoder()
        self._tape = Tape()
        self._lateness = Lateness()
        self._waiting: dict[int, tuple[bytes, int]] = {}
        self._next: int | None = None
        self._end_ns = 0
        self._paused = True
        self._made_up = 0
        self._gain = 0.0
        self._wait_ns = settings.first_wait_ns
        self._reviewed = 0
        self._credit = 0.0
        self._impatience = 0.0
        self._least_behind_ns: int | None = None
        self._behind_ns: int | None = None
        self._count = dict.fromkeys(JitterCounts.__slots__, 0)

    @property
    def counts(self) -> JitterCounts:
        """What has become of the voice so far."""
        return JitterCounts(**self._count)

    @property
    def behind_ns(self) -> int | None:
        """How far what is heard lies behind the fastest that could be; None while nothing is, or
        only what is made up.

        A pose shown as far behind (see ``Shown.estimate_ns``) is of the same instant.
        """
        return self._behind_ns

    def follow(self, behind_ns: int | None) -> None:
        """Be no less far behind than that, for a face that is shown later; None: be soon."""
        self._least_behind_ns = behind_ns

    def push(self, packet: bytes, sequence: int, capture_ns: int, arrival_ns: int) -> None:
        """Take in a packet, in any order, any number of times, however late.

        Args:
            packet: of Opus, one frame.
            sequence: its number, restored; numbers go up by one with each packet that is sent.
            capture_ns: when the first of its samples was spoken, by the sender's clock.
            arrival_ns: when it came, by this machine's.
        """
        try:
            check_packet(packet)
        except CodecError:
            self._count["damaged"] += 1
            return
        if not 0 <= sequence < _LARGEST_STAMP or abs(capture_ns) > _LARGEST_STAMP:
            self._count["damaged"] += 1
            return
        agrees = self.clock.observe(capture_ns + BLOCK_NS, arrival_ns)
        self._follow_restart()
        if not agrees:
            self._count["damaged"] += 1
            return
        if not self._lateness.add(sequence, capture_ns + BLOCK_NS, arrival_ns):
            self._count["copies"] += 1
            return
        self._count["packets"] += 1
        if self._next is not None and sequence < self._next:
            self._count["late"] += 1
            return
        self._waiting[sequence] = packet, capture_ns
        if len(self._waiting) > _MOST_WAITING:
            self._skip(min(self._waiting))

    def take(self, play_ns: int, now_ns: int) -> Heard:
        """The next piece for the device.

        Args:
            play_ns: when its first sample will be heard, by this machine's clock.
            now_ns: the time now, by the same clock.
        """
        self._follow_restart()
        if not self.clock.known:
            return Heard(_SILENCE, np.full(PIECE, Kind.PAUSE, dtype=np.uint8), None)
        offset_ns = self.clock.offset_at(now_ns)
        self._review(now_ns - offset_ns)
        lead_ns = max(play_ns - now_ns, 0)
        behind_ns = lead_ns + BLOCK_NS + self._wait_ns
        if self._least_behind_ns is not None:
            behind_ns = max(behind_ns, self._least_behind_ns)
        self._skip_stale(play_ns - offset_ns - behind_ns)
        if self._paused:
            self._resume(play_ns - offset_ns, behind_ns)
        spoken_ns = None if self._paused else self._spoken_ns()
        while self._tape.ahead < PIECE:
            self._extend()
        if not self._paused:
            self._steer(play_ns - offset_ns - behind_ns)
            spoken_ns = self._spoken_ns()
        piece, kinds = self._tape.take()
        # While it is held, nothing that was spoken is heard, sooner or later.
        known = kinds.min() <= Kind.RECOVERED
        self._behind_ns = None
        if spoken_ns is not None and known:
            self._behind_ns = play_ns - offset_ns - spoken_ns
        return Heard(piece, kinds, spoken_ns)

    def _spoken_ns(self) -> int:
        """When what is at the head of the tape was spoken."""
        return self._end_ns - self._tape.ahead * _SECOND // RATE

    def _follow_restart(self) -> None:
        """Forget what the sender's former clock stamped."""
        if self.clock.epoch != self._epoch:
            self._epoch = self.clock.epoch
            self._waiting.clear()
            self._lateness.clear()
            self._next = None
            self._paused = True
            self._wait_ns = self._settings.first_wait_ns

    def _review(self, sender_ns: int) -> None:
        """Choose how long to wait for packets, of those waits that the device's beat allows."""
        stay_ns = 0
        if not self._paused:
            self._reviewed -= 1
            if self._reviewed > 0:
                return
            ends_ns, stay_ns = self._end_ns, _STAY_NS
        elif self._waiting:
            ends_ns = self._waiting[min(self._waiting)][1]
        else:
            return
        self._reviewed = _REVIEW_PIECES
        settings = self._settings
        # Where in its beat the device asks, against where packets end.
        phase_ns = (sender_ns - ends_ns) % PIECE_NS
        waits: Floats = np.arange(phase_ns, settings.greatest_wait_ns + PIECE_NS, PIECE_NS, float)
        uncovered = self._lateness.uncovered(waits - settings.margin_ns, self.clock, BLOCK_NS)
        if uncovered is None:
            self._wait_ns = int(waits[np.searchsorted(waits, settings.first_wait_ns)])
            return
        costs = waits + 100.0 * settings.gap_price_ns * uncovered
        costs[np.abs(waits - self._wait_ns) < _MS] -= stay_ns
        self._wait_ns = int(waits[np.argmin(costs)])

    def _skip(self, sequence: int) -> None:
        del self._waiting[sequence]
        self._count["skipped"] += 1
        self._next = max(self._next or 0, sequence + 1)
        self._paused = True

    def _skip_stale(self, due_ns: int) -> None:
        """Leave out what lies too far behind what should be heard now, in the sender's time."""
        if not self._waiting:
            return
        if self._waiting[min(self._waiting)][1] >= due_ns - self._settings.skip_ns:
            return
        for sequence in sorted(self._waiting):
            if self._waiting[sequence][1] < due_ns - BLOCK_NS:
                self._skip(sequence)

    def _resume(self, sender_ns: int, behind_ns: int) -> None:
        """End a pause if it is time for what comes next."""
        if not self._waiting:
            return
        first = min(self._waiting)
        packet, capture_ns = self._waiting[first]
        lost_before = self._next is not None and first > self._next
        begin_ns = capture_ns - BLOCK_NS * lost_before
        if sender_ns - begin_ns < behind_ns:
            return
        self._paused = False
        self._tape.cut()
        self._next = first
        self._end_ns = capture_ns
        if lost_before:
            self._end_ns -= BLOCK_NS
            self._add_recovered(packet, first)
        else:
            self._add_sent(first)

    def _extend(self) -> None:
        """Put what comes next on the tape."""
        if self._paused:
            self._add_pause()
            return
        assert self._next is not None
        first = min(self._waiting, default=None)
        if first is None:
            self._add_concealed(held=True)
            return
        packet, capture_ns = self._waiting[first]
        missing = first - self._next
        blocks = round((capture_ns - self._end_ns) / BLOCK_NS)
        if blocks <= 0:
            self._add_sent(first)
        elif missing < blocks:
            # Nothing was sent for some of that time.
            self._paused = True
            self._add_pause()
        elif blocks == 1:
            self._add_recovered(packet, first)
        else:
            self._next += 1 + missing - blocks
            self._add_concealed(held=False)

    def _add_sent(self, sequence: int) -> None:
        packet, capture_ns = self._waiting.pop(sequence)
        self._next = sequence + 1
        self._end_ns = capture_ns + BLOCK_NS
        try:
            block = self._decoder.decode(packet)
        except CodecError:
            self._count["damaged"] += 1
            self._add_concealed(held=True)
            return
        mark = is_mark(packet)
        self._put(block, Kind.PAUSE if mark else Kind.SENT)
        if mark:
            self._paused = True

    def _add_recovered(self, following: bytes, sequence: int) -> None:
        self._next = sequence
        self._end_ns += BLOCK_NS
        self._count["recovered"] += 1
        try:
            self._put(self._decoder.recover(following), Kind.RECOVERED)
        except CodecError:
            self._put(self._decoder.conceal(), Kind.CONCEALED)

    def _add_concealed(self, *, held: bool) -> None:
        """Make something up; ``held``: in the middle of the voice, which goes on afterwards."""
        self._count["concealed"] += 1
        if not held:
            self._end_ns += BLOCK_NS
        # What is awaited may come before the device asks again.
        samples = PIECE if held else BLOCK
        self._made_up += samples
        left = _GONE - self._made_up
        self._fade(min(1.0, max(left, 0) / (_GONE - _HELD)), Kind.CONCEALED, samples)
        if left <= 0:
            self._paused = True

    def _add_pause(self) -> None:
        self._made_up += PIECE
        left = _ROOM + _GONE - self._made_up
        self._fade(min(self._gain, max(left, 0) / _GONE), Kind.PAUSE, PIECE)

    def _fade(self, gain: float, kind: Kind, samples: int) -> None:
        """Let the decoder go on by itself, towards a gain."""
        before, self._gain = self._gain, min(gain, self._gain)
        if before == 0.0:
            self._tape.append(np.zeros(samples, dtype=np.float32), kind)
            return
        block = self._decoder.conceal(samples)
        if before != 1.0 or self._gain != 1.0:
            block *= np.linspace(before, self._gain, samples, dtype=np.float32)
        self._tape.append(block, kind)

    def _put(self, block: Samples, kind: Kind) -> None:
        """Add what was decoded, risen from silence if there was any before it."""
        self._made_up = 0
        if self._gain < 1.0:
            rise = np.ones(BLOCK, dtype=np.float32)
            rise[:240] = np.linspace(self._gain, 1.0, 240, dtype=np.float32)
            block = block * rise
            self._gain = 1.0
        self._tape.append(block, kind)

    def _steer(self, due_ns: int) -> None:
        """Make the sound shorter or longer, so that what is due is what is heard."""
        excess_ns = due_ns - self._spoken_ns()
        excess = excess_ns * RATE // _SECOND
        settings = self._settings
        self._credit = min(self._credit + settings.stretch * PIECE, float(LONGEST))
        if abs(excess) < _CLOSE:
            self._impatience = 0.0
            return
        quiet = self._tape.quiet
        most = min(abs(excess), BLOCK if quiet else int(self._credit))
        if most < SHORTEST and not quiet:
            return
        likeness = max(_ALIKE - self._impatience, _LEAST_ALIKE)
        self._impatience += _IMPATIENCE
        if excess > 0:
            if self._tape.ahead - PIECE < most and self._continues():
                self._extend()
            lag = self._tape.shorten(most, likeness)
            self._count["shortened_ns"] += lag * _SECOND // RATE
        else:
            lag = self._tape.lengthen(most, likeness)
            self._count["lengthened_ns"] += lag * _SECOND // RATE
        if lag:
            self._impatience = 0.0
            if not quiet:
                self._credit -= lag

    def _continues(self) -> bool:
        """Whether the very next packet is here, and goes on where the last ended."""
        following = None if self._next is None else self._waiting.get(self._next)
        return following is not None and following[1] < self._end_ns + BLOCK_NS // 2
