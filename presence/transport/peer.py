"""A WebRTC connection to one other participant: offer, answer, open, close."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from aiortc import RTCSessionDescription

from presence.clock import Clock
from presence.errors import TransportError
from presence.transport.carrier import Carrier
from presence.transport.data_channel import DataChannelCarrier
from presence.transport.handshake import Hastener
from presence.transport.ice import (
    Agent,
    Connection,
    Route,
    chosen_route,
    leave_relays_quickly,
    let_go,
    offer_loopback_when_alone,
    stop_asking_for_consent,
    use_lite_agent,
)
from presence.transport.rtp_carrier import RtpCarrier
from presence.transport.rtp_offer import RtpOffer, find_offer, new_offer, with_offer
from presence.transport.srtp import SrtpPath, why_not
from presence.transport.ways import STRAIGHT, Ways

CARRIERS = ("rtp", "data")
"""What a connection can carry bundles by, the best first."""
OPEN_TIMEOUT_S = 8.0
"""Seconds from the exchange of descriptions to an open channel, over a bad network."""
DESCRIPTION_LIMIT = 16_384
"""Bytes of the longest session description that is read."""
RELAY_TICKS_A_REPORT = 2
"""Of what came from a relay every 100 ms is told, which is as often as it looks at reports."""
_CHECK_INTERVAL_S = 0.025
"""A little more than the time in which aioice, looking for a way, notices that it was closed."""

log = logging.getLogger(__name__)


class RtpMaker(Protocol):
    """Makes what carries bundles by RTP, over a connection that may not be open yet."""

    def __call__(
        self, connection: Connection, own: RtpOffer, other: RtpOffer, clock: Clock
    ) -> OpeningCarrier:
        """The carrier: what each side said of its stream, and the clock that stamps arrivals."""
        ...


class OpeningCarrier(Carrier, Protocol):
    """A carrier that is not open from the start."""

    on_open: Callable[[], None] | None
    """Bundles can be sent from now on."""


def straight_rtp(
    connection: Connection, own: RtpOffer, other: RtpOffer, clock: Clock
) -> OpeningCarrier:
    """What carries bundles to another participant."""
    path = SrtpPath(connection, own.payload_type)
    return RtpCarrier(path, own, other, clock, asyncio.get_running_loop())


def relayed_rtp(
    connection: Connection, own: RtpOffer, other: RtpOffer, clock: Clock
) -> OpeningCarrier:
    """What carries bundles to a relay, which has many to hear reports from."""
    path = SrtpPath(connection, own.payload_type)
    loop = asyncio.get_running_loop()
    return RtpCarrier(path, own, other, clock, loop, ticks_a_report=RELAY_TICKS_A_REPORT)


class Peer:
    """One attempt at a connection to one other participant, and the connection it became.

    State: aiortc's connection, the data channel on it, and the RTP that goes the same way if both
    sides can. A peer is used once; a lost connection is replaced by that of a new peer.
    """

    def __init__(
        self,
        clock: Clock,
        carriers: Sequence[str] = CARRIERS,
        *,
        ways: Ways = STRAIGHT,
        make_rtp: RtpMaker = straight_rtp,
        agent: Agent | None = None,
    ) -> None:
        """Nothing is sent until a description is exchanged.

        Args:
            clock: Stamps arrivals.
            carriers: Of :data:`CARRIERS` those that may be used. The data channel always may, if
                the other side has nothing else.
            ways: By which a connection is sought.
            make_rtp: Makes what carries bundles by RTP; a relay's is made for many of them.
            agent: Of ICE, on a relay's port; None: one with sockets of its own.
        """
        offer_loopback_when_alone()
        self._clock = clock
        self._rtp_allowed = "rtp" in carriers and _rtp_works()
        self._own_rtp: RtpOffer | None = None
        self._make_rtp = make_rtp
        self._rtp: OpeningCarrier | None = None
        self._hastener: Hastener | None = None
        self.on_open: Callable[[], None] | None = None
        self.on_failed: Callable[[TransportError], None] | None = None
        """No connection came about; not called for one that was open and got lost."""
        self._ways = ways
        self._connection = Connection(ways)
        self._connection.on("connectionstatechange", self._state_changed)
        self._data = DataChannelCarrier(self._connection, clock)
        self._data.on_open = self._data_opened
        if agent is not None:
            use_lite_agent(self._connection, agent)
        self._settled = asyncio.Event()
        self._failure: TransportError | None = None

    @property
    def carrier(self) -> Carrier:
        """What carries bundles: RTP once both sides agreed on that, else the data channel."""
        return self._rtp or self._data

    @property
    def route(self) -> Route | None:
        """The way that was found; None until there is one."""
        return chosen_route(self._connection)

    @property
    def offered(self) -> bool:
        """Whether an offer was made and not answered yet."""
        return bool(self._connection.signalingState == "have-local-offer")

    async def offer(self) -> str:
        """The session description to send to the other participant.

        Raises:
            TransportError: this machine has no address to be reached at.
        """
        await self._connection.setLocalDescription(await self._connection.createOffer())
        if self._rtp_allowed:
            self._own_rtp = new_offer()
        return self._own_description()

    async def answer(self, offer: str) -> str:
        """The session description to send back to the participant who sent ``offer``.

        Raises:
            TransportError: the offer cannot be used.
        """
        theirs = find_offer(offer) if self._rtp_allowed else None
        if theirs is not None:
            self._own_rtp = new_offer(theirs)
            self._carry_by_rtp(self._own_rtp, theirs)
        await self._read("offer", offer)
        self._hastener = Hastener(self._connection)
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return self._own_description()

    async def accept(self, answer: str) -> None:
        """Take the answer to the offer made.

        Raises:
            TransportError: the answer cannot be used, or no offer was made.
        """
        theirs, own = find_offer(answer), self._own_rtp
        if own is not None and theirs is not None and theirs.payload_type == own.payload_type:
            self._carry_by_rtp(own, theirs)
        await self._read("answer", answer)
        self._hastener = Hastener(self._connection)

    async def opened(self, timeout_s: float = OPEN_TIMEOUT_S) -> Carrier:
        """Wait for the connection to open.

        Raises:
            TransportError: it did not, and why.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._settled.wait()
        except TimeoutError:
            raise self.too_late(timeout_s) from None
        if self._failure is not None:
            raise self._failure
        return self.carrier

    def too_late(self, after_s: float) -> TransportError:
        """The error that says how far the attempt came in ``after_s`` seconds."""
        if self._connection.remoteDescription is None:
            return TransportError(
                f"the other participant did not answer within {after_s:g} s; "
                "they may have left, or the room host may be out of reach"
            )
        if self._connection.iceConnectionState != "completed":
            return TransportError(f"{self._no_route()} within {after_s:g} s; {self._cure()}")
        return TransportError(
            f"the way to the other participant was found, but no encrypted channel opened on it "
            f"within {after_s:g} s; too many datagrams are lost on the way"
        )

    async def close(self) -> None:
        """Close the connection, telling the other side; closing twice is no error."""
        opened = self._settled.is_set() and self._failure is None
        if self._hastener is not None:
            self._hastener.stop()
        if self._rtp is not None:
            await self._rtp.close()
        leave_relays_quickly(self._connection)
        await self._connection.close()
        if opened:
            let_go(self._connection)
        else:
            # aiortc leaves the task that makes the connection to find out by itself.
            await asyncio.sleep(_CHECK_INTERVAL_S)
            await stop_asking_for_consent(self._connection)
        self._fail(TransportError("the connection was closed before it opened"))

    async def _read(self, kind: str, description: str) -> None:
        problem = _unusable(description)
        if problem is not None:
            raise TransportError(f"the {kind} of the other participant {problem}")
        try:
            await self._connection.setRemoteDescription(
                RTCSessionDescription(self._usable(description), kind)
            )
        except Exception as error:
            # The description is foreign, and aiortc's parser meets what it does not expect with
            # whatever exception comes of it.
            raise TransportError(
                f"the {kind} of the other participant cannot be used: {error}"
            ) from error

    def _own_description(self) -> str:
        description = self._connection.localDescription
        if "a=candidate:" not in description.sdp:
            if self._ways.path == "turn":
                raise TransportError(
                    "the TURN server gave no address to be reached at; its log says why"
                )
            raise TransportError(
                "this machine has no network address to be reached at; connect it to a network"
            )
        sdp = str(description.sdp)
        return sdp if self._own_rtp is None else with_offer(sdp, self._own_rtp)

    def _no_route(self) -> str:
        own = ", ".join(_addresses(self._connection.localDescription.sdp)) or "none"
        theirs = ", ".join(_addresses(self._connection.remoteDescription.sdp)) or "none"
        return f"no way was found from this machine ({own}) to the other participant's ({theirs})"

    def _cure(self) -> str:
        """What to do when no way was found, after a semicolon."""
        if self._ways.note:
            return self._ways.note
        if self._ways.path == "turn":
            return "the TURN server must be able to reach itself by UDP, and any other that is used"
        cure = "let UDP pass between these addresses, or meet on one network"
        if self._ways.path == "direct":
            return f"{cure}, or leave --path direct out"
        return cure if self._ways.turn else f"{cure}, or give the room's host a TURN server"

    def _usable(self, description: str) -> str:
        """A foreign description without the candidates that are not to be tried."""
        usable = _without_mdns(description)
        return _without_relays(usable) if self._ways.path == "direct" else usable

    def _carry_by_rtp(self, own: RtpOffer, theirs: RtpOffer) -> None:
        """Both sides can: bundles go by RTP from the start."""
        if self._rtp is None:
            self._rtp = self._make_rtp(self._connection, own, theirs, self._clock)
            self._rtp.on_open = self._opened

    def _data_opened(self) -> None:
        if self._rtp is None:
            self._opened()

    def _opened(self) -> None:
        self._settled.set()
        if self.on_open is not None:
            self.on_open()

    def _state_changed(self) -> None:
        if self._connection.connectionState != "failed":
            return
        if self._connection.iceConnectionState == "failed":
            problem = f"{self._no_route()}; {self._cure()}"
        else:
            problem = "the other participant is not who signed the description; ask them to rejoin"
        self._fail(TransportError(problem))

    def _fail(self, failure: TransportError) -> None:
        if self._settled.is_set():
            return
        self._failure = failure
        self._settled.set()
        if self.on_failed is not None:
            self.on_failed(failure)


_warned_of: set[str] = set()


def _rtp_works() -> bool:
    """Whether RTP can be had here; if not, that is said once."""
    problem = why_not()
    if problem is not None and problem not in _warned_of:
        _warned_of.add(problem)
        log.warning(
            "poses go by data channel, which costs more and delivers less than RTP: %s; "
            "install the versions that presence was made for",
            problem,
        )
    return problem is None


def _unusable(description: str) -> str | None:
    """What is wrong with a foreign session description; None: nothing that can be told yet."""
    if len(description) > DESCRIPTION_LIMIT:
        return f"has {len(description)} characters, more than any has"
    media = re.findall(r"^m=(\S+)", description, re.MULTILINE)
    if media != ["application"]:
        # Anything else would have aiortc open decoders for whatever was described.
        return f"describes {', '.join(media) or 'nothing'} where one data channel was expected"
    if not re.search(r"^a=fingerprint:", description, re.MULTILINE):
        return "names no certificate"
    return None


def _without_mdns(description: str) -> str:
    """A description without candidates whose address is a ``.local`` name.

    Browsers hide their addresses behind such names. They are rarely resolved, the attempt takes a
    second, and the address is learned anyway from the first check that comes from it.
    """
    return re.sub(r"^a=candidate:[^\r\n]*\.local [^\r\n]*\r?\n", "", description, flags=re.M)


def _without_relays(description: str) -> str:
    """A description without candidates at a TURN server."""
    return re.sub(r"^a=candidate:[^\r\n]* typ relay\b[^\r\n]*\r?\n", "", description, flags=re.M)


def _addresses(description: str) -> list[str]:
    """The addresses that a description offers, without repetition."""
    found = re.findall(r"^a=candidate:\S+ \S+ \S+ \S+ (\S+) ", description, re.MULTILINE)
    return list(dict.fromkeys(found))
