"""The way to a room's relay: where it is, by the host's word, and how one comes there."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from presence.errors import SignallingError, TransportError
from presence.transport.path_choice import PathChoice
from presence.transport.tls import PinError, client_context
from presence.transport.ways import WayFinder, Ways
from presence.wire.relay_signalling import (
    RelayJoin,
    RelayWelcome,
    decode_relay_answer,
)
from presence.wire.signalling import MESSAGE_LIMIT, Refused, RelayPlace, encode_message

BY_RELAY: tuple[PathChoice, ...] = ("auto", "turn", "relay")
"""The paths that a relay is on."""
_ANSWER_TIMEOUT_S = 2.0
_HOPS = 3
"""So often one relay may send a participant to another."""
_ASK_AGAIN_S = 1.0

log = logging.getLogger(__name__)


class _GoneError(TransportError):
    """A relay cannot be reached; another may be."""


class RelayWay:
    """State: what the host said of the relay last, until when one's token is good, and from when on
    the relay wants to be asked again.
    """

    def __init__(self, ways: WayFinder, ask: Callable[[], Awaitable[object]]) -> None:
        """No relay is known yet.

        Args:
            ways: By which ways connections are sought.
            ask: Asks the host for a relay, or for another token; it answers by a message.
        """
        self.problem = ""
        """What the host said of there being none, for the person; else empty."""
        self._ways = ways
        self._ask = ask
        self._place: RelayPlace | None = None
        self._good_until_s = 0.0
        self._asked_s = self._busy_until_s = float("-inf")
        self._at: str | None = None
        """Where one came last."""

    @property
    def wanted(self) -> bool:
        """Whether this participant is to go by the relay."""
        place = self._place
        return place is not None and place.wanted and self._ways.path in BY_RELAY

    def use(self, place: RelayPlace) -> None:
        """The host says where the relay is, or gives another token."""
        if self._place is None or self._place.url != place.url:
            self._busy_until_s = float("-inf")
            self._at = None
        self._place = place
        self._good_until_s = _now_s() + 0.9 * place.lifetime_s
        self.problem = ""

    def refuse(self, sentence: str) -> None:
        """The host says that there is none."""
        self._place = None
        self.problem = sentence

    async def find(self) -> Ways:
        """The ways by which to seek the relay; it is past the host in any case.

        Raises:
            TransportError: the one that the person wants is not open.
        """
        ways = await self._ways.find()
        path: PathChoice = "turn" if ways.path == "turn" else "auto"
        return Ways(path, stun=ways.stun, turn=ways.turn, note=ways.note)

    async def come(self, offer: str) -> str:
        """Show the token and the offer of a connection; gives the answer.

        Raises:
            TransportError: there is no relay, it cannot be reached, or it refused.
        """
        place = self._place
        if place is None or _now_s() > self._good_until_s:
            await self.ask()
            raise TransportError("waiting for the host to say where the relay is")
        wait_s = self._busy_until_s - _now_s()
        if wait_s > 0.0:
            raise TransportError(f"the relay is busy, and is asked again in {wait_s:.1f} s")
        # Where one is already, or was sent to last, before where the host sends everybody.
        known = [self._at] if self._at is not None else []
        urls = list(dict.fromkeys([*known, place.url, *place.others]))
        for url in urls:
            try:
                return await self._come_to(url, place, offer)
            except _GoneError as error:
                problem = error
        # The host may know of another by now.
        await self.ask()
        raise problem

    async def _come_to(self, url: str, place: RelayPlace, offer: str) -> str:
        """Come to one relay, or to where it sends one; gives the answer."""
        join = RelayJoin(token=place.token, sdp=offer)
        for hops_left in reversed(range(_HOPS)):
            answer = await _said(url, place, join)
            if isinstance(answer, RelayWelcome):
                self._at = url
                return answer.sdp
            if answer.code == "token":
                await self.ask()
            if answer.after_s is not None:
                self._busy_until_s = _now_s() + answer.after_s
            if answer.url is None or not hops_left:
                raise TransportError(f"the relay refused: {answer.sentence}")
            url = answer.url
        raise AssertionError("the last hop returns or raises")

    async def ask(self) -> None:
        """Ask the host for the relay's place, unless that was done a moment ago."""
        if _now_s() - self._asked_s >= _ASK_AGAIN_S:
            self._asked_s = _now_s()
            await self._ask()


async def _said(url: str, place: RelayPlace, join: RelayJoin) -> RelayWelcome | Refused:
    """What a relay answers.

    Raises:
        _GoneError: it cannot be reached.
        TransportError: what answers is no relay to be trusted.
    """
    try:
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            return await _exchange(url, place.pin, join)
    except PinError:
        raise TransportError(
            f"what answers at {url} is not the relay that the host named: its "
            "certificate is another; restart the host, or ask who runs the relay"
        ) from None
    except ssl.SSLError as error:
        raise TransportError(
            f"the relay at {url} cannot be trusted ({error.reason or error}); "
            "its operator should renew its certificate"
        ) from None
    except TimeoutError:
        raise _GoneError(
            f"the relay at {url} does not answer; check that it runs, and that no "
            "firewall between blocks its port"
        ) from None
    except (OSError, WebSocketException) as error:
        raise _GoneError(
            f"the relay at {url} cannot be reached ({error}); check that it runs, and "
            "that its port is open"
        ) from None
    except SignallingError as error:
        raise TransportError(f"what answers at {url} is no relay: {error}") from None


async def _exchange(url: str, pin: str | None, join: RelayJoin) -> RelayWelcome | Refused:
    context = client_context(pin) if url.startswith("wss:") else None
    async with connect(
        url,
        compression=None,
        max_size=MESSAGE_LIMIT,
        ping_interval=None,
        proxy=None,
        ssl=context,
        close_timeout=0.2,
    ) as websocket:
        await websocket.send(encode_message(join))
        return decode_relay_answer(await websocket.recv())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
