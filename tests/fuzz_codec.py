"""What is fuzzed of the codec: several frames, one after another, to one decoder."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import atheris
import numpy as np
from smooth_motion import PERSON, SECOND, SmoothMotion, wild_sample

from presence.codec import Decoder, Encoder, Frame, ans, decoding, layout
from presence.codec.model import trained_model
from presence.errors import CodecError, MissingReferenceError
from presence.pose import checked
from presence.pose.packed import SAMPLE_SIZE

VECTORS = Path(__file__).parent / "vectors" / "codec.json"

# Each frame: flags, frames since the one before it, bytes of core, bytes of detail (two,
# big-endian), core, detail.
_HEAD = 5
_GOLDEN, _REFERENCE, _OLDER = 1, 2, 4
_MOST_FRAMES = 4
Part = tuple[int, int, bytes, bytes]


def _split(data: bytes) -> Iterator[Part]:
    for _ in range(_MOST_FRAMES):
        if len(data) <= _HEAD:
            return
        core_end = _HEAD + data[2]
        end = core_end + int.from_bytes(data[3:5], "big")
        yield data[0], data[1], data[_HEAD:core_end], data[core_end:end]
        data = data[end:]


def _joined(parts: list[Part]) -> bytes:
    return b"".join(
        bytes([flags, gap, min(len(core), 255)])
        + len(detail).to_bytes(2, "big")
        + core[:255]
        + detail
        for flags, gap, core, detail in parts
    )


class _Stream:
    """Gives frames their numbers, and each a reference that the decoder has, if it has any."""

    def __init__(self) -> None:
        self.decoder = Decoder(PERSON)
        self._references: list[int] = []
        self._sequence = 0

    def frame(self, part: Part) -> Frame:
        flags, gap, core, detail = part
        sequence = self._sequence + gap
        refers_to = sequence
        if self._references and not flags & _GOLDEN:
            refers_to = self._references[0 if flags & _OLDER else -1]
        return Frame(sequence, refers_to, 0, core, detail, reference=bool(flags & _REFERENCE))

    def took(self, frame: Frame) -> None:
        self._sequence = frame.sequence
        if frame.reference:
            self._references.append(frame.sequence)


def check(data: bytes) -> None:
    """Every frame is a sound sample or an error of the codec's, and harms none that is known."""
    stream = _Stream()
    for part in _split(data):
        frame = stream.frame(part)
        known = dict(stream.decoder._references)
        rows = [kept.memory.tobytes() for kept in known.values()]
        try:
            sample = stream.decoder.decode(frame)
        except MissingReferenceError:
            raise AssertionError("a known reference is missing") from None
        except CodecError:
            assert dict(stream.decoder._references) == known
        else:
            checked(sample)
            assert np.abs(sample.root_position).max() <= 100.0
            assert np.abs(np.linalg.norm(sample.rotations, axis=-1) - 1.0).max() < 1e-9
            assert sample.face.min() >= 0.0
            assert sample.face.max() <= 1.0
            stream.took(frame)
        assert [kept.memory.tobytes() for kept in known.values()] == rows


def _chains(frames: list[Frame]) -> Iterator[bytes]:
    """Each frame after those that it needs."""
    known = {frame.sequence: frame for frame in frames}
    for frame in frames:
        chain = [frame]
        while not chain[0].golden:
            chain.insert(0, known[chain[0].refers_to])
        parts, before = [], 0
        for one in chain:
            flags = (_GOLDEN if one.golden else 0) | (_REFERENCE if one.reference else 0)
            parts.append((flags, max(one.sequence - before, 0), one.core, one.detail))
            before = one.sequence
        yield _joined(parts)


class _Chooser:
    """Makes frames of values at the very ends of their ranges, as no encoder would.

    The decoder itself says what it expects, and so how a value is to be written.
    """

    _NAMES = ("open_section", "get_bits", "get_value", "advance", "closed")

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._memory = layout.START
        self._pieces = np.zeros((4096, 2), np.int64)
        self._few = (0,) * self._random.randrange(6, 30)

    def part(self, gap: int, distance: int) -> Part:
        sections: list[bytes] = []
        real = {name: getattr(decoding, name) for name in self._NAMES}
        self._distance, self._next, self._count = distance, 0, 0
        self._precision: int | None = int(self._memory[layout.PRECISION]) if distance else None

        def close(_reader: object) -> bool:
            out = np.zeros(1 << 14, np.uint8)
            size = ans.write(self._pieces, self._count, out)
            sections.append(out[: int(size)].tobytes())
            self._count = 0
            return True

        def put(_data: object, _reader: object, start: int, share: int) -> None:
            self._count = ans.put(self._pieces, self._count, start, share)

        chosen = (lambda *_: True, self._bits, self._value, put, close)
        for name, function in zip(self._NAMES, chosen, strict=True):
            setattr(decoding, name, function)
        try:
            new, out = self._memory.copy(), np.empty(SAMPLE_SIZE)
            data = np.ones(2, np.uint8)
            args = (self._memory, distance, True, trained_model(), new, np.ones((3, 3)), out)
            decoding.decode(data, 1, 2, *args)
        finally:
            for name, function in real.items():
                setattr(decoding, name, function)
        self._memory = new
        return (_REFERENCE if distance else _GOLDEN | _REFERENCE, gap, *sections)

    def _bits(self, _data: object, _reader: object, bits: int) -> int:
        value = self._random.randrange(1 << min(bits, 5))
        self._count = ans.put_bits(self._pieces, self._count, value, bits)
        self._precision = value if self._precision is None else self._precision
        return value

    def _value(self, _data: object, _reader: object, mean: int, scale: int, model: object) -> int:
        limit = 0
        if self._distance == 0 or self._next:
            limit = self._limit(self._next - (self._distance > 0))
        # More than a few that are large would make a section too large.
        value = self._random.choice((-limit, limit, *self._few))
        self._next += 1
        self._count = ans.put_value(self._pieces, self._count, value, mean, scale, model)
        return value

    def _limit(self, value: int) -> int:
        if value < layout.BONES_AT:
            return 1000
        if value < layout.FACE_AT:
            step = layout.ROTATION_STEPS[self._precision, (value - layout.BONES_AT) // 3]
            return int(layout.ONE // step + 1)
        return layout.ONE if value < layout.GAZE_AT else 0


def _extremes(seed: int) -> bytes:
    """A golden, the nearest anchor that there may be, and the farthest."""
    chooser = _Chooser(seed)
    return _joined([chooser.part(gap, gap) for gap in (0, 1, 255, 1)])


def seeds(*, many: bool) -> list[bytes]:
    vectors = json.loads(VECTORS.read_text())["frames"]
    named = ("sequence", "refers_to", "capture_ns")
    frames = [
        Frame(
            *(vector[name] for name in named),
            bytes.fromhex(vector["core"]),
            bytes.fromhex(vector["detail"]),
            vector["reference"],
        )
        for vector in vectors
    ]
    made = [*_chains(frames), *(_extremes(seed) for seed in range(8 if many else 1))]
    for seed in range(4 if many else 0):
        motion, encode = SmoothMotion(seed), Encoder(PERSON).encode
        randomly = np.random.default_rng(seed)
        frames = []
        for k in range(20):
            now = k * SECOND // 60
            frames.append(encode(wild_sample(randomly, now) if seed == 3 else motion.at(now)))
        made += list(_chains([frames[k] for k in (0, 1, 6, 11, 12, 18, 19)]))
    return made


class _Recorder:
    """Collects the pieces that a decoder takes from its sections, so that they can be written."""

    def __init__(self) -> None:
        self.taken: dict[int, list[tuple[int, int]]] = {}
        self._real = ans.advance
        ans.advance = decoding.advance = self._advance

    def _advance(self, data, reader, start, share):
        self.taken.setdefault(id(data), []).append((int(start), int(share)))
        self._real(data, reader, start, share)

    def close(self) -> None:
        ans.advance = decoding.advance = self._real


def _written(pieces: list[tuple[int, int]]) -> bytes:
    out = np.zeros(4 * len(pieces) + 16, np.uint8)
    size = ans.write(np.array(pieces, np.int64), len(pieces), out)
    return out[: int(size)].tobytes()


def _healed(data: bytes) -> bytes:
    """The same frames with their sections written so that they come to a sound end.

    Whatever the bytes, a decoder takes some values from them; these are what is written. Only so
    do changes get past the end of a section, which damage hardly ever does.
    """
    stream, healed = _Stream(), []
    for flags, gap, *sections in _split(data):
        # A core's end hides what follows it.
        for _ in range(3):
            frame = stream.frame((flags, gap, *sections))
            recorder = _Recorder()
            try:
                stream.decoder.decode(frame)
            except CodecError:
                taken = list(recorder.taken.values())
                if not taken:
                    break
                sections[len(taken) - 1] = _written(taken[-1])
            else:
                stream.took(frame)
                break
            finally:
                recorder.close()
        healed.append((flags, gap, *sections))
    return _joined(healed)


def mutation(data: bytes, max_size: int, seed: int) -> bytes:
    """A change within one section, mostly, and mostly healed."""
    randomly = random.Random(seed)
    frames = list(_split(data))
    if not frames or randomly.random() < 0.1:
        return atheris.Mutate(data, max_size)
    at = randomly.randrange(len(frames))
    flags, gap, *sections = frames[at]
    which = randomly.randrange(2)
    section = bytearray(sections[which])
    match randomly.randrange(6):
        case 0:
            flags ^= 1 << randomly.randrange(3)
            gap = randomly.randrange(256)
        case 1:
            sections[which] = b""
        case 2:
            frames.insert(at, frames[randomly.randrange(len(frames))])
        case 3 if section:
            section[randomly.randrange(len(section))] ^= 1 << randomly.randrange(8)
            sections[which] = bytes(section)
        case 4 if section:
            # Values are read from the end.
            section[-randomly.randrange(1, 9) :] = randomly.randbytes(8)
            sections[which] = bytes(section)
        case _:
            sections[which] = bytes(atheris.Mutate(bytes(section) or b"\1", 255))
    frames[at] = (flags, gap, *sections)
    changed = _joined(frames[:_MOST_FRAMES])
    return (_healed(changed) if randomly.random() < 0.6 else changed)[:max_size]
