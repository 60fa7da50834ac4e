"""What a relay keeps of one sender: the newest golden, the references after it, and the profile.

For whoever comes late, and for whoever asks for what got lost. It is kept by the clear header
alone, and dropped when the key changes: nobody who comes later is given the old one.

Sans-IO.
"""

from __future__ import annotations

from presence.wire.envelope import SEQUENCE_PERIOD, Envelope, Kind
from presence.wire.unwrap import unwrap

CHAIN_LIMIT = 24
"""References that are kept after a golden: more than come between two."""
ANSWER_LIMIT = 8
"""References that answer one request, at most; who misses more asks for a golden."""
EPOCHS = 255


class Cache:
    """Of one sender. State: the newest key's number, and the envelopes kept."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._epoch = 0
        self._profile: tuple[bytes, Envelope] | None = None
        self._chain: dict[int, tuple[bytes, Envelope]] = {}
        """By sequence, in order: a golden first, if there is one."""

    def take(self, data: bytes, header: Envelope) -> None:
        """Keep an envelope if it is of use; what it makes useless goes."""
        if header.epoch != self._epoch and not self._turn(header.epoch):
            return
        if header.kind == Kind.PROFILE:
            if self._profile is None or _newer(header.sequence, self._profile[1].sequence):
                self._profile = data, header
        elif header.kind == Kind.POSE and header.reference:
            self._keep(data, header)

    def everything(self) -> list[tuple[bytes, Envelope]]:
        """What a newcomer needs to show the sender at once: profile, golden, references."""
        profile = [] if self._profile is None else [self._profile]
        return [*profile, *self._chain.values()]

    def answer(self, missing: int, known: int) -> list[bytes]:
        """The reference ``missing`` and those that lead to it from ``known`` on, oldest first.

        Empty if one of them is not kept, or if they are too many.
        """
        chain: list[bytes] = []
        sequence = missing
        while (one := self._chain.get(sequence)) is not None and len(chain) < ANSWER_LIMIT:
            data, header = one
            chain.append(data)
            before = (sequence - header.reference_distance) % SEQUENCE_PERIOD
            if header.golden or (before == known and known != missing):
                return chain[::-1]
            sequence = before
        return []

    def _turn(self, epoch: int) -> bool:
        """Another key is in use; False: it is an older one."""
        if self._epoch and not 0 < (epoch - self._epoch) % EPOCHS <= EPOCHS // 2:
            return False
        self._epoch = epoch
        self._chain.clear()
        self._profile = None
        return True

    def _keep(self, data: bytes, header: Envelope) -> None:
        newest = next(reversed(self._chain), None)
        if newest is not None and not _newer(header.sequence, newest):
            return
        if header.golden:
            self._chain.clear()
        self._chain[header.sequence] = data, header
        if len(self._chain) > CHAIN_LIMIT:
            del self._chain[next(iter(self._chain))]


def _newer(sequence: int, reference: int) -> bool:
    return unwrap(sequence, SEQUENCE_PERIOD, reference) > reference
