"""Why somebody is not let in, in a sentence for them."""

from __future__ import annotations

from presence.errors import TransportError
from presence.wire.signalling import Refused

_SENTENCE_LIMIT = 500
ROOM_FULL = "the room is full; try again when somebody has left it"
NO_ROOM_LEFT = "the relay has as many rooms as it takes; try again later, or by another relay"
RELAY_FULL = "the relay has as many people as it takes; try again later, or by another relay"
BEGINNING = "the relay is just beginning; come again in a moment"
COME_SOON = "many come to the relay at once; come again in a moment"
NO_DESCRIPTORS = (
    "the relay has hardly any file descriptors left and takes nobody else; come again in a moment, "
    "or have its operator raise the limit on open files"
)
ELSEWHERE = "the room is at another relay of this cluster; come there"
GOING = "the relay is going, and opens no more rooms; come by another relay, or again later"


class RefusalError(TransportError):
    """Somebody is not let in."""

    def __init__(
        self, code: str, sentence: str, after_s: float | None = None, url: str | None = None
    ) -> None:
        """A refusal.

        Args:
            code: ``token``, ``full``, ``busy``, ``elsewhere``, ``transport`` or ``malformed``.
            sentence: What happened, and what to do.
            after_s: Seconds after which trying again makes sense; None: that is not known.
            url: Where to come instead.
        """
        super().__init__(sentence[:_SENTENCE_LIMIT])
        self.code = code
        self.after_s = after_s
        self.url = url

    @property
    def message(self) -> Refused:
        """What they are told."""
        return Refused(code=self.code, sentence=str(self), after_s=self.after_s, url=self.url)
