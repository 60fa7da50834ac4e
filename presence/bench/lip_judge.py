"""How well lips that a voice moves do what its speaker's did.

Sounds are judged by what the model took them for, and the lips' meeting and the jaw's opening by
the shapes that come out, at the times for which they are said to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presence.bench.phonemes import Moment, moments
from presence.bench.spoken import Spoken
from presence.clock import SECOND
from presence.pose.arrays import Floats
from presence.pose.face import SHAPE_INDEX
from presence.voice.block import BLOCK, RATE, Samples
from presence.voice.lips import LATENCY_NS, Lips
from presence.voice.mouth_sounds import PRESSED, SHOWN, MouthSound

BLOCK_S = BLOCK / RATE
_JAW, _CLOSE, _PRESS = (SHAPE_INDEX[n] for n in ("jawOpen", "mouthClose", "mouthPressLeft"))
_HEARD_BEFORE_S = 0.03
"""How long before a block's end the sound is that ``Lips.likely`` names."""
_SETTLED_S = 1.0
"""What is said sooner is not judged: nobody knows yet how loudly this person speaks."""
_SHORTEST_S = 0.03
"""Sounds shorter than this are not asked for: between two blocks nothing need be seen of them."""
_SLACK_S = 0.02
"""A block: how much sooner or later than the sound the lips may meet."""
_EASE_S = 0.08
"""Over which a speaker's own jaw is taken to go from one sound to the next."""
_LATEST_S = 0.12
"""An opening that is found further away belongs to something else."""

GROUPS: dict[str, tuple[MouthSound, ...]] = {
    "open vowels": (MouthSound.OPEN,),
    "mid vowels": (MouthSound.MID, MouthSound.ROUND),
    "close vowels": (MouthSound.SPREAD, MouthSound.PUCKERED),
    "rounded": (MouthSound.ROUND, MouthSound.PUCKERED),
    "lip and teeth": (MouthSound.BITTEN,),
    "s and z": (MouthSound.HISSED,),
    "sh and ch": (MouthSound.HUSHED,),
    "tongue": (MouthSound.TONGUED,),
    "silence": (MouthSound.PAUSE,),
}
"""What is asked for together: any of a group counts for any other."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What lips did for something said."""

    spoken: Spoken
    shapes: Floats
    """``(n, 52)``, one for each block."""
    likely: Floats
    """``(n, 11)``."""

    @property
    def times(self) -> Floats:
        """``(n,)`` seconds for which the shapes are."""
        return (np.arange(len(self.shapes)) + 1.0) * BLOCK_S - LATENCY_NS / SECOND

    @property
    def shut(self) -> NDArray[np.bool_]:
        """``(n,)`` whether the lips are to be seen meeting: pressed, and no gap between them."""
        gap = self.shapes[:, _JAW] - self.shapes[:, _CLOSE]
        shut: NDArray[np.bool_] = (self.shapes[:, _PRESS] > 0.5 * PRESSED[_PRESS]) & (gap < 0.06)
        return shut


def show(spoken: Spoken, sound: Samples | None = None) -> Shown:
    """Have lips follow what was said.

    Args:
        spoken: what, and which sound is when.
        sound: as it is heard, if not as it was said.
    """
    heard = spoken.sound if sound is None else sound
    lips = Lips()
    shapes, likely = [], []
    for block in heard[: len(heard) // BLOCK * BLOCK].reshape(-1, BLOCK):
        shapes.append(lips.feed(block))
        likely.append(lips.likely)
    return Shown(spoken, np.array(shapes), np.array(likely))


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Sounds asked for and found, and the jaw's errors; of several, they add up."""

    asked: dict[str, int]
    found: dict[str, int]
    jaw_s: Floats
    """By how much later than the speaker's each opening of the jaw was, seconds."""


def count(shown: Shown) -> Counted:
    """Judge something said."""
    asked, found = dict.fromkeys(GROUPS, 0), dict.fromkeys(GROUPS, 0)
    named = shown.likely.argmax(axis=1)
    heard_at = (np.arange(len(named)) + 1.0) * BLOCK_S - _HEARD_BEFORE_S
    for name in ("closures", "closures where there is none"):
        asked[name] = found[name] = 0
    said = [moment for moment in moments(shown.spoken) if moment.start >= _SETTLED_S]
    for moment in said:
        if moment.end - moment.start < _SHORTEST_S:
            continue
        inside = (heard_at > moment.start + 0.01) & (heard_at < moment.end - 0.01)
        for name, sounds in GROUPS.items():
            if moment.sound in sounds:
                asked[name] += int(inside.sum())
                found[name] += int(np.isin(named[inside], sounds).sum())
        slack = _SLACK_S if moment.sound == MouthSound.SHUT else -0.25 * _lasts(moment)
        during = (shown.times > moment.start - slack) & (shown.times < moment.end + slack)
        if moment.sound == MouthSound.SHUT:
            asked["closures"] += 1
            found["closures"] += bool(shown.shut[during].any())
        elif moment.sound != MouthSound.PAUSE and during.any():
            asked["closures where there is none"] += 1
            found["closures where there is none"] += bool(shown.shut[during].any())
    return Counted(asked, found, _jaw_errors(shown))


def _lasts(moment: Moment) -> float:
    return moment.end - moment.start


def _jaw_errors(shown: Shown) -> Floats:
    """``(k,)`` seconds by which the jaw opened later than the speaker's, at each opening.

    The speaker's goes from each sound's opening to the next over 80 ms, about the boundary. An
    opening is where it passes the middle between a low and a high point that are far apart.
    """
    fine = np.arange(0.0, shown.times[-1], 0.002)
    steps = np.zeros(len(fine))
    for moment in moments(shown.spoken):
        level = 0.0 if moment.sound == MouthSound.SHUT else SHOWN[moment.sound, _JAW]
        steps[(fine >= moment.start) & (fine < moment.end)] = level
    ease = np.hanning(round(_EASE_S / 0.002) + 2)
    own = np.convolve(steps, ease / ease.sum(), mode="same")
    gap = shown.shapes[:, _JAW] - shown.shapes[:, _CLOSE]
    theirs = np.interp(fine, shown.times, gap)
    ours = _openings(fine, own)
    found = _openings(fine, theirs)
    errors = []
    for opening in ours[ours > _SETTLED_S]:
        if len(found):
            error = found[np.argmin(np.abs(found - opening))] - opening
            if abs(error) < _LATEST_S:
                errors.append(error)
    return np.array(errors)


def _openings(times: Floats, gap: Floats) -> Floats:
    """When a mouth has half opened: midway from each lowest to the next highest point."""
    found, low, high, rising, lowest_at = [], gap[0], gap[0], False, 0
    least = 0.12
    for i, value in enumerate(gap):
        if rising:
            if value > high:
                high = value
            elif value < high - least:
                middle = 0.5 * (low + high)
                found.append(times[lowest_at + int(np.argmax(gap[lowest_at : i + 1] > middle))])
                rising, low, lowest_at = False, value, i
        elif value < low:
            low, lowest_at = value, i
        elif value > low + least:
            rising, high = True, value
    return np.array(found)
