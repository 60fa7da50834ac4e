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
    encode_relay_message,
)
from presence.wire.signalling import MESSAGE_LIMIT, Refused, RelayPlace

BY_RELAY: tuple[PathChoice, ...] = ("auto", "turn", "relay")
"""The paths that a relay is on."""
_ANSWER_TIMEOUT_S = 3.0
_ASK_AGAIN_S = 1.0

log = logging.getLogger(__name__)


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

    @property
    def wanted(self) -> bool:
        """Whether this participant is to go by the relay."""
        place = self._place
        return place is not None and place.wanted and self._ways.path in BY_RELAY

    @property
    def known(self) -> bool:
        """Whether the host has named one."""
        return self._place is not None

    def use(self, place: RelayPlace) -> None:
        """The host says where the relay is, or gives another token."""
        if self._place is None or self._place.url != place.url:
            self._busy_until_s = float("-inf")
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
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                answer = await _exchange(place, RelayJoin(token=place.token, sdp=offer))
        except PinError:
            raise TransportError(
                f"what answers at {place.url} is not the relay that the host named: its "
                "certificate is another; restart the host, or ask who runs the relay"
            ) from None
        except ssl.SSLError as error:
            raise TransportError(
                f"the relay at {place.url} cannot be trusted ({error.reason or error}); "
                "its operator should renew its certificate"
            ) from None
        except TimeoutError:
            raise TransportError(
                f"the relay at {place.url} does not answer; check that it runs, and that no "
                "firewall between blocks its port"
            ) from None
        except (OSError, WebSocketException) as error:
            await self.ask()
            raise TransportError(
                f"the relay at {place.url} cannot be reached ({error}); check that it runs, and "
                "that its port is open"
            ) from None
        except SignallingError as error:
            raise TransportError(f"what answers at {place.url} is no relay: {error}") from None
        if isinstance(answer, RelayWelcome):
            return answer.sdp
        if answer.code == "token":
            await self.ask()
        if answer.after_s is not None:
            self._busy_until_s = _now_s() + answer.after_s
        raise TransportError(f"the relay refused: {answer.sentence}")

    async def ask(self) -> None:
        """Ask the host for the relay's place, unless that was done a moment ago."""
        if _now_s() - self._asked_s >= _ASK_AGAIN_S:
            self._asked_s = _now_s()
            await self._ask()


async def _exchange(place: RelayPlace, join: RelayJoin) -> RelayWelcome | Refused:
    context = client_context(place.pin) if place.url.startswith("wss:") else None
    async with connect(
        place.url,
        compression=None,
        max_size=MESSAGE_LIMIT,
        ping_interval=None,
        proxy=None,
        ssl=context,
        close_timeout=0.2,
    ) as websocket:
        await websocket.send(encode_relay_message(join))
        return decode_relay_answer(await websocket.recv())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
