"""Reading BVH files: a skeleton of named joints and how it moves.

The format has no standard; this follows M. Meredith and S. Maddock, "Motion Capture File Formats
Explained" (University of Sheffield, CS-01-11, 2001), and takes what the usual programs write:
names with spaces, braces on any line, channels in any order, position channels on any joint.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from presence.errors import SourceError
from presence.pose.arrays import Floats, Ints
from presence.pose.quaternion import IDENTITY, quat_from_axis_angle, quat_mul, quat_rotate

MAX_BYTES = 400_000_000
MAX_JOINTS = 2000
MAX_FRAME_TIME_S = 2.0

_STATEMENT = re.compile(r"[{}]|[^{}]+")
_AXES = {"x": 0, "y": 1, "z": 2}
_END_SITE = -1


@dataclass(frozen=True, slots=True, eq=False)
class BvhClip:
    """A skeleton and its motion, in the file's own units and axes.

    At rest every joint's axes are parallel to the file's, so an offset from a joint is also a
    direction in that joint's own axes.
    """

    path: Path
    names: tuple[str, ...]
    """The joints, parents before children."""
    parents: Ints
    """``(J,)`` the index of each joint's parent; −1 for a root."""
    offsets: Floats
    """``(J, 3)`` each joint from its parent at rest."""
    ends: Floats
    """``(J, 3)`` the End Site of each joint, from the joint at rest; NaN where it has none."""
    frame_time_s: float
    rotations: Floats
    """``(T, J, 4)`` xyzw, parent-relative; identity is the file's rest pose."""
    translations: dict[int, Floats]
    """``(T, 3)`` for each joint that has position channels: where it is from its parent."""


def bvh_kinematics(clip: BvhClip, free: Collection[int]) -> tuple[Floats, Floats]:
    """Where every joint is in the file's world, and how it is turned.

    Args:
        clip: the motion.
        free: the joints whose position channels count, usually the hips and all above them.
            Every other bone keeps the length of its OFFSET.

    Returns:
        ``positions (T, J, 3)`` in the file's unit and ``orientations (T, J, 4)`` xyzw.
    """
    positions = np.empty((*clip.rotations.shape[:2], 3))
    orientations = np.empty_like(clip.rotations)
    for joint, parent in enumerate(clip.parents):
        moves = joint in free and joint in clip.translations
        local = clip.translations[joint] if moves else clip.offsets[joint]
        if parent < 0:
            orientations[:, joint] = clip.rotations[:, joint]
            positions[:, joint] = local
        else:
            above = orientations[:, parent]
            orientations[:, joint] = quat_mul(above, clip.rotations[:, joint])
            positions[:, joint] = positions[:, parent] + quat_rotate(above, local)
    return positions, orientations


def read_bvh(path: Path) -> BvhClip:
    """Read a BVH file.

    Raises:
        SourceError: the file cannot be read, is not BVH, is cut off, or holds what makes no
            sense; the message names file, line and cure.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SourceError(
                f"{path} has {size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f}; "
                "cut the clip into shorter ones"
            )
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
    return parse_bvh(text, path)


def parse_bvh(text: str, path: Path) -> BvhClip:
    """The clip that ``text`` describes; ``path`` is for messages. Raises SourceError."""
    lines = _Lines(path, text.splitlines())
    hierarchy = _read_hierarchy(lines)
    return _read_motion(lines, hierarchy)


@dataclass(slots=True)
class _Lines:
    """The lines of a file. State: the one being read, for messages."""

    path: Path
    lines: list[str]
    number: int = 0

    def __iter__(self) -> Iterator[str]:
        while self.number < len(self.lines):
            self.number += 1
            yield self.lines[self.number - 1]

    def fault(self, what: str, cure: str) -> SourceError:
        return SourceError(f"{self.path}, line {self.number}: {what}; {cure}")

    def numbers(self, words: list[str], what: str) -> list[float]:
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = [math.nan]
        if not all(map(math.isfinite, values)):
            raise self.fault(
                f"{what} holds {' '.join(words)[:40]!r}, which are not all numbers",
                "export the file again",
            )
        return values


@dataclass(slots=True)
class _Hierarchy:
    """What has been read of a skeleton so far."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float] | None] = field(default_factory=list)
    ends: list[list[float] | None] = field(default_factory=list)
    channels: list[tuple[int, bool, int]] = field(default_factory=list)
    """For each column of the motion: joint, whether it is a position, and axis."""


def _read_hierarchy(lines: _Lines) -> _Hierarchy:
    skeleton = _Hierarchy()
    for line in lines:
        if line.strip():
            break
    else:
        raise SourceError(f"{lines.path} is empty; export the file again")
    if line.split()[0].upper() != "HIERARCHY":
        raise lines.fault(
            f"a BVH file begins with HIERARCHY, this one with {line.strip()[:40]!r}",
            "give a motion file in BVH form",
        )
    stack: list[int] = []
    opening: int | None = None
    for line in lines:
        if line.strip().upper().rstrip(":") == "MOTION":
            break
        for statement in _STATEMENT.findall(line):
            words = statement.split()
            if not words:
                continue
            keyword = words[0].upper()
            if opening is not None and keyword != "{":
                raise lines.fault(
                    f"a joint's opening brace is missing before {statement.strip()[:40]!r}",
                    "export the file again",
                )
            if keyword == "{":
                if opening is None:
                    raise lines.fault("a brace opens nothing", "export the file again")
                stack.append(opening)
                opening = None
            elif keyword == "}":
                if not stack:
                    raise lines.fault("a brace closes nothing", "export the file again")
                stack.pop()
            elif keyword in ("ROOT", "JOINT"):
                opening = _new_joint(lines, skeleton, stack, " ".join(words[1:]), keyword)
            elif keyword == "END":
                if not stack or stack[-1] == _END_SITE:
                    raise lines.fault("an End Site is outside a joint", "export the file again")
                opening = _END_SITE
            elif keyword == "OFFSET" and stack:
                _read_offset(lines, skeleton, stack, words)
            elif keyword == "CHANNELS" and stack and stack[-1] != _END_SITE:
                _read_channels(lines, skeleton, stack[-1], words)
            else:
                raise lines.fault(
                    f"{statement.strip()[:40]!r} means nothing here", "export the file again"
                )
    else:
        raise lines.fault(
            "the file ends before MOTION, so it was cut off", "copy or export it again"
        )
    if stack or opening is not None:
        raise lines.fault(
            "MOTION begins before every joint's brace is closed", "export the file again"
        )
    if not skeleton.names:
        raise lines.fault("the skeleton has no joints", "export the file again")
    return skeleton


def _new_joint(
    lines: _Lines, skeleton: _Hierarchy, stack: list[int], name: str, keyword: str
) -> int:
    inside = bool(stack)
    if inside == (keyword == "ROOT") or (inside and stack[-1] == _END_SITE):
        raise lines.fault(f"{keyword} {name[:40]!r} is in the wrong place", "export the file again")
    if len(skeleton.names) >= MAX_JOINTS:
        raise lines.fault(
            f"the skeleton has more than {MAX_JOINTS} joints", "export the body's joints alone"
        )
    skeleton.names.append(name or f"joint {len(skeleton.names) + 1}")
    skeleton.parents.append(stack[-1] if stack else -1)
    skeleton.offsets.append(None)
    skeleton.ends.append(None)
    return len(skeleton.names) - 1


def _read_offset(lines: _Lines, skeleton: _Hierarchy, stack: list[int], words: list[str]) -> None:
    offset = lines.numbers(words[1:], "OFFSET")
    if len(offset) != 3:
        raise lines.fault(f"OFFSET has {len(offset)} numbers, not 3", "export the file again")
    if stack[-1] == _END_SITE:
        # A joint may have several ends; the first is the bone's own.
        if skeleton.ends[stack[-2]] is None:
            skeleton.ends[stack[-2]] = offset
    else:
        skeleton.offsets[stack[-1]] = offset


def _read_channels(lines: _Lines, skeleton: _Hierarchy, joint: int, words: list[str]) -> None:
    names = words[2:]
    if len(words) < 2 or not words[1].isdigit() or int(words[1]) != len(names):
        raise lines.fault(
            f"CHANNELS names {len(names)} channels but counts {' '.join(words[1:2]) or 'none'}",
            "export the file again",
        )
    for name in names:
        axis, kind = _AXES.get(name[:1].lower()), name[1:].lower()
        if axis is None or kind not in ("rotation", "position"):
            raise lines.fault(
                f"there is no channel {name[:40]!r}",
                "channels are X, Y or Z with position or rotation",
            )
        skeleton.channels.append((joint, kind == "position", axis))


def _read_motion(lines: _Lines, skeleton: _Hierarchy) -> BvhClip:
    frames = int(_header(lines, "Frames", 1, 10_000_000))
    frame_time_s = _header(lines, "Frame Time", 1e-6, MAX_FRAME_TIME_S)
    width = len(skeleton.channels)
    rows: list[Floats] = []
    for line in lines:
        words = line.split()
        if not words:
            continue
        if len(rows) == frames:
            break
        if len(words) != width:
            raise lines.fault(
                f"frame {len(rows) + 1} has {len(words)} numbers where the skeleton has {width} "
                "channels",
                "the file was cut off or edited: copy or export it again",
            )
        rows.append(_row(lines, words))
    if len(rows) < frames:
        raise lines.fault(
            f"the file ends after {len(rows)} of {frames} frames, so it was cut off",
            "copy or export it again",
        )
    return _clip(lines.path, skeleton, np.array(rows).reshape(frames, width), frame_time_s)


def _row(lines: _Lines, words: list[str]) -> Floats:
    try:
        row = np.array(words, dtype=np.float64)
    except ValueError:
        row = np.array([np.nan])
    if not np.isfinite(row).all():
        lines.numbers(words, "the frame")
    return row


def _header(lines: _Lines, name: str, least: float, most: float) -> float:
    for line in lines:
        if line.strip():
            break
    else:
        raise lines.fault(f"the file ends before {name}, so it was cut off", "copy it again")
    key, _, value = line.partition(":")
    if " ".join(key.split()).lower() != name.lower():
        raise lines.fault(
            f"{name}: should stand here, not {line.strip()[:40]!r}", "export the file again"
        )
    (number,) = lines.numbers(value.split()[:1] or [""], name)
    if not least <= number <= most:
        raise lines.fault(
            f"{name} is {number:g}, which is outside {least:g} to {most:g}",
            "export the file again",
        )
    return number


def _clip(path: Path, skeleton: _Hierarchy, motion: Floats, frame_time_s: float) -> BvhClip:
    frames, joints = len(motion), len(skeleton.names)
    offsets = np.array([offset or [0.0, 0.0, 0.0] for offset in skeleton.offsets])
    rotations = np.tile(IDENTITY, (frames, joints, 1))
    translations: dict[int, Floats] = {}
    for column, (joint, is_position, axis) in enumerate(skeleton.channels):
        if is_position:
            moved = translations.setdefault(joint, np.tile(offsets[joint], (frames, 1)))
            moved[:, axis] = motion[:, column]
        else:
            # Channels turn in the order in which they are listed, each about the turned axes.
            turn = quat_from_axis_angle(np.eye(3)[axis], np.radians(motion[:, column]))
            rotations[:, joint] = quat_mul(rotations[:, joint], turn)
    for joint, moved in translations.items():
        # Some programs leave OFFSET zero and say a bone's length by its position channels.
        if skeleton.parents[joint] >= 0 and np.linalg.norm(offsets[joint]) < 1e-6:
            offsets[joint] = np.median(moved, axis=0)
    return BvhClip(
        path=path,
        names=tuple(skeleton.names),
        parents=np.array(skeleton.parents, dtype=np.int64),
        offsets=offsets,
        ends=np.array([end or [np.nan] * 3 for end in skeleton.ends]),
        frame_time_s=frame_time_s,
        rotations=rotations,
        translations=translations,
    )
