"""What a person does to the sound of a call while it goes on, by the keys of a terminal."""

from __future__ import annotations

import msgspec

from presence.client.conversation import Conversation
from presence.client.hearing import Adjusted
from presence.client.loudness import AS_THEY_COME, Loudness, LoudnessBook
from presence.client.roster import Roster
from presence.voice.spatial import LOUDEST

HELP = "m mutes you · 1 to 9 choose somebody: + and − make them louder and softer, x silences them"
_STEP = 2.0**0.5
"""A key's worth of loudness: 3 dB."""
_SOFTEST = 1.0 / 16.0


class Controls:
    """See the module. State: whom the keys are about, and what was told to the conversation."""

    def __init__(self, conversation: Conversation, roster: Roster, book: LoudnessBook) -> None:
        """Nobody is chosen."""
        self._conversation = conversation
        self._roster = roster
        self._book = book
        self._told: dict[int, Loudness] = {}
        self.chosen: int | None = None
        """The stream of whom the keys are about."""

    def loudness(self, stream: int) -> Loudness:
        """How loud somebody is to this listener."""
        member = self._roster.members.get(stream)
        if member is None or member.identity is None:
            return AS_THEY_COME
        return self._book.of(member.identity.device)

    def remember(self) -> None:
        """Have whoever came since be as loud as they were made before; a few times a second."""
        for stream in self._roster.members:
            loudness = self.loudness(stream)
            if self._told.get(stream, AS_THEY_COME) != loudness:
                self._told[stream] = loudness
                self._conversation.hear(Adjusted(stream, loudness))
        for stream in set(self._told) - set(self._roster.members):
            del self._told[stream]
        if self.chosen not in self._roster.members:
            self.chosen = None

    def press(self, key: str) -> None:
        """Do what a key stands for; others do nothing."""
        if key == " ":
            self._conversation.press()
        elif key == "m":
            self._conversation.mute(not self._conversation.muted)
        elif key.isdecimal() and 0 < int(key) <= len(self._roster):
            self.chosen = sorted(self._roster.members)[int(key) - 1]
        elif self.chosen is not None:
            self._adjust(self.chosen, key)

    def _adjust(self, stream: int, key: str) -> None:
        member, now = self._roster.members.get(stream), self.loudness(stream)
        if member is None or member.identity is None:
            return
        match key:
            case "+" | "=":
                new = msgspec.structs.replace(now, gain=min(now.gain * _STEP, LOUDEST))
            case "-" | "_":
                new = msgspec.structs.replace(now, gain=max(now.gain / _STEP, _SOFTEST))
            case "x":
                new = msgspec.structs.replace(now, silenced=not now.silenced)
            case _:
                return
        # Up and down again is where it was.
        if abs(new.gain - 1.0) < 0.01:
            new = msgspec.structs.replace(new, gain=1.0)
        self._book.choose(member.identity.device, new)
        self.remember()
