"""Sealing envelopes: what goes into SFrame, and what a receiver makes sure of.

A sender's base key has a *generation*, which counts up and never repeats; the envelope's header
has it as its *epoch*, modulo 255. The key ID is made of stream and epoch. The counter is made of
kind, section and sequence, so it repeats under no key, because a key is given up before any
sequence could. The clear header is authenticated with each section.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from presence.errors import SealError, UnknownKeyError
from presence.wire.envelope import (
    LONGEST_CORE,
    SEQUENCE_PERIOD,
    Envelope,
    Kind,
    encode_header,
    seal_length,
)
from presence.wire.sframe import SectionCipher, Suite, section_cipher
from presence.wire.unwrap import unwrap

EPOCHS = 255
WINDOW = 1024
"""So many sequence numbers back from the newest an envelope may still come, once."""
OLD_KEY_NS = 2_000_000_000
"""So long after a newer key was first used, an old one still opens."""
KEYS_KEPT = 4
"""Keys of one sender that are held at once, at most."""
ENVELOPES_A_KEY = SEQUENCE_PERIOD // 2
"""Envelopes of one kind that one key may seal: 38 hours of poses."""

_CORE, _DETAIL = 0, 1


def epoch_of(generation: int) -> int:
    """How an envelope's header names a key: from 1 to 255."""
    return (generation - 1) % EPOCHS + 1


def suite_of(kind: int, golden: bool) -> Suite | None:
    """The cipher suite of a kind; None for one that has none or that this version knows not.

    The tags have the lengths that :func:`presence.wire.envelope.seal_length` gives.
    """
    match kind:
        case Kind.POSE if not golden:
            return Suite.AES_128_CTR_HMAC_SHA256_64
        case Kind.VOICE:
            return Suite.AES_128_CTR_HMAC_SHA256_32
        case Kind.POSE | Kind.CONTROL | Kind.PROFILE:
            return Suite.AES_128_GCM_SHA256_128
        case _:
            return None


class _Ciphers:
    """What one base key seals and opens by, made when it is first wanted."""

    def __init__(self, stream: int, epoch: int, base_key: bytes) -> None:
        self._key_id = stream << 8 | epoch
        self._base_key = base_key
        self._by_suite: dict[Suite, SectionCipher] = {}

    def of(self, suite: Suite) -> SectionCipher:
        cipher = self._by_suite.get(suite)
        if cipher is None:
            cipher = section_cipher(suite, self._base_key, self._key_id)
            self._by_suite[suite] = cipher
        return cipher


def _counter(kind: int, section: int, sequence: int) -> int:
    return kind << 32 | section << 24 | sequence


class Sealer:
    """Seals one stream's envelopes under one base key.

    State: of each kind, the first and the newest sequence that were sealed.
    """

    def __init__(self, stream: int, generation: int, base_key: bytes) -> None:
        """``base_key`` is random, and nothing was sealed under it before."""
        self.stream = stream
        self.generation = generation
        self.base_key = base_key
        self._epoch = epoch_of(generation)
        self._ciphers = _Ciphers(stream, self._epoch, base_key)
        self._sealed: dict[int, tuple[int, int]] = {}

    @property
    def unused(self) -> bool:
        """Whether nothing was sealed under this key yet."""
        return not self._sealed

    @property
    def nearly_spent(self) -> bool:
        """Whether it is time for a new key, because a sequence would come round."""
        return any(newest - first > ENVELOPES_A_KEY // 2 for first, newest in self._sealed.values())

    def seal(self, envelope: Envelope) -> Envelope:
        """The same envelope with this key's epoch and its sections sealed.

        Whoever sends it again sends the same sealed one again.

        Raises:
            ValueError: it is sealed already or another's, its kind has no seal, it would be too
                long, its sequence is not newer than all of its kind before, or the key is spent.
        """
        suite = suite_of(envelope.kind, envelope.golden)
        if suite is None or envelope.epoch or envelope.stream != self.stream:
            raise ValueError(
                f"an envelope of kind {envelope.kind}, stream {envelope.stream} and epoch "
                f"{envelope.epoch} was to be sealed by stream {self.stream}"
            )
        kind, sequence = envelope.kind, envelope.sequence
        first, newest = self._sealed.get(kind, (sequence, sequence - 1))
        whole = unwrap(sequence, SEQUENCE_PERIOD, newest)
        if whole <= newest or whole - first >= ENVELOPES_A_KEY:
            # Under one key and counter, two plaintexts would give each other away.
            raise ValueError(
                f"envelope {sequence} of kind {kind} was to be sealed after {newest}: "
                "under one key a sequence only ever grows, and never comes round"
            )
        self._sealed[kind] = first, whole
        cipher = self._ciphers.of(suite)
        length = len(envelope.core) + seal_length(kind, envelope.golden)
        if not envelope.golden and length > LONGEST_CORE:
            raise ValueError(f"a core of {length} bytes, its tag included, fits no header")
        header = encode_header(envelope, self._epoch, length)
        core = cipher.seal(_counter(kind, _CORE, sequence), header, envelope.core)
        detail = envelope.detail
        if detail:
            detail = cipher.seal(_counter(kind, _DETAIL, sequence), header, detail)
        return envelope.with_sections(core, detail, self._epoch)


class ReplayWindow:
    """Lets each sequence number pass once. State: the newest, and which before it came."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._came = 0
        """Bit k: whether the number k before the newest came."""

    def fresh(self, sequence: int) -> int | None:
        """The whole number of a sequence modulo 2²⁴; None if it came before or is too old."""
        if self._newest is None:
            return sequence
        whole = unwrap(sequence, SEQUENCE_PERIOD, self._newest)
        back = self._newest - whole
        if back < 0:
            return whole
        return None if back >= WINDOW or self._came >> back & 1 else whole

    def take(self, whole: int) -> None:
        """That number came, and was genuine."""
        if self._newest is None:
            self._newest, self._came = whole, 1
            return
        ahead = whole - self._newest
        if ahead > 0:
            # A leap would shift by millions of bits.
            self._came = (self._came << ahead & _WINDOW_BITS if ahead < WINDOW else 0) | 1
            self._newest = whole
        else:
            self._came |= 1 << -ahead


_WINDOW_BITS = (1 << WINDOW) - 1


@dataclass(slots=True)
class _Key:
    """One base key of a sender. State: what came under it, and until when it opens."""

    generation: int
    ciphers: _Ciphers
    windows: dict[int, ReplayWindow] = field(default_factory=dict)
    dies_ns: int | None = None


class Opener:
    """Opens one sender's envelopes. State: the sender's newest keys, and what came under each."""

    def __init__(self, stream: int, after: int = 0) -> None:
        """No key is known yet; only such as are newer than generation ``after`` are taken."""
        self.stream = stream
        self._newest = after
        self._keys: dict[int, _Key] = {}

    @property
    def newest(self) -> int:
        """The generation of the newest key; 0 if none ever came."""
        return self._newest

    def add(self, generation: int, base_key: bytes) -> bool:
        """Take a key that the sender gave; False, and nothing happens, if it is not newer."""
        if generation <= self._newest:
            return False
        self._newest = generation
        epoch = epoch_of(generation)
        self._keys.pop(epoch, None)
        self._keys[epoch] = _Key(generation, _Ciphers(self.stream, epoch, base_key))
        while len(self._keys) > KEYS_KEPT:
            del self._keys[next(iter(self._keys))]
        return True

    def open(self, envelope: Envelope, now_ns: int) -> Envelope | None:
        """What was sealed, as an envelope of epoch 0.

        Returns:
            None if it is of no use, though nobody is to blame: it came before, it is too old, or
            it is of a kind that this version knows not.

        Raises:
            UnknownKeyError: its key has not come yet.
            SealError: it is not sealed, or not by this sender, or it was changed on the way.
        """
        if not envelope.epoch:
            raise SealError("an envelope came that is not sealed")
        suite = suite_of(envelope.kind, envelope.golden)
        if suite is None:
            return None
        key = self._keys.get(envelope.epoch)
        if key is None:
            self._require_given_up(envelope.epoch)
            return None
        if key.dies_ns is not None and now_ns >= key.dies_ns:
            del self._keys[envelope.epoch]
            return None
        kind, sequence = envelope.kind, envelope.sequence
        window = key.windows.get(kind)
        if window is None:
            # Kept only once something genuine came; there are four kinds.
            window = ReplayWindow()
        whole = window.fresh(sequence)
        if whole is None:
            return None
        cipher = key.ciphers.of(suite)
        header = encode_header(envelope, envelope.epoch, len(envelope.core))
        core = cipher.open(_counter(kind, _CORE, sequence), header, envelope.core)
        detail = envelope.detail
        if detail:
            detail = cipher.open(_counter(kind, _DETAIL, sequence), header, detail)
        key.windows[kind] = window
        window.take(whole)
        if key.generation == self._newest and len(self._keys) > 1:
            self._retire_older(now_ns)
        return envelope.with_sections(core, detail, 0)

    def _require_given_up(self, epoch: int) -> None:
        """Raises UnknownKeyError unless the epoch is that of a key which was given up."""
        ahead = (epoch - epoch_of(max(self._newest, 1))) % EPOCHS
        if not self._newest or 0 < ahead <= EPOCHS // 2:
            raise UnknownKeyError(
                f"the key of epoch {epoch} of stream {self.stream} has not come yet", self.stream
            )

    def _retire_older(self, now_ns: int) -> None:
        for key in self._keys.values():
            if key.generation != self._newest and key.dies_ns is None:
                key.dies_ns = now_ns + OLD_KEY_NS
