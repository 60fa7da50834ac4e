"""What a participant says of itself twice a second."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

from presence.client.cadence import Cadence
from presence.client.controls import Controls
from presence.client.conversation import Conversation
from presence.client.exchange import Exchange
from presence.client.invitations import Inviter
from presence.client.loudness import AS_THEY_COME
from presence.client.records import Spoke
from presence.client.roster import Roster
from presence.client.settings import Settings
from presence.client.status import PeerStatus, Status
from presence.client.view_process import ViewProcess
from presence.tracking.live import LiveSource
from presence.transport.relay_link import RELAY

STATUS_SECONDS = 0.5


class Account:
    """How a participant is doing. State: how many bytes there were when it was told last."""

    def __init__(
        self,
        settings: Settings,
        exchange: Exchange,
        roster: Roster,
        cadence: Cadence,
        *,
        inviter: Inviter | None,
        view: ViewProcess | None,
    ) -> None:
        """Nothing was told yet."""
        self.conversation: Conversation | None = None
        """What is said and heard goes through it, once it has begun."""
        self.controls: Controls | None = None
        """What the person does to that."""
        self.tracking: LiveSource | None = None
        """What follows the person, if sensors do."""
        self.view_problem = ""
        """Why there is no view now, a sentence; empty while there is one."""
        self.carriers: dict[int, str] = {}
        """What each was heard over, also of those who went."""
        self._settings = settings
        self._exchange = exchange
        self._roster = roster
        self._cadence = cadence
        self._inviter = inviter
        self._view = view
        self._received: dict[int, int] = {}
        self._sent = 0
        self._levels: dict[int, float] = {}
        self._sound = ""

    def spoke(self, spoken: Sequence[Spoke]) -> None:
        """Take in how loud people speak, as it is heard."""
        for spoke in spoken:
            self._levels[spoke.stream] = max(spoke.level, self._levels.get(spoke.stream, 0.0))

    def note(self, sentence: str) -> None:
        """Show a sentence about the sound, in the place of the last; for any thread."""
        self._sound = sentence

    def status(self) -> Status:
        """Now; to be called every :data:`STATUS_SECONDS`."""
        sent, before = self._exchange.sender.bytes_sent, self._sent
        self._sent = sent
        return Status(
            name=self._settings.name,
            phase="in the call" if len(self._roster) else "waiting",
            kbps=_kbps(sent - before),
            peers=(*self._peers(), *self._refused()),
            view=self._view.status() if self._view else None,
            note=self._note(),
            level=self.conversation.level if self.conversation else None,
            muted=self.conversation.muted if self.conversation else False,
            released=self.conversation.released if self.conversation else False,
        )

    def _peers(self) -> list[PeerStatus]:
        ways, problems = self._ways(), self._exchange.mesh.problems
        self.carriers |= {stream: carrier for stream, (carrier, _) in ways.items()}
        peers, totals = [], {}
        for stream, member in sorted(self._roster.members.items()):
            carrier, trip = ways.get(stream, (problems.get(stream, "connecting …"), None))
            frames, received = self._exchange.receiver.heard(stream)
            totals[stream] = received
            peers.append(
                PeerStatus(
                    name=member.name,
                    carrier=carrier,
                    round_trip_ms=None if trip is None else trip / 1e6,
                    kbps=_kbps(received - self._received.get(stream, received)),
                    received=frames,
                    level=self._levels.get(stream, 0.0),
                    loudness=_told(self.controls, stream),
                    chosen=self.controls is not None and self.controls.chosen == stream,
                )
            )
        self._received = totals
        self._levels.clear()
        return peers

    def _ways(self) -> dict[int, tuple[str, int | None]]:
        """How each is reached who is: by what, and how long that takes there and back.

        By a relay, that is there and back between the relay and this participant.
        """
        mesh = self._exchange.mesh
        ways = {link.stream: (link.carrier, link.round_trip_ns) for link in mesh.stats()}
        relay = ways.pop(RELAY, None)
        if relay is not None:
            for stream in self._roster.members:
                if stream not in ways and mesh.hears(stream):
                    ways[stream] = f"relay, {relay[0]}", relay[1]
        return ways

    def _refused(self) -> list[PeerStatus]:
        refused = self._exchange.trust.refused.values()
        return [PeerStatus(one.name, one.sentence, None, 0.0, 0) for one in refused]

    def _note(self) -> str:
        notes = []
        if self._exchange.trust.refused and not len(self._roster):
            notes.append("nobody here has your link: compare it with theirs, to the last letter")
        if self._inviter is not None:
            notes.append(self._inviter.note)
        if self._sound:
            notes.append(self._sound)
        notes.append(self.view_problem)
        if self.tracking is not None:
            notes += self.tracking.problems
        if self.conversation is not None:
            notes.append(self.conversation.problem)
        if self._cadence.divisor != 1:
            rate = self._settings.rate // self._cadence.divisor
            notes.append(f"this machine is busy: sampling {rate} times a second")
        return "; ".join(filter(None, notes))


def _told(controls: Controls | None, stream: int) -> str:
    """How loud somebody was made, in words; nothing if they are as they come."""
    if controls is None:
        return ""
    loudness = controls.loudness(stream)
    if loudness.silenced:
        return "silenced"
    return "" if loudness == AS_THEY_COME else f"{20.0 * log10(loudness.gain):+.0f} dB"


def _kbps(size: int) -> float:
    return size * 8 / STATUS_SECONDS / 1e3
