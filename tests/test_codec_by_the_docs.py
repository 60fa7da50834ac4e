"""The decoder that was written from the docs makes of every frame what the codec's own makes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import codec_by_the_docs
import numpy as np
import pytest
from codec_by_the_docs import Decoder as DocsDecoder
from codec_by_the_docs import Person, RefusedError
from smooth_motion import PERSON, SECOND, SmoothMotion, wild_sample

from presence.codec import CodecSettings, Decoder, Encoder, Frame, ans, decoder
from presence.codec.layout import (
    BONES_AT,
    FACE,
    FACE_AT,
    GAZE,
    GAZE_AT,
    HANDS_AT,
    LEVELS,
    ONE,
    QUATS,
    ROOT,
    ROTATION_STEPS,
    STATE,
)
from presence.codec.model import trained_model
from presence.errors import CodecError, MissingReferenceError
from presence.pose import Attention, Contact
from presence.pose.face import SENT_SHAPES
from presence.pose.packed import (
    STATE_COUNT,
)
from presence.pose.skeleton import BODY_BONES, HAND_BONES

VECTORS = json.loads((Path(__file__).parent / "vectors" / "codec.json").read_text())


class Both:
    """Decodes with both, and compares every whole number."""

    def __init__(self, monkeypatch) -> None:
        self.one, self.other = Decoder(PERSON), DocsDecoder()
        self.shown: np.ndarray | None = None
        monkeypatch.setattr(decoder, "decode", self._decode(decoder.decode))
        monkeypatch.setattr(decoder, "show", self._show(decoder.show))

    def _decode(self, real):
        def spy(*arguments):
            problem = real(*arguments)
            self.shown = arguments[-3]
            return problem

        return spy

    def _show(self, real):
        def spy(memory, eyes, out):
            self.shown = memory
            real(memory, eyes, out)

        return spy

    def decode(self, frame: Frame) -> bool:
        """Whether both took it; that only one does is an error, as is any difference."""
        try:
            self.one.decode(frame)
            problem = None
        except CodecError as error:
            problem = error
        arguments = frame.sequence, frame.refers_to, frame.reference, frame.core, frame.detail
        if isinstance(problem, MissingReferenceError):
            with pytest.raises(KeyError):
                self.other.decode(*arguments)
        elif problem:
            with pytest.raises(RefusedError):
                self.other.decode(*arguments)
        else:
            assert numbers(self.other.decode(*arguments)) == [
                self.shown[QUATS:ROOT].tolist(),
                self.shown[ROOT:FACE].tolist(),
                self.shown[FACE:GAZE].tolist(),
                self.shown[GAZE:LEVELS].tolist(),
                self.shown[STATE : STATE + STATE_COUNT].tolist(),
            ]
        return problem is None


def numbers(person: Person) -> list[list[int]]:
    state = person.state
    return [
        [part for rotation in person.rotations for part in rotation],
        person.root,
        person.face,
        person.gaze,
        [state["contacts"], *state["tracked"], state["target"], state["confidence"]],
    ]


@pytest.fixture
def both(monkeypatch) -> Both:
    return Both(monkeypatch)


def test_the_vectors_decode_to_what_was_written_down():
    own = DocsDecoder()
    for vector in VECTORS["frames"]:
        person = own.decode(
            vector["sequence"],
            vector["refers_to"],
            vector["reference"],
            bytes.fromhex(vector["core"]),
            bytes.fromhex(vector["detail"]),
        )
        expected = vector["decodes_to"]
        turns = np.array(expected["rotations"])[[*BODY_BONES, *HAND_BONES]]
        assert np.allclose(np.array(person.root) / 1e9, expected["root_position"], atol=1e-7)
        assert np.allclose(np.array(person.rotations) / 2**30, turns, atol=1e-7)
        assert np.allclose(np.array(person.face) / 128, np.array(expected["face"])[SENT_SHAPES])
        yaw, pitch = np.array(person.gaze[:2]) * 2 * np.pi / 512
        direction = [-np.sin(yaw) * np.cos(pitch), np.sin(pitch), -np.cos(yaw) * np.cos(pitch)]
        assert np.allclose(direction, expected["gaze_direction"], atol=1e-7)
        distance = 10 / person.gaze[2] if person.gaze[2] else 100.0
        assert distance == pytest.approx(expected["gaze_distance"], abs=1e-6)
        assert person.state["contacts"] == expected["contacts"]
        assert person.state["target"] == expected["attention"][0]
        assert person.state["confidence"] / 15 == pytest.approx(expected["attention"][1], abs=1e-6)
        assert np.allclose(np.array(person.state["tracked"]) / 15, expected["tracked"])


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["why"])
def test_what_is_to_be_refused_is_refused(vector):
    core, detail = (bytes.fromhex(vector.get(name, "")) for name in ("core", "detail"))
    with pytest.raises(RefusedError):
        DocsDecoder().decode(0, 0, True, core, detail)


@pytest.mark.parametrize("bound_m", [0.0005, 0.001, 0.005])
def test_a_moving_person_decodes_alike_over_a_golden_boundary(both, bound_m):
    motion = SmoothMotion(3, amplitude=2.0)
    encoder = Encoder(PERSON, CodecSettings(golden_interval=18, bound_m=bound_m))
    for k in range(22):
        sample = motion.at(k * SECOND // 60)
        if k in (8, 9):
            sample = replace(
                sample,
                contacts=Contact(k),
                attention=Attention(k * 2**28 + 5, 0.6),
                tracked=np.linspace(0.0, 1.0, 9),
            )
        assert both.decode(encoder.encode(sample))


def test_wild_poses_decode_alike(both):
    random = np.random.default_rng(6)
    encoder = Encoder(PERSON)
    for k in range(20):
        assert both.decode(encoder.encode(wild_sample(random, k * SECOND // 60)))


def test_frames_decode_alike_without_some_details_and_some_frames(both):
    motion, encoder = SmoothMotion(4), Encoder(PERSON, CodecSettings(golden_interval=24))
    without_detail = {0, 6, 15, 30, 33}
    refused = []
    for k in range(0, 45, 3):
        frame = encoder.encode(motion.at(k * SECOND // 60))
        for _ in range(2):
            encoder.encode(motion.at(k * SECOND // 60))
        if k in without_detail:
            frame = replace(frame, detail=b"")
        if k != 18 and not both.decode(frame):
            refused.append(k)
    # Frame 18 is an anchor, and the next reference is golden.
    assert refused == [21]


def test_damaged_frames_are_taken_or_refused_alike(both):
    random = np.random.default_rng(12)
    encode, motion = Encoder(PERSON).encode, SmoothMotion(2)
    frames = [encode(motion.at(k * SECOND // 60)) for k in range(9)]
    for frame in frames:
        both.decode(frame)
    taken = 0
    for _ in range(150):
        frame = frames[random.integers(len(frames))]
        name = ("core", "detail")[random.integers(2)]
        section = bytearray(getattr(frame, name))
        section[random.integers(len(section))] ^= 1 << random.integers(8)
        # The last byte begins what is decoded first.
        section[-1] ^= int(random.integers(2))
        taken += both.decode(replace(frame, **{name: bytes(section)}, reference=False))
    assert taken < 10


class Chosen:
    """In place of a section: what is taken from it is chosen, and written to be taken again."""

    def __init__(self, random: np.random.Generator, precision: int, skip: int) -> None:
        self._random, self._precision, self._next = random, precision, -skip
        self._rarely = int(random.integers(12, 40))
        self._pieces, self._count = np.zeros((4096, 2), np.int64), 0
        self._first_bits = precision
        self.slot = 2**15 - 1

    def take(self, start: int, share: int) -> None:
        self._count = ans.put(self._pieces, self._count, start, share)

    def bits(self, count: int) -> int:
        value = int(self._random.integers(1 << min(count, 5)))
        if count == 6 and self._first_bits is not None:
            value, self._first_bits = self._first_bits, None
        self._count = ans.put_bits(self._pieces, self._count, value, count)
        return value

    def value(self, mean: int, scale: int) -> int:
        value = 0
        if self._next >= 0 and self._random.random() < 2 / self._rarely:
            value = _limit(self._next, self._precision) * int(self._random.choice((-1, 1)))
        self._next += 1
        model = trained_model()
        self._count = ans.put_value(self._pieces, self._count, value, mean, scale, model)
        return value

    def close(self) -> None:
        pass

    def written(self) -> bytes:
        out = np.zeros(1 << 14, np.uint8)
        return out[: ans.write(self._pieces, self._count, out)].tobytes()


def _limit(value: int, precision: int) -> int:
    """The largest that a value may be: no encoder makes it so large."""
    if value < BONES_AT:
        return 1000
    if value < FACE_AT:
        return int(ONE // ROTATION_STEPS[precision, (value - BONES_AT) // 3] + 1)
    return ONE if value < GAZE_AT else 0


@pytest.mark.parametrize("seed", range(8))
def test_values_at_the_ends_of_their_ranges_decode_alike(both, monkeypatch, seed):
    random = np.random.default_rng(seed)
    precision = int(random.integers(64))
    maker, refers_to = DocsDecoder(), 0
    # A golden, the nearest anchor that there may be, and the farthest.
    for sequence in (0, 1, 256, 257, 300):
        sections = [
            Chosen(random, precision, skip=1 if sequence else 0),
            Chosen(random, precision, skip=-HANDS_AT),
        ]
        waiting = iter(sections)
        with monkeypatch.context() as patch:
            patch.setattr(codec_by_the_docs, "Section", lambda _data, to=waiting: next(to))
            maker.decode(sequence, refers_to, True, b"\1", b"\1")
        core, detail = (section.written() for section in sections)
        assert both.decode(Frame(sequence, refers_to, 0, core, detail, reference=True))
        refers_to = sequence
