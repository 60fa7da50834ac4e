"""Coverage-guided fuzzing of what reads bytes from strangers.

    python tests/fuzz.py codec|wire|seal|programs --seconds 600 [--corpus out/fuzz]

Runs until something propagates that is no documented error, hangs, or takes too much memory; what
did it is then in the working directory, as ``crash-…``, ``timeout-…`` or ``oom-…``, and
``python tests/fuzz.py codec FILE`` runs it once more. ``docs/fuzzing.md`` says more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Machine code has no coverage that anybody could see, and wraps where Python warns.
os.environ["NUMBA_DISABLE_JIT"] = "1"
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import atheris  # noqa: E402
import numpy as np  # noqa: E402

with atheris.instrument_imports(
    include=["presence.codec", "presence.wire", "presence.tracking.programs"]
):
    from presence.codec import Decoder, Encoder, Frame, ans, decode_profile, decoding, layout
    from presence.codec.model import trained_model
    from presence.errors import (
        CodecError,
        ControlError,
        EnvelopeError,
        MissingReferenceError,
        SealError,
        WireError,
    )
    from presence.pose import checked
    from presence.pose.packed import SAMPLE_SIZE
    from presence.tracking.programs.live_link import read_face_packet, sensed_face
    from presence.tracking.programs.osc import read_packet
    from presence.tracking.programs.vmc_out import packets
    from presence.tracking.programs.vmc_state import VmcState
    from presence.wire.bundle import pack_bundles, unpack_bundle
    from presence.wire.control import Bye, LossReport, Ping, RepairRequest, decode_control
    from presence.wire.control import encode_control as control_bytes
    from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope
    from presence.wire.identity import check_identity
    from presence.wire.key_package import Party, pack_key, unpack_key
    from presence.wire.sealing import Opener, Sealer
    from presence.wire.signalling import Identity

from smooth_motion import PERSON, SECOND, SmoothMotion, wild_sample  # noqa: E402
from villagers import someone  # noqa: E402

from presence.tracking.sensed import Sensed  # noqa: E402

# ── the codec: several frames, one after another, to one decoder ─────────────────────────────

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


def codec(data: bytes) -> None:
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


def codec_seeds(*, many: bool) -> list[bytes]:
    vectors = json.loads((HERE / "vectors" / "codec.json").read_text())["frames"]
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
    seeds = [*_chains(frames), *(_extremes(seed) for seed in range(8 if many else 1))]
    for seed in range(4 if many else 0):
        motion, encode = SmoothMotion(seed), Encoder(PERSON).encode
        randomly = np.random.default_rng(seed)
        frames = []
        for k in range(20):
            now = k * SECOND // 60
            frames.append(encode(wild_sample(randomly, now) if seed == 3 else motion.at(now)))
        seeds += list(_chains([frames[k] for k in (0, 1, 6, 11, 12, 18, 19)]))
    return seeds


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


def codec_mutation(data: bytes, max_size: int, seed: int) -> bytes:
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


# ── the wire: a bundle of envelopes, and what is in them ─────────────────────────────────────


def wire(data: bytes) -> None:
    """A bundle, its envelopes, and their payloads are what they were made of, or errors."""
    try:
        parts = unpack_bundle(data)
    except EnvelopeError:
        parts = [data]
    else:
        assert b"".join(pack_bundles(parts)) == data
    for part in parts:
        try:
            envelope = decode_envelope(part)
        except EnvelopeError:
            continue
        assert encode_envelope(envelope) == part
        assert envelope.size == len(part)
        encode_envelope(envelope.without_detail())
        payload(envelope)


def payload(envelope: Envelope) -> None:
    try:
        if envelope.kind == Kind.PROFILE:
            decode_profile(envelope.core)
        else:
            messages = decode_control(envelope.core)
            assert decode_control(control_bytes(messages)) == messages
    except ControlError:
        return


def wire_seeds(*, many: bool) -> list[bytes]:
    encoder, motion = Encoder(PERSON), SmoothMotion()
    poses = [
        Envelope.pose(7, encoder.encode(motion.at(k * SECOND // 60)))
        for k in range(7 if many else 1)
    ]
    control = control_bytes([Ping(5), RepairRequest(7, 6, 0), LossReport(7, 3), Bye()])
    single = Envelope.single(Kind.CONTROL, 7, sequence=1, capture_ns=0, payload=control)
    envelopes = [encode_envelope(envelope) for envelope in (*poses, single)]
    return [*envelopes, *pack_bundles(envelopes)]


# ── the seal: an envelope, a key package or an identity from somebody who has no key ─────────

_ADA, _BEN = someone(), someone()
_KEY = bytes(range(16))
_WHO = _ADA.introduce("Ada", 0)


def seal(data: bytes) -> None:
    """Only what was sealed opens, and only what was signed is believed; the rest is an error."""
    what, data = data[:1], data[1:]
    if what == b"k":
        try:
            unpack_key(_BEN, 2, Party.own(1, _ADA), data)
        except SealError:
            return
        assert data in _boxes
    elif what == b"i":
        parts = [data[:32], data[32:64], data[64:128], data[128:160]]
        names = ("device", "agreement", "signature", "proof")
        who = Identity(**dict(zip(names, parts, strict=True)))
        try:
            check_identity(who, _BEN.secret, "Ada", 0)
        except SealError:
            return
        assert who == _WHO
    else:
        opener = Opener(7)
        opener.add(1, _KEY)
        try:
            opened = opener.open(decode_envelope(data), 0)
        except (EnvelopeError, SealError):
            return
        assert opened is None or data in _sealed or _whole(data) in _sealed


_boxes = [pack_key(_ADA, 1, Party.own(2, _BEN), n, _KEY) for n in (1, 2)]
_sealed: list[bytes] = []


def _whole(data: bytes) -> bytes:
    """The sealed envelope of which a relay may have dropped the detail."""
    return next((whole for whole in _sealed if whole.startswith(data)), b"")


def seal_seeds(*, many: bool) -> list[bytes]:
    who = _WHO.device + _WHO.agreement + _WHO.signature + _WHO.proof
    return [
        *(b"e" + envelope for envelope in _sealed),
        *(b"k" + box for box in _boxes),
        b"i" + who,
    ]


def _seal_some() -> None:
    encoder, motion, sealer = Encoder(PERSON), SmoothMotion(), Sealer(7, 1, _KEY)
    envelopes = [Envelope.pose(7, encoder.encode(motion.at(k * SECOND // 60))) for k in range(3)]
    envelopes += [
        Envelope.single(kind, 7, sequence=1, capture_ns=0, payload=bytes(20))
        for kind in (Kind.VOICE, Kind.CONTROL, Kind.PROFILE)
    ]
    _sealed.extend(encode_envelope(sealer.seal(envelope)) for envelope in envelopes)


_seal_some()


# ── other programs: a packet of VMC or of Live Link Face ──────────────────────────────────────


def programs(data: bytes) -> None:
    """Whatever comes is a person, nothing, or an error."""
    if data[:1] == b"\x06":
        try:
            packet = read_face_packet(data)
        except WireError:
            return
        sane(sensed_face(packet, 1))
        return
    try:
        messages = read_packet(data)
    except WireError:
        return
    state = VmcState(PERSON)
    for message in messages:
        try:
            state.take(message, 1)
        except WireError:
            continue
    known = state.sensed(1)
    if known is not None:
        sane(known)


def sane(sensed: Sensed) -> None:
    assert np.isfinite(sensed.positions).all()
    for turns in (sensed.orientations, sensed.rotations):
        assert np.abs(np.linalg.norm(turns, axis=-1) - 1.0).max() < 1e-6
    assert 0.0 <= sensed.face.min() <= sensed.face.max() <= 1.0
    assert abs(np.linalg.norm(sensed.gaze_direction) - 1.0) < 1e-6


def programs_seeds(*, many: bool) -> list[bytes]:
    seeds = packets(SmoothMotion(1).at(SECOND), PERSON, 0)
    for name in ("vmc", "live_link"):
        vectors = json.loads((HERE / "vectors" / f"{name}.json").read_text())
        listed = [*vectors["packets"], *vectors.get("refused", [])]
        seeds += [bytes.fromhex(vector["hex"]) for vector in listed]
    return seeds


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[..., list[bytes]]]] = {
    "codec": (codec, codec_seeds),
    "wire": (wire, wire_seeds),
    "seal": (seal, seal_seeds),
    "programs": (programs, programs_seeds),
}


# ── what the corpus reaches ──────────────────────────────────────────────────────────────────


def _lines(code: types.CodeType) -> set[int]:
    """The lines of a function, and of those within it, but for where they are defined."""
    lines = {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
    return lines.union(*(_lines(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def report_lines(target: Callable[[bytes], None], corpus: Path) -> None:
    """Print which lines in functions of the package no input of ``corpus`` reaches."""
    reached: dict[str, set[int]] = {}

    def trace(frame: types.FrameType, _event: str, _argument: object) -> Any:
        lines = reached.get(frame.f_code.co_filename)
        if lines is not None:
            lines.add(frame.f_lineno)
            return trace
        return None

    package = Path(ans.__file__).parents[1]
    folder = package / {codec: "codec", programs: "tracking/programs"}.get(target, "wire")
    reached.update((str(path), set()) for path in folder.glob("*.py"))
    sys.settrace(trace)
    for path in sorted(corpus.iterdir()):
        target(path.read_bytes())
    sys.settrace(None)
    for name, lines in reached.items():
        module = compile(Path(name).read_text("utf-8"), name, "exec")
        functions = [c for c in module.co_consts if isinstance(c, types.CodeType)]
        there = set().union(*(_lines(c) for c in functions))
        if lines:
            missed = sorted(there - lines)
            print(f"{Path(name).name}: {len(there & lines)} of {len(there)}, not {missed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("inputs", nargs="*", help="files to run once, instead of fuzzing")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0, help="0: another one every time")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was found new")
    parser.add_argument("--lines", action="store_true", help="only say what the corpus reaches")
    asked = parser.parse_args()
    warnings.simplefilter("error")
    target, seeds = TARGETS[asked.target]
    if asked.lines:
        report_lines(target, asked.corpus)
        return
    with tempfile.TemporaryDirectory() as temporary:
        corpus = asked.corpus or Path(temporary)
        corpus.mkdir(parents=True, exist_ok=True)
        for k, seed in enumerate(seeds(many=asked.seconds > 30)):
            (corpus / f"seed-{k}").write_bytes(seed)
        limits = [f"-max_total_time={asked.seconds}", "-timeout=10", "-rss_limit_mb=2048"]
        limits += [
            "-max_len=4096",
            f"-seed={asked.seed}",
            "-print_final_stats=1",
            "-len_control=0",
            "-mutate_depth=1",
        ]
        mutator = codec_mutation if asked.target == "codec" else None
        atheris.Setup(
            [sys.argv[0], *limits, *(asked.inputs or [str(corpus)])],
            target,
            **({"custom_mutator": mutator} if mutator else {}),
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
