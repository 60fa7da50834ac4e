"""How much of each stream one receiver is sent, by what they asked for and their path carries.

A relay lets the same frames go as a sender would (:mod:`presence.transport.shedding`): first hands,
face and gaze of the frames that nothing refers to, then every other of those frames, then two in
three, in the end all of them, and the details of the references too.

Sans-IO: the time is passed in.
"""

from __future__ import annotations

from collections.abc import Callable

from presence.clock import MILLISECOND, SECOND
from presence.wire.relaying import WHOLE, Sections, Want, Wants

CUTS = (
    WHOLE,
    Want(1, Sections.REFERENCES),
    Want(2, Sections.REFERENCES),
    Want(3, Sections.REFERENCES),
    Want(0, Sections.REFERENCES),
    Want(0, Sections.NONE),
)
"""From everything to what nobody can be shown without."""
FAVOUR = 2
"""So many steps later those lose anything whom the receiver named and wants whole."""
RESTORE_NS = SECOND // 2
"""For so long more must have fitted before one step of it is sent again."""
_RESTORE_SHARE = 0.95
"""It must fit into this share of the budget."""
DECIDE_NS = 250 * MILLISECOND


class Thinning:
    """Of one receiver. State: their wants, and by how many steps less than that is sent."""

    def __init__(self) -> None:
        """Everything of everybody is wanted, and sent."""
        self.cut = 0
        """How many steps less than wanted is sent."""
        self._wants: dict[int, Want] = {}
        self._others = WHOLE
        self._fits_since_ns: int | None = None

    def ask(self, wants: Wants) -> bool:
        """The receiver says what it wants; gives whether that is anything new."""
        before = self._others, dict(self._wants)
        for stream, want in wants.streams:
            if stream == 0:
                self._others = want
                self._wants.clear()
            else:
                self._wants[stream] = want
        return before != (self._others, self._wants)

    def forget(self, stream: int) -> None:
        """Nobody has that number any more."""
        self._wants.pop(stream, None)

    def sent(self, stream: int) -> Want:
        """How much of a stream is sent now."""
        return self._at(stream, self.cut)

    def decide(
        self,
        budget_bps: float | None,
        cost: Callable[[Callable[[int], Want]], float],
        now_ns: int,
    ) -> bool:
        """Cut or restore by the budget; gives whether anything changed.

        Args:
            budget_bps: What the path carries, all counted; None: not known, so nothing is cut.
            cost: Bits a second of sending each stream as the function that it is given says.
            now_ns: The time.
        """
        before = self.cut
        if budget_bps is None:
            self.cut = 0
            return before != 0
        last = len(CUTS) - 1 + FAVOUR * (not self._all_alike)
        fits = before
        while fits < last and cost(self._cutter(fits)) > budget_bps:
            fits += 1
        if fits > before:
            self.cut, self._fits_since_ns = fits, None
            return True
        if before == 0 or cost(self._cutter(before - 1)) > _RESTORE_SHARE * budget_bps:
            self._fits_since_ns = None
        elif self._fits_since_ns is None:
            self._fits_since_ns = now_ns
        elif now_ns - self._fits_since_ns >= RESTORE_NS:
            self.cut, self._fits_since_ns = before - 1, now_ns
            return True
        return False

    @property
    def _all_alike(self) -> bool:
        return not any(want.whole for want in self._wants.values())

    def _cutter(self, cut: int) -> Callable[[int], Want]:
        return lambda stream: self._at(stream, cut)

    def _at(self, stream: int, cut: int) -> Want:
        want = self._wants.get(stream)
        if want is not None and want.whole:
            cut -= FAVOUR
        if want is None:
            want = self._others
        return want if cut <= 0 else _less(want, CUTS[min(cut, len(CUTS) - 1)])


def _less(want: Want, cut: Want) -> Want:
    """What both allow."""
    divisor = 0 if 0 in (want.divisor, cut.divisor) else max(want.divisor, cut.divisor)
    return Want(divisor, min(want.sections, cut.sections), want.pose, want.voice)
