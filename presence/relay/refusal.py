"""Why somebody is not let in, in a sentence for them."""

from __future__ import annotations

from presence.errors import TransportError
from presence.wire.signalling import Refused

_SENTENCE_LIMIT = 500


class RefusalError(TransportError):
    """Somebody is not let in."""

    def __init__(self, code: str, sentence: str, after_s: float | None = None) -> None:
        """A refusal.

        Args:
            code: ``token``, ``full``, ``busy``, ``transport`` or ``malformed``.
            sentence: What happened, and what to do.
            after_s: Seconds after which trying again makes sense; None: that is not known.
        """
        super().__init__(sentence[:_SENTENCE_LIMIT])
        self.code = code
        self.after_s = after_s

    @property
    def message(self) -> Refused:
        """What they are told."""
        return Refused(code=self.code, sentence=str(self), after_s=self.after_s)
