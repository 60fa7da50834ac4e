"""Which joint of a motion file is which bone: by the hierarchy first, by names where it must be.

Programs disagree about names: a joint called LeftShoulder is the collar bone in one file and the
upper arm in the next, LeftHip may be a thigh, LeftFoot a toe. They agree about the order of joints
down a limb. So only the ends are found by name — hands, feet, head, fingers — and whatever lies
between them and the trunk is told by its place on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from presence.errors import SourceError
from presence.tracking.bvh import BvhClip

SIDES = ("left", "right")
FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")

_HAND, _FOOT, _HEAD, _NECK = {"hand", "wrist", "palm"}, {"foot", "ankle"}, {"head"}, {"neck"}
_FINGER_WORDS = {
    "thumb": "Thumb",
    "index": "Index",
    "pointer": "Index",
    "middle": "Middle",
    "mid": "Middle",
    "ring": "Ring",
    "pinky": "Little",
    "pinkie": "Little",
    "little": "Little",
}
_SIDE_WORDS = {
    **dict.fromkeys(("left", "l", "lft", "lt", "左"), "left"),
    **dict.fromkeys(("right", "r", "rgt", "rt", "右"), "right"),
}
# What hangs about a skeleton without being a joint of the body.
_HELPERS = {
    *("ik", "pole", "target", "ctrl", "control", "helper", "dummy", "prop", "weapon", "socket"),
    *("twist", "roll", "tw", "end", "nub", "tip", "effector", "site", "goal", "attach"),
}
_METACARPAL = {"metacarpal", "meta", "carpal", "palm", "in"}
# Words that follow a side's first letter without a gap, as in lhumerus or rfoot.
_AFTER_LETTER = _HAND | _FOOT | set(_FINGER_WORDS) | {"toe", "toes", "finger", "fingers"}

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
_GAP = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class _Name:
    """A joint's name, taken apart."""

    words: tuple[str, ...]
    side: str | None

    @property
    def helper(self) -> bool:
        return not _HELPERS.isdisjoint(self.words)

    @property
    def core(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if not word.isdigit())

    def has(self, words: Iterable[str]) -> bool:
        return not set(words).isdisjoint(self.words)


def take_apart(name: str) -> _Name:
    """The words of a joint's name in small letters, and the side that it says."""
    # Only what follows the last colon is the joint's own: mixamorig:LeftArm, actor:Hips.
    bare = name.rsplit(":", 1)[-1]
    words: list[str] = []
    side: str | None = None
    for piece in _GAP.split(_CAMEL.sub(" ", bare)):
        word = piece.lower()
        if word[:1] in ("左", "右"):
            side, word = _SIDE_WORDS[word[0]], word[1:]
        for whole in SIDES:
            if word.startswith(whole) and word != whole:
                side, word = whole, word[len(whole) :]
            elif word.endswith(whole) and word != whole:
                side, word = whole, word[: -len(whole)]
        if word in _SIDE_WORDS:
            side = side or _SIDE_WORDS[word]
        elif word[:1] in ("l", "r") and word[1:] in _AFTER_LETTER:
            side = side or _SIDE_WORDS[word[0]]
            words.append(word[1:])
        elif word:
            words.append(word)
    return _Name(tuple(words), side)


def map_joints(clip: BvhClip) -> dict[str, int]:
    """The joint of each bone that the file has.

    Always among the keys: hips, head, and on both sides UpperLeg, LowerLeg, Foot, UpperArm,
    LowerArm and Hand. The trunk, shoulders, toes and fingers are there when the file has them.

    Raises:
        SourceError: a hand, a foot or the head cannot be found, or a limb has too few joints.
    """
    tree = _Tree(clip)
    ends = {
        side + bone: tree.shallowest(words, side)
        for side in SIDES
        for bone, words in (("Hand", _HAND), ("Foot", _FOOT))
    }
    ends["head"] = tree.shallowest(_HEAD, None)
    missing = [bone for bone, joint in ends.items() if joint is None]
    if missing:
        shown = ", ".join(clip.names[:12])
        raise SourceError(
            f"{clip.path}: no joint is named like {', '.join(missing)} (the joints are {shown}, …);"
            " rename the joints to any usual scheme, such as LeftHand, LeftFoot and Head"
        )
    joints = {bone: joint for bone, joint in ends.items() if joint is not None}

    hips = tree.meeting(joints["leftFoot"], joints["rightFoot"])
    chest = tree.meeting(joints["leftHand"], joints["rightHand"])
    if hips is None or chest is None:
        raise SourceError(
            f"{clip.path}: the limbs of the two sides do not hang on one body; "
            "export a single skeleton"
        )
    joints["hips"] = hips
    for side in SIDES:
        _map_limb(tree, joints, side, "Hand", chest, ("LowerArm", "UpperArm", "Shoulder"))
        _map_limb(tree, joints, side, "Foot", hips, ("LowerLeg", "UpperLeg"))
        _map_toes(tree, joints, side)
        _map_fingers(tree, joints, side)
    _map_trunk(tree, joints, chest)
    return joints


class _Tree:
    """The joints of a file with their names taken apart; holds nothing that changes."""

    def __init__(self, clip: BvhClip) -> None:
        self.path = clip.path
        self.labels = clip.names
        self.names = [take_apart(name) for name in clip.names]
        self.parents = clip.parents.tolist()
        self.children: list[list[int]] = [[] for _ in self.names]
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                self.children[parent].append(joint)
        self.lengths = np.linalg.norm(clip.offsets, axis=-1).tolist()
        self.rest = clip.offsets.copy()
        for joint, parent in enumerate(self.parents):
            self.rest[joint] += self.rest[parent] if parent >= 0 else 0.0
        # What is shorter than this is no bone: a thousandth of all lengths together.
        self.tiny = 1e-3 * sum(self.lengths)

    def way_up(self, joint: int) -> list[int]:
        """The joint's ancestors, nearest first."""
        way = []
        while (joint := self.parents[joint]) >= 0:
            way.append(joint)
        return way

    def distance(self, a: int, b: int) -> float:
        """How far apart two joints rest, in the file's unit."""
        return float(np.linalg.norm(self.rest[a] - self.rest[b]))

    def meeting(self, a: int, b: int) -> int | None:
        """The lowest joint that both hang on."""
        above_b = set(self.way_up(b))
        return next((joint for joint in self.way_up(a) if joint in above_b), None)

    def shallowest(self, words: set[str], side: str | None) -> int | None:
        """The joint nearest the root that has one of the words, on that side."""
        found = [
            joint
            for joint, name in enumerate(self.names)
            if name.has(words)
            and name.side == side
            and not name.helper
            and not name.has(_FINGER_WORDS)
        ]
        return min(found, key=lambda joint: len(self.way_up(joint)), default=None)

    def longest_child(self, joint: int) -> int | None:
        """The child that is furthest away, if one is away at all."""
        far = [child for child in self.children[joint] if self.lengths[child] > self.tiny]
        return max(far, key=lambda child: self.lengths[child], default=None)

    def below(self, joint: int) -> list[int]:
        """Every joint under this one, parents first."""
        found = []
        for child in self.children[joint]:
            found += [child, *self.below(child)]
        return found


def _map_limb(
    tree: _Tree, joints: dict[str, int], side: str, end: str, trunk: int, bones: tuple[str, ...]
) -> None:
    """Name what lies between a hand or foot and the trunk, from the end up."""
    way = tree.way_up(joints[side + end])
    limb = [joint for joint in way[: way.index(trunk)] if not tree.names[joint].helper]
    # A limb cut in pieces for twist has joints of the same words: the topmost is the bone's own.
    merged = [
        joint
        for i, joint in enumerate(limb)
        if i + 1 == len(limb) or tree.names[joint].core != tree.names[limb[i + 1]].core
    ]
    if len(merged) >= 2:
        limb = merged
    # Of two joints in one spot the lower one turns with both.
    limb = [
        joint
        for below, joint in pairwise([joints[side + end], *limb])
        if tree.distance(below, joint) > tree.tiny
    ]
    if len(limb) < 2:
        raise SourceError(
            f"{tree.path}: between {tree.labels[trunk]} and {tree.labels[joints[side + end]]} "
            f"there should be two joints or more, but there are {len(limb)}; "
            "export the whole skeleton"
        )
    for bone, joint in zip(bones, limb, strict=False):
        joints[side + bone] = joint
    if len(limb) > len(bones) == 3:
        joints[side + "Shoulder"] = limb[-1]


def _map_toes(tree: _Tree, joints: dict[str, int], side: str) -> None:
    toes = tree.longest_child(joints[side + "Foot"])
    if toes is not None and not tree.names[toes].helper:
        joints[side + "Toes"] = toes


def _map_trunk(tree: _Tree, joints: dict[str, int], chest: int) -> None:
    """Spread the joints between hips and head over spine, chest, upper chest and neck."""
    way = tree.way_up(joints["head"])[::-1]
    if joints["hips"] in way:
        way = way[way.index(joints["hips"]) + 1 :]
    if chest in way and chest != joints["hips"]:
        top = way.index(chest)
        # In a Biped the collar bones hang on the neck, though the chest carries them.
        if tree.names[chest].has(_NECK) and top > 0:
            top -= 1
    else:
        top = -1
    spine, necks = way[: top + 1], way[top + 1 :]
    necks = [joint for joint in necks if tree.lengths[joint] > tree.tiny]
    if necks:
        named = [joint for joint in necks if tree.names[joint].has(_NECK)]
        joints["neck"] = (named or necks)[0]
    if spine:
        joints["spine"] = spine[0]
    if len(spine) > 1:
        joints["upperChest"] = spine[-1]
    if len(spine) > 2:
        heights = np.cumsum([tree.lengths[joint] for joint in spine])
        middle = 0.5 * (heights[0] + heights[-1])
        joints["chest"] = spine[1 + int(np.argmin(np.abs(heights[1:-1] - middle)))]


def _map_fingers(tree: _Tree, joints: dict[str, int], side: str) -> None:
    hand = joints[side + "Hand"]
    starts: dict[str, int] = {}
    numbered: dict[int, int] = {}
    for joint in tree.below(hand):
        name = tree.names[joint]
        word = next((word for word in name.words if word in _FINGER_WORDS), None)
        if word is not None:
            starts.setdefault(_FINGER_WORDS[word], joint)
        elif name.has({"finger"}) and name.words[-1].isdigit():
            numbered.setdefault(int(name.words[-1][0]), joint)
    if not starts and len(numbered) > 1:
        # Biped counts from the thumb: Finger0, Finger01, Finger02, Finger1, …
        first = min(numbered)
        starts = {FINGERS[n - first]: joint for n, joint in numbered.items() if n - first < 5}
    for finger, start in starts.items():
        chain = _finger_chain(tree, finger, start)
        names: tuple[str, ...] = ("Proximal", "Intermediate", "Distal")
        if finger == "Thumb":
            # A thumb of two joints has no metacarpal of its own.
            names = ("Metacarpal", "Proximal", "Distal")[3 - max(len(chain), 2) :]
        for segment, joint in zip(names, chain, strict=False):
            joints[side + finger + segment] = joint


def _finger_chain(tree: _Tree, finger: str, start: int) -> list[int]:
    """The joints of a finger from its knuckle on, without the bones of the palm."""
    chain = [start]
    while tree.children[chain[-1]]:
        chain.append(tree.children[chain[-1]][0])
    chain = [joint for joint in chain if not tree.names[joint].helper]
    if len(chain) < 4 or finger == "Thumb":
        return chain[:3]
    # Four joints begin in the palm or end at the tip. Bones of the palm begin near the wrist.
    palm = tree.names[chain[0]].has(_METACARPAL) or tree.lengths[chain[0]] < tree.lengths[chain[1]]
    return chain[1:4] if palm else chain[:3]
