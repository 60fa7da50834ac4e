"""Spoken codes: a member who is online gives the link's secret to whoever knows a short code.

A code is the member's number and two words: ``7-olive-tiger``. By SPAKE2 both show each other that
they know it, in four steps through a host that learns nothing; then the secret goes over, sealed.
Whoever guesses has one guess for each exchange, and a code allows few.

Sans-IO, but that a code's words are stretched slowly, on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from presence.errors import SealError, UsageError
from presence.wire.identity import framed
from presence.wire.spake2 import (
    CONFIRMATION_LENGTH,
    SHARE_LENGTH,
    Agreed,
    Spake2,
    password_scalar,
)
from presence.wire.words import WORDS

ATTEMPTS = 3
"""Exchanges that one code allows: together they guess it once in twenty thousand times."""
PATIENCE_NS = 10_000_000_000
"""How long the last exchange may take."""
_LABEL = b"presence 1 spoken code"
_NAMES = (b"newcomer", b"member")
_CODE = re.compile(r"([1-9][0-9]{0,4})-([a-z]+)-([a-z]+)")
# The first byte of each step.
_REFUSED, _SHARE, _ANSWER, _CONFIRMATION, _SECRET = range(5)


def new_words(random: Callable[[int], bytes]) -> str:
    """Two words that nobody can guess, from so many random bytes."""
    return "-".join(WORDS[byte] for byte in random(2))


def parse_code(text: str) -> tuple[int, str]:
    """The member's number and the words of a code, however it was written down.

    Raises:
        UsageError: it is no code.
    """
    match = _CODE.fullmatch("-".join(re.split(r"[\s_-]+", text.strip().lower())))
    if match is None or int(match[1]) > 0xFFFF:
        raise UsageError(
            f"{text!r} is no code; one is a number and two words, like 7-olive-tiger, as a member "
            "who joined with --invite sees it"
        )
    unknown = [word for word in match.groups()[1:] if word not in WORDS]
    if unknown:
        raise UsageError(f"no code has the word {unknown[0]!r}; ask how it is spelt")
    return int(match[1]), f"{match[2]}-{match[3]}"


def stretched(room: str, stream: int, words: str) -> int:
    """What both sides make of a code; takes a tenth of a second, so that guessing does too."""
    return password_scalar(words.encode(), _context(room, stream))


class Invitation:
    """A member's end of one code. State: the attempts left, and the exchanges under way."""

    def __init__(self, room: str, stream: int, words: str, w: int, secret: str) -> None:
        """A code of the member ``stream``; ``w`` is :func:`stretched` of it."""
        self.code = f"{stream}-{words}"
        self.attempts = ATTEMPTS
        self.used = False
        """Whether somebody was given the secret by it."""
        self._context = _context(room, stream)
        self._w = w
        self._secret = secret
        self._agreed: dict[int, Agreed] = {}
        self._begun_ns = 0

    def void(self, now_ns: int) -> bool:
        """Whether it lets nobody in any more."""
        pending = bool(self._agreed) and now_ns - self._begun_ns < PATIENCE_NS
        return self.used or (not self.attempts and not pending)

    def receive(self, sender: int, box: bytes, now_ns: int) -> bytes:
        """What to answer to a step that somebody sent."""
        kind, body = box[0], box[1:]
        try:
            if kind == _SHARE and self.attempts and not self.used:
                self.attempts -= 1
                self._begun_ns = now_ns
                exchange = Spake2("B", self._w, _NAMES)
                self._agreed[sender] = agreed = exchange.finish(body, self._context)
                return bytes([_ANSWER]) + exchange.share + agreed.confirmation
            if kind == _CONFIRMATION and sender in self._agreed and not self.used:
                agreed = self._agreed.pop(sender)
                agreed.confirm(body)
                self.used = True
                return bytes([_SECRET]) + _cipher(agreed).encrypt(
                    bytes(12), self._secret.encode(), self._context
                )
        except SealError:
            pass
        return bytes([_REFUSED])

    def forget(self, sender: int) -> None:
        """Somebody went in the middle of an exchange."""
        self._agreed.pop(sender, None)


class Newcomer:
    """The other end. State: the exchange, and how far it came."""

    def __init__(self, room: str, stream: int, words: str) -> None:
        """Ask the member ``stream`` by a code's words."""
        self._context = _context(room, stream)
        self._exchange = Spake2("A", stretched(room, stream, words), _NAMES)
        self._agreed: Agreed | None = None
        self.secret: str | None = None
        """The link's secret, once it came."""

    def begin(self) -> bytes:
        """The first step."""
        return bytes([_SHARE]) + self._exchange.share

    def receive(self, box: bytes) -> bytes | None:
        """What to answer to a step of the member's; None: nothing more, the secret is there.

        Raises:
            SealError: the code is another, or it is worth nothing any more.
        """
        kind, body = box[0], box[1:]
        if kind == _ANSWER and self._agreed is None:
            if len(body) != SHARE_LENGTH + CONFIRMATION_LENGTH:
                raise SealError("an answer came of another length than any has")
            agreed = self._exchange.finish(body[:SHARE_LENGTH], self._context)
            agreed.confirm(body[SHARE_LENGTH:])
            self._agreed = agreed
            return bytes([_CONFIRMATION]) + agreed.confirmation
        if kind == _SECRET and self._agreed is not None:
            try:
                secret = _cipher(self._agreed).decrypt(bytes(12), body, self._context)
                self.secret = secret.decode()
            except (InvalidTag, ValueError):
                raise SealError("a secret came that is not from the member") from None
            return None
        raise SealError("the code was used before, or too often, or is not of this member")


def _context(room: str, stream: int) -> bytes:
    return _LABEL + framed(room.encode(), stream.to_bytes(2, "big"))


def _cipher(agreed: Agreed) -> AESGCM:
    """The key is new in each exchange, and seals one secret."""
    return AESGCM(HKDF(SHA256(), 16, salt=None, info=_LABEL + b" secret").derive(agreed.key))
