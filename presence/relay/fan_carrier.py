"""The RTP carrier of somebody who sends very many packets: the same on the wire, for less.

What differs from any :class:`~presence.transport.rtp_carrier.RtpCarrier` is that congestion control
looks at samples, that pacing is reckoned in place, that reports which come more often than every
100 ms are passed over, and that a packet is written where it is encrypted.
"""

from __future__ import annotations

import asyncio

from presence.clock import SECOND, Clock
from presence.relay.port_path import PortPath
from presence.relay.sampled import SampledCongestion
from presence.transport.arrivals import REPORT_INTERVAL_NS
from presence.transport.carrier import check_length
from presence.transport.direct_srtp import DirectSrtpPath
from presence.transport.feedback import TIME_PERIOD, TIME_UNITS
from presence.transport.ice import Connection
from presence.transport.pacer import BURST_BYTES, BURST_SECONDS
from presence.transport.rtp import TIMESTAMP_RATE
from presence.transport.rtp_carrier import RtpCarrier
from presence.transport.rtp_offer import RtpOffer
from presence.transport.shedding import PACKET_BYTES
from presence.wire.bundle import BUNDLE_LIMIT

_BURST_S = 3 * BURST_SECONDS
"""What the rate allows in so long may leave at once: a room's people all speak within a tick."""
_LONGEST_SIZE = BUNDLE_LIMIT + PACKET_BYTES
_TICK_NS = 2 * REPORT_INTERVAL_NS
"""A relay has many to report to, and each sends it little."""
_HEAR = 90 * TIME_UNITS // 1000
"""Whoever reports more often than every 100 ms is not looked at each time: each packet is told of
in three reports."""


def fan_carrier(connection: Connection, own: RtpOffer, other: RtpOffer, clock: Clock) -> FanCarrier:
    """What :class:`~presence.transport.peer.Peer` is given to make a relay's RTP carrier by."""
    path = PortPath(connection, own.payload_type)
    return FanCarrier(path, own, other, clock, asyncio.get_running_loop())


def guest_carrier(
    connection: Connection, own: RtpOffer, other: RtpOffer, clock: Clock
) -> FanCarrier:
    """The same for one who hears very many packets, over a connection with a socket of its own."""
    path = DirectSrtpPath(connection, own.payload_type)
    return FanCarrier(path, own, other, clock, asyncio.get_running_loop())


class FanCarrier(RtpCarrier):
    """Bundles over RTP, one a packet. State: besides any RTP carrier's, what may leave now."""

    early_limit = 64

    def __init__(
        self,
        path: DirectSrtpPath | PortPath,
        own: RtpOffer,
        other: RtpOffer,
        clock: Clock,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        """Carry bundles over a path that may not be open yet; see :class:`RtpCarrier`."""
        now_ns = clock.now_ns()
        self._bucket = float(BURST_BYTES)
        self._filled_ns = self._ticked_ns = now_ns
        self._bytes_a_ns = 0.0
        self._most = float(BURST_BYTES)
        self._heard = -1
        """When the newest report that was looked at was made."""
        self._send_bundle = path.send_bundle
        self._direct = path
        self._ssrc = own.ssrc
        self._samples = SampledCongestion(now_ns)
        super().__init__(path, own, other, clock, loop, congestion=self._samples, tick_ns=_TICK_NS)

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False: closed, or it is not time yet."""
        size = len(bundle) + PACKET_BYTES
        if size > _LONGEST_SIZE:
            check_length(bundle)
        now_ns = self._now()
        bucket = self._bucket + (now_ns - self._filled_ns) * self._bytes_a_ns
        self._filled_ns = now_ns
        if bucket > self._most:
            bucket = self._most
        if bucket <= 0.0 or self._closed or not self._direct.open:
            self._bucket = bucket
            # Asking is what has on_ready called.
            return self.ready and self.send(bundle)
        self._sequence = sequence = self._sequence + 1
        samples = self._samples
        if now_ns < samples.quiet_until_ns:
            samples.unsampled += size
            padding = 0
        else:
            padding = samples.sent(sequence, size, now_ns)
        self._bucket = bucket - size - padding
        self._send_bundle(sequence, now_ns * TIMESTAMP_RATE // SECOND, self._ssrc, bundle, padding)
        return True

    def _reckon(self, now_ns: int) -> None:
        held_up = now_ns - self._ticked_ns > 2 * _TICK_NS
        self._ticked_ns = now_ns
        if not held_up:
            # After a while in which this process itself did not run, the reports that came
            # meanwhile are yet to be read; that they are late says nothing about the path.
            self._congestion.tick(now_ns)
        self._allow(now_ns)

    def _reported(self, data: bytes) -> None:
        # By the time that the report bears: when this process was held up, many come at once, and
        # the newest of them says most.
        made = int.from_bytes(data[-4:], "big")
        if (made - self._heard) % TIME_PERIOD < _HEAR and self._heard >= 0:
            return
        malformed = self.malformed
        super()._reported(data)
        if malformed == self.malformed:
            self._heard = made

    def _allow(self, now_ns: int) -> None:
        self._may_leave(now_ns)
        self._bytes_a_ns = self._congestion.pace_bps / 8.0 / SECOND
        self._most = max(BURST_BYTES, _BURST_S * SECOND * self._bytes_a_ns)

    def _may_leave(self, now_ns: int) -> bool:
        filled = self._bucket + (now_ns - self._filled_ns) * self._bytes_a_ns
        self._bucket = min(filled, self._most)
        self._filled_ns = now_ns
        return self._bucket > 0.0

    def _leaves_in_ns(self) -> int:
        return round((1.0 - self._bucket) / self._bytes_a_ns)
