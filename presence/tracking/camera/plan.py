"""Which networks look at which picture, so that pictures are never looked at too seldom."""

from __future__ import annotations

LEAST_RATE = 25.0
"""Pictures a second that are to be looked at, whatever has to be left out for it."""
_SHARE = 0.75
"""Of the time between pictures that networks may take; the rest is for all else."""
_LEARNED = 0.2
"""How much the newest look counts in what a network is believed to take."""
_HELD_UP = 2.0
"""Times what a network is believed to take that one look counts at most."""
_LONGEST_DEBT = 4.0
"""Budgets that one look takes at most from what is saved, however long it was held up."""
_WANTED_EVERY = {"pose": 1, "hands": 2}
"""Pictures from look to look, where time is no matter."""
_PATIENCE = {"pose": 1.0, "hands": 3.0}
"""How many times as long each waits where time is short: fingers are missed less than arms."""
_GIVEN_UP_AFTER = 50
"""Pictures after which a network that never got its turn is said to be left out."""
_FIRST_GUESS_MS = {"face": 6.0, "pose": 26.0, "hands": 20.0}


class Plan:
    """Shares out the time. The face is looked at in every picture; body and hands as time allows.

    State: what each network takes, the time that is saved up, and how long ago each looked.
    """

    def __init__(self, least_rate: float = LEAST_RATE) -> None:
        """Look at no fewer than ``least_rate`` pictures a second."""
        self._budget_ms = _SHARE * 1000.0 / least_rate
        self._saved_ms = self._budget_ms
        self.cost_ms = dict(_FIRST_GUESS_MS)
        """Milliseconds that each network takes."""
        self._since = {"pose": 1000, "hands": 1000}
        self._waiting = {"pose": 0, "hands": 0}

    def turn(self, *, hands: bool) -> frozenset[str]:
        """Which of ``pose`` and ``hands`` look at this picture, besides the face.

        Args:
            hands: whether there is any reason to look for hands.
        """
        # What was not used may be used later, but not hoarded: pictures would come in bursts.
        most = self._budget_ms + max(self.cost_ms["pose"], self.cost_ms["hands"])
        self._saved_ms = min(self._saved_ms + self._budget_ms, most)
        left = self._saved_ms - self.cost_ms["face"]
        for name in self._since:
            self._since[name] += 1
        wanted = ["pose", "hands"] if hands else ["pose"]
        # First who has waited longest, by their own measure.
        wanted.sort(key=lambda name: -self._since[name] / _PATIENCE[name])
        chosen = []
        for name in wanted:
            if self._since[name] < _WANTED_EVERY[name]:
                continue
            if self.cost_ms[name] <= left:
                chosen.append(name)
                left -= self.cost_ms[name]
                self._since[name] = 0
                self._waiting[name] = 0
            else:
                self._waiting[name] += 1
                # Who comes first in line is waited for, or the dear would never get a turn.
                break
        return frozenset(chosen)

    def took(self, name: str, milliseconds: float) -> None:
        """A network has looked, and took so long."""
        before = self.cost_ms[name]
        # One look that something else held up says little of the next.
        likely = min(milliseconds, _HELD_UP * before)
        self.cost_ms[name] = before + _LEARNED * (likely - before)
        self._saved_ms -= min(milliseconds, _LONGEST_DEBT * self._budget_ms)

    @property
    def note(self) -> str:
        """What is left out, as a sentence; empty where nothing is."""
        words = {"pose": "the body", "hands": "the hands"}
        out = [words[name] for name, count in self._waiting.items() if count > _GIVEN_UP_AFTER]
        if self.cost_ms["face"] > self._budget_ms:
            return (
                "this machine is too slow to follow a face smoothly; close other programs, or give "
                "the call more cores"
            )
        if not out:
            return ""
        return (
            f"{' and '.join(out)} cannot be followed besides the face: this machine is too slow; "
            "close other programs"
        )
