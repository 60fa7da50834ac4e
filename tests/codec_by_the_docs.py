"""A decoder of the pose codec in plain Python, written from ``docs/codec.md`` alone.

It shares nothing with ``presence.codec`` but the model, which is data, and is there to show that
the section "The bitstream" says everything: whoever writes another decoder may start from this
one. It is slow, and it trusts whoever calls it with the order of frames.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from presence.pose.face import SHAPES
from presence.pose.skeleton import BODY_BONES, BONES, HAND_BONES, PARENTS

MODEL = json.loads((Path(__file__).parent.parent / "presence" / "codec" / "model.json").read_text())

BODY = [BONES[i] for i in BODY_BONES]
HANDS = [BONES[i] for i in HAND_BONES]
SENT = BODY + HANDS
FACE = [shape for shape in SHAPES if not shape.startswith("eyeLook")]
PARENT = {BONES[i]: BONES[p] for i, p in enumerate(PARENTS) if p >= 0}

VALUES = 206
CORE = range(69)
DETAIL = range(69, VALUES)
FIRST_SHAPE, FIRST_GAZE = 159, 203

PITCHES = (8_000_000, 7_336_032, 6_727_171, 6_168_843, 5_656_854, 5_187_358, 4_756_828, 4_362_031)
STEEPNESS = [round(2 ** (18 - i / 4)) for i in range(25)]
SIGMOID = [round(65536 / (1 + math.exp(-n / 64))) for n in range(768)]
LOG = {n: [round(16 * math.log2(1 + 2 * s / n)) for s in range(4096)] for n in (1, 2, 3)}
SMALL = [round(16 * math.log2(0.08 + m / 16)) for m in range(4096)]


class RefusedError(Exception):
    """These bytes are no frame."""


class Section:
    """What is left of a section: words of 32 bits and a state."""

    def __init__(self, data: bytes) -> None:
        if not data or data[-1] == 0:
            raise RefusedError("a section without a state")
        words = 0 if len(data) <= 8 else (len(data) - 5) // 4
        self.words = [int.from_bytes(data[4 * i : 4 * i + 4], "little") for i in range(words)]
        self.state = int.from_bytes(data[4 * words :], "little")

    @property
    def slot(self) -> int:
        return self.state % 2**15

    def take(self, start: int, share: int) -> None:
        self.state = share * (self.state >> 15) + self.slot - start
        if self.state < 2**32 and self.words:
            self.state = self.state * 2**32 + self.words.pop()

    def bits(self, count: int) -> int:
        value = 0
        for at in range(0, count, 15):
            n = min(15, count - at)
            part = self.slot >> (15 - n)
            self.take(part << (15 - n), 1 << (15 - n))
            value |= part << at
        return value

    def value(self, mean: int, scale: int) -> int:
        whole = (mean + 8) >> 4
        odd = mean - 16 * whole
        raw = 0
        if scale >= 25:
            raw = (scale - 21) >> 2
            scale -= 4 * raw
            odd = -8

        def below(r: int) -> int:
            if r <= -32:
                return 0
            if r > 32:
                return 2**15
            t = ((16 * r - 8 - odd) * STEEPNESS[scale]) >> 12
            share = SIGMOID[min(t, 767)] if t >= 0 else 65536 - SIGMOID[min(-t, 767)]
            return ((share * (2**15 - 66)) >> 16) + r + 32

        low, high = -32, 32
        while low < high:
            middle = (low + high + 1) >> 1
            if below(middle) <= self.slot:
                low = middle
            else:
                high = middle - 1
        r = low
        self.take(below(r), below(r + 1) - below(r))
        if abs(r) == 32:
            b = self.bits(5)
            m = 2**b + self.bits(b)
            r = 31 + m if r > 0 else -(31 + m)
        value = (r << raw) + self.bits(raw) + whole
        return min(max(value, -(2**30)), 2**30)

    def close(self) -> None:
        if self.state != 1 or self.words:
            raise RefusedError("a section that does not come to its end")


@dataclass
class Group:
    """Values that are expected together, and the groups that they are expected from."""

    first: int
    count: int
    kind: int
    ties: list[int]
    parent: Group | None = None
    grandparent: Group | None = None
    twin: Group | None = None
    beside: Group | None = None
    near: tuple[Group, ...] = ()
    is_bone: bool = False
    is_hand: bool = False


def _kind(bone: str) -> int:
    if bone in HANDS:
        return 4
    if re.search("Leg|Foot|Toes", bone):
        return 2
    return 3 if re.search("Shoulder|Arm|Hand", bone) else 1


def _groups() -> list[Group]:
    ties: dict[tuple[str, int], int] = {}

    def tie(name: str, count: int) -> list[int]:
        plain = re.sub("left|right|Left|Right", "", name)
        return [ties.setdefault((plain, axis), len(ties)) for axis in range(count)]

    root = Group(0, 3, 0, tie("root", 3))
    bones: dict[str, Group] = {}
    for i, name in enumerate(SENT):
        group = Group(3 + 3 * i, 3, _kind(name), tie(name, 3), is_bone=True, is_hand=i >= 22)
        before = SENT[22:i] if group.is_hand else SENT[:i]
        group.near = tuple(bones[n] for n in before[-8:])
        above = PARENT.get(name)
        group.parent = bones[above] if above else root
        if above in PARENT:
            group.grandparent = bones[PARENT[above]]
        if name.startswith("right"):
            group.twin = bones["left" + name.removeprefix("right")]
        for finger, neighbour in (("Middle", "Index"), ("Ring", "Middle"), ("Little", "Ring")):
            if finger in name:
                group.beside = bones[name.replace(finger, neighbour)]
        bones[name] = group
    shapes: dict[str, Group] = {}
    for i, name in enumerate(FACE):
        group = Group(FIRST_SHAPE + i, 1, 5, tie(name, 1))
        group.near = tuple(list(shapes.values())[-24:])
        if "Right" in name:
            group.twin = shapes[name.replace("Right", "Left")]
        shapes[name] = group
    return [root, *bones.values(), *shapes.values(), Group(FIRST_GAZE, 3, 6, tie("gaze", 3))]


GROUPS = _groups()


def _arm_mm(bone: str) -> int:
    trunk = {"hips": 156, "spine": 280, "chest": 293, "upperChest": 341, "neck": 105, "head": 165}
    limbs = {
        "UpperLeg": 332,
        "LowerLeg": 324,
        "Foot": 146,
        "Toes": 30,
        "Shoulder": 265,
        "UpperArm": 437,
        "LowerArm": 490,
        "Hand": 224,
        "ThumbMetacarpal": 44,
        "ThumbProximal": 33,
        "IndexProximal": 42,
        "MiddleProximal": 46,
        "RingProximal": 42,
        "LittleProximal": 33,
    }
    return trunk.get(bone) or limbs.get(re.sub("^left|^right", "", bone), 30)


ARMS_NM = [_arm_mm(bone) * 1_000_000 for bone in SENT]


def _standing(bone: str) -> tuple[int, ...]:
    side = 1 if bone.startswith("left") else -1
    axis, angle = 2, 0.0
    if "UpperArm" in bone:
        angle = side * 1.2
    elif "LowerArm" in bone:
        axis, angle = 1, side * -0.5
    elif bone in HANDS and "Thumb" not in bone:
        angle = side * 0.4
    quaternion = [0.0, 0.0, 0.0, math.cos(angle / 2)]
    quaternion[axis] = math.sin(angle / 2)
    return tuple(round(part * 2**30) for part in quaternion)


@dataclass
class Person:
    """What a frame decodes to, in whole numbers."""

    root: list[int]
    """Nanometres."""
    rotations: list[tuple[int, ...]]
    """x, y, z, w of 22 body bones and 30 finger bones, in 2⁻³⁰."""
    face: list[int]
    """44 shapes, in 1/128."""
    gaze: list[int]
    """Yaw and pitch in 1/512 turn, nearness in 0.1 dioptre."""
    state: dict[str, Any]
    """Contacts, tracked, target and confidence; empty before the first golden."""


def start() -> Person:
    return Person([0] * 3, [_standing(bone) for bone in SENT], [0] * 44, [0] * 3, {})


@dataclass
class Remembered:
    """What a reference frame leaves to those that refer to it."""

    person: Person
    values: list[int]
    distance: int
    chained: int
    precision: int
    face_step: int
    recent: list[int]
    usual: list[int]
    has_detail: bool


def _nothing() -> Remembered:
    nothing = [0] * VALUES
    return Remembered(start(), nothing, 0, 0, 0, 0, nothing, nothing, True)


def _turned(a: tuple[int, ...], v: list[int], step: int) -> tuple[int, ...]:
    sx, sy, sz = (part * step for part in v)
    if max(abs(sx), abs(sy), abs(sz)) > 2**30 + step:
        raise RefusedError("a turn out of range")
    n = (sx * sx + sy * sy + sz * sz) >> 30
    d = 2**30 + n
    bx, by, bz, bw = (sx << 31) // d, (sy << 31) // d, (sz << 31) // d, ((2**30 - n) << 30) // d
    ax, ay, az, aw = a
    return (
        (aw * bx + ax * bw + ay * bz - az * by + 2**29) >> 30,
        (aw * by - ax * bz + ay * bw + az * bx + 2**29) >> 30,
        (aw * bz + ax * by - ay * bx + az * bw + 2**29) >> 30,
        (aw * bw - ax * bx - ay * by - az * bz + 2**29) >> 30,
    )


class Expectation:
    """Takes the values of one frame, each as what is expected of it says."""

    def __init__(self, reference: Remembered, distance: int, precision: int) -> None:
        self.reference = reference
        self.golden = distance == 0
        self.precision = precision
        self.values = [0] * VALUES
        former = reference.distance
        self.ratio = (distance << 16) // former if distance and former else 0
        self.far = round(16 * math.log2((distance or 1) / 6))
        chained = min(reference.chained, 6)
        self.sure = round(16 * chained / (chained + 1.5))

    def take(self, section: Section, which: range, hand_energy: int = 0) -> None:
        for group in GROUPS:
            if group.first in which:
                self._take_group(section, group, hand_energy)

    def _size(self, *groups: Group | None) -> int:
        return sum(abs(v) for g in groups if g for v in self.values[g.first : g.first + g.count])

    def _on_axis(self, group: Group | None, axis: int) -> int:
        return self.values[group.first + axis] if group else 0

    def _take_group(self, section: Section, group: Group, hand_energy: int) -> None:
        n, old = group.count, self.reference
        own = slice(group.first, group.first + n)
        features = [0] * 20
        if group.parent:
            features[0] = _log(self._size(group.parent), 3)
        if group.grandparent:
            features[1] = _log(self._size(group.grandparent), 3)
        if group.twin:
            features[2] = _log(self._size(group.twin), n)
        if group.beside:
            features[3] = _log(self._size(group.beside), 3)
        if group.near:
            near = sum(g.count for g in group.near)
            features[4] = _log(3 * self._size(*group.near) // near, 3)
        features[5] = self.far
        if self.ratio:
            features[6] = 16
            features[7] = _log((sum(map(abs, old.values[own])) * self.ratio) >> 16, n)
            features[8] = self.sure
            usual = _small(sum(old.usual[own]) // (4 * n))
            features[9] = (self.sure * (usual + self.far)) >> 4
        features[10] = 2 * self.precision
        features[11] = 11 * hand_energy if group.is_hand else 0
        for axis in range(n):
            self._take_value(section, group, axis, features)

    def _take_value(self, section: Section, group: Group, axis: int, features: list[int]) -> None:
        at = group.first + axis
        parent = self._on_axis(group.parent, axis)
        twin = self._on_axis(group.twin, axis)
        beside = self._on_axis(group.beside, axis)
        moved = (self.reference.values[at] * self.ratio) >> 12
        before = sum(map(abs, self.values[group.first : at]))
        features[12] = _log(before, axis) if axis else 0
        features[13] = 0 if axis else 16
        features[14] = _log(abs(parent), 1)
        features[15] = _log(abs(twin), 1)
        features[16] = _log(abs(beside), 1)
        if self.ratio:
            features[17] = _log(abs(moved) >> 4, 1)
            usual = _small(self.reference.usual[at] >> 2)
            features[18] = (self.sure * (usual + self.far)) >> 4
            features[19] = _small(self.reference.recent[at] >> 2) + self.far

        learned = 0 if self.golden else 1
        weights = MODEL["weights"][learned][group.kind]
        bias = MODEL["biases"][learned][group.ties[axis]]
        means = MODEL["means"][learned][group.ties[axis]]
        total = bias + sum(w * f for w, f in zip(weights, features, strict=True))
        scale = min(max((total + 512) >> 10, 0), 120)
        mirrored = -twin if group.is_bone and axis > 0 else twin
        others = means[1] * beside + means[2] * parent + means[3] * mirrored
        mean = (means[0] * moved + 16 * others + 128) >> 8
        self.values[at] = section.value(mean, scale)


def _log(size: int, n: int) -> int:
    return LOG[n][min(size, 4095)]


def _small(size: int) -> int:
    return SMALL[min(size, 4095)]


def _state(section: Section) -> dict[str, Any]:
    contacts = section.bits(6)
    tracked = [section.bits(4) for _ in range(9)]
    length = section.bits(6)
    if length > 32:
        raise RefusedError("an attention's target longer than 32 bits")
    return {
        "contacts": contacts,
        "tracked": tracked,
        "target": section.bits(length),
        "confidence": section.bits(4),
    }


class Decoder:
    """Decodes the frames of one sender."""

    def __init__(self) -> None:
        self.references: dict[int, Remembered] = {}
        self._last = start()

    def decode(
        self, sequence: int, refers_to: int, reference: bool, core: bytes, detail: bytes
    ) -> Person:
        """What a frame decodes to; raises RefusedError, or KeyError if its reference is not here.

        ``refers_to`` is ``sequence`` itself for a golden; ``detail`` is empty if it was dropped.
        """
        distance = sequence - refers_to
        if not 0 <= distance <= 255 or len(core) > 239 or len(core) + len(detail) > 512:
            raise RefusedError("a frame that refers too far back, or is too large")
        old = self.references[refers_to] if distance else _nothing()

        section = Section(core)
        if distance:
            precision = old.precision + section.value(0, 0)
            if not 0 <= precision <= 63:
                raise RefusedError("a precision out of range")
        else:
            precision = section.bits(6)
        state = old.person.state
        if not distance:
            state = _state(section)
        elif section.slot < 32256:
            section.take(0, 32256)
        else:
            section.take(32256, 512)
            state = _state(section)
        expectation = Expectation(old, distance, precision)
        expectation.take(section, CORE)
        section.close()

        has_detail = bool(detail) and old.has_detail
        face_step = old.face_step
        if has_detail:
            section = Section(detail)
            if not distance:
                face_step = section.bits(2)
            expectation.take(section, DETAIL, section.bits(4))
            section.close()

        values = expectation.values
        person = self._person(old.person, values, precision, face_step, state, has_detail)
        if reference:
            self.references[sequence] = _remember(
                old, person, values, distance, precision, face_step, has_detail
            )
        self._last = person
        return person

    def _person(
        self,
        old: Person,
        values: list[int],
        precision: int,
        face_step: int,
        state: dict[str, Any],
        has_detail: bool,
    ) -> Person:
        pitch = PITCHES[precision % 8] >> (precision // 8)
        root = [was + v * (4 * pitch // 5) for was, v in zip(old.root, values[:3], strict=True)]
        if max(map(abs, root)) > 100 * 10**9:
            raise RefusedError("a root further away than 100 m")
        rotations = [
            _turned(old.rotations[i], values[3 + 3 * i : 6 + 3 * i], (pitch << 30) // (4 * arm))
            for i, arm in enumerate(ARMS_NM)
        ]
        if not has_detail:
            rotations[22:] = self._last.rotations[22:]
            return Person(root, rotations, self._last.face, self._last.gaze, state)
        face = [
            min(max(was + (v << face_step), 0), 128)
            for was, v in zip(old.face, values[FIRST_SHAPE:FIRST_GAZE], strict=True)
        ]
        gaze = [was + v for was, v in zip(old.gaze, values[FIRST_GAZE:], strict=True)]
        if abs(gaze[0]) > 256 or abs(gaze[1]) > 128 or not 0 <= gaze[2] <= 100:
            raise RefusedError("a gaze out of range")
        return Person(root, rotations, face, gaze, state)


def _remember(
    old: Remembered,
    person: Person,
    values: list[int],
    distance: int,
    precision: int,
    face_step: int,
    has_detail: bool,
) -> Remembered:
    recent = usual = [0] * VALUES
    if distance:
        chained = min(old.chained, 6)
        k = max(16 // (chained + 1), 2)
        sizes = [384 * abs(value) // distance for value in values]
        pairs = list(zip(old.recent, old.usual, sizes, strict=True))
        recent = [(was + size) >> 1 if chained else size for was, _, size in pairs]
        usual = [(was * (16 - k) + size * k) >> 4 for _, was, size in pairs]
    chained = old.chained + 1 if distance else 0
    return Remembered(
        person, values, distance, chained, precision, face_step, recent, usual, has_detail
    )
