"""What loss leaves of a stream: one sender, one receiver, a lossy path each way, simulated time.

Everything is as in a call, by the call's own parts: the receiver asks for a reference frame the
moment that something waits for it, reports its losses twice a second, and the sender repeats
reference frames while those are high; requests and reports are lost like anything else. Whether a
frame can be decoded depends on nothing but which others came, so long runs need no poses
(:class:`Structure`), only real frames with their sizes, again and again; and one run with a real
encoder and decoder shows that it is so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from presence.bench.sizes import rates_kbps
from presence.client.asking import Asker
from presence.client.loss_meter import LossMeter
from presence.client.receiving import REPORT_NS
from presence.client.resending import Resender
from presence.clock import MILLISECOND, SECOND
from presence.codec import Encoder, Frame, PatientDecoder
from presence.codec.decoder import KEPT_REFERENCES
from presence.codec.waiting import Decodes
from presence.errors import MissingReferenceError
from presence.pose.sample import PoseSample
from presence.transport.lossy import Conditions, LossyPath
from presence.wire.control import (
    Control,
    GoldenRequest,
    LossReport,
    RepairRequest,
    decode_control,
    encode_control,
)

ONE_WAY_NS = 40 * MILLISECOND
DEADLINE_NS = ONE_WAY_NS + 60 * MILLISECOND
"""After its capture: when a frame is played out."""
SETTLE_S = 3.0
"""Not counted, at the beginning: nothing was reported yet."""
_SENDER, _RECEIVER = 1, 2


@dataclass(frozen=True, slots=True)
class Loss:
    """How a path loses datagrams, either way alike."""

    name: str
    share: float
    burst: float | None = None
    """Mean run of losses, geometrically distributed; None: each by itself."""


LOSSES = (
    Loss("5 %", 0.05),
    Loss("20 %", 0.20),
    Loss("20 %, bursts of 3", 0.20, 3.0),
)


class Maker(Protocol):
    """What makes the frames that are sent."""

    def frame(self, sequence: int) -> Frame:
        """The next frame; ``sequence`` counts from 0."""
        ...

    def request_golden(self) -> None:
        """Make the next one golden."""
        ...


class Looped:
    """A clip's real frames again and again. State: which frames stand for which.

    A golden that was asked for is stood for by the clip's golden before it: right in everything
    but its size, which is that of another instant.
    """

    def __init__(self, frames: tuple[Frame, ...], golden_interval: int) -> None:
        """``frames`` begin with a golden.

        Only whole golden intervals are used; or what there is of one, so that goldens come sooner.
        """
        whole = len(frames) // golden_interval * golden_interval
        self._frames = frames[: whole or len(frames)]
        self._interval = golden_interval
        self._requested = False
        self._extra = -1

    def request_golden(self) -> None:
        """Make the next frame golden."""
        self._requested = True

    def frame(self, sequence: int) -> Frame:
        """The frame that stands at ``sequence``, numbered so."""
        at = sequence % len(self._frames)
        frame = self._frames[at]
        if self._requested and not frame.golden:
            self._extra = sequence
            frame = self._frames[at // self._interval * self._interval]
        self._requested = False
        needs = sequence - (frame.sequence - frame.refers_to)
        needs = sequence if frame.golden else max(needs, self._extra)
        return Frame(sequence, needs, frame.capture_ns, frame.core, frame.detail, frame.reference)


class Live:
    """A clip encoded as it is sent, again and again. State: the encoder."""

    def __init__(self, samples: tuple[PoseSample, ...], encoder: Encoder) -> None:
        self._samples = samples
        self._encoder = encoder
        self.request_golden = encoder.request_golden

    def frame(self, sequence: int) -> Frame:
        """The next frame."""
        return self._encoder.encode(self._samples[sequence % len(self._samples)])


class Structure:
    """Decodes no pose, only says whether one could be. State: the references that it remembers."""

    def __init__(self, pose: PoseSample) -> None:
        """``pose`` stands for whatever would be decoded."""
        self._pose = pose
        self._known: OrderedDict[int, None] = OrderedDict()

    def decode(self, frame: Frame) -> PoseSample:
        """Raises MissingReferenceError when what the frame refers to is not known."""
        if not frame.golden:
            if frame.refers_to not in self._known:
                raise MissingReferenceError(
                    f"frame {frame.sequence} needs {frame.refers_to}", frame.refers_to
                )
            self._known.move_to_end(frame.refers_to)
        if frame.reference:
            self._known[frame.sequence] = None
            if len(self._known) > KEPT_REFERENCES:
                self._known.popitem(last=False)
        return self._pose


class Compared:
    """A real decoder beside the structure. State: both, and how often they disagreed."""

    def __init__(self, decoder: Decodes, structure: Structure) -> None:
        self._decoder, self._structure = decoder, structure
        self.disagreements = 0

    def decode(self, frame: Frame) -> PoseSample:
        """What the real one makes of the frame, or raises."""
        try:
            self._structure.decode(frame)
            expected = True
        except MissingReferenceError:
            expected = False
        try:
            sample = self._decoder.decode(frame)
        except MissingReferenceError:
            self.disagreements += expected
            raise
        self.disagreements += not expected
        return sample


@dataclass(slots=True)
class Heard:
    """What came of a run."""

    rate: int
    bundles: list[tuple[Frame, ...]] = field(default_factory=list)
    """Every datagram sent, in order: a frame and repeats, or a repair."""
    came_ns: dict[int, int] = field(default_factory=dict)
    """By sequence, when a first copy came."""
    decoded_ns: dict[int, int] = field(default_factory=dict)
    requests: int = 0
    repairs: int = 0
    repeats: int = 0
    goldens_asked: int = 0
    frames: int = 0

    def figures(self) -> dict[str, Any]:
        """Shares in per cent of what was captured after the first seconds, and rates."""
        first = round(SETTLE_S * self.rate)
        deadlines = {k: k * SECOND // self.rate + DEADLINE_NS for k in range(first, self.frames)}
        never = 1 << 62
        came = [k for k, due in deadlines.items() if self.came_ns.get(k, never) <= due]
        in_time = sum(self.decoded_ns.get(k, never) <= deadlines[k] for k in came)
        seconds = self.frames / self.rate
        return {
            "frames": self.frames,
            "came_%": 100.0 * len(came) / len(deadlines),
            "decodable_%": 100.0 * in_time / len(came),
            "shown_%": 100.0 * in_time / len(deadlines),
            **rates_kbps(self.bundles, seconds),
            "requests_per_s": self.requests / seconds,
            "repairs_per_s": self.repairs / seconds,
            "repeats_per_s": self.repeats / seconds,
            "goldens_asked_per_s": self.goldens_asked / seconds,
        }


class _Sender:
    """Sends, repeats and repairs. State: what it may send again, and the loss reported to it."""

    def __init__(self, maker: Maker, path: LossyPath, heard: Heard) -> None:
        self._maker, self._path, self._heard = maker, path, heard
        self._resender = Resender()

    def tick(self, sequence: int, now_ns: int) -> None:
        """Send the next frame, and what is due for repetition with it."""
        frame = self._maker.frame(sequence)
        self._resender.sent(frame)
        repeats = self._resender.due(_RECEIVER, now_ns)
        self._heard.repeats += len(repeats)
        self._send((*repeats, frame), now_ns)

    def hear(self, message: bytes, now_ns: int) -> None:
        """A request or a report came, or something of no account here."""
        for asked in decode_control(message):
            match asked:
                case LossReport():
                    self._resender.loses(_RECEIVER, asked.share, now_ns)
                case RepairRequest(_, missing, known):
                    self._repair(missing, known, now_ns)
                case GoldenRequest():
                    self._make_golden(now_ns)

    def _repair(self, missing: int, known: int, now_ns: int) -> None:
        frames = self._resender.repair(_RECEIVER, missing, known, now_ns)
        if frames is None:
            self._make_golden(now_ns)
        elif frames:
            self._heard.repairs += len(frames)
            self._send(tuple(frames), now_ns)

    def _make_golden(self, now_ns: int) -> None:
        if self._resender.makes_golden(now_ns):
            self._maker.request_golden()
            self._heard.goldens_asked += 1

    def _send(self, frames: tuple[Frame, ...], now_ns: int) -> None:
        self._path.push(now_ns, len(self._heard.bundles).to_bytes(4, "big"))
        self._heard.bundles.append(frames)


class _Receiver:
    """Decodes, asks and reports. State: what waits, what was asked, what came of late."""

    def __init__(self, decoder: Decodes, path: LossyPath, heard: Heard) -> None:
        self._patient = PatientDecoder(decoder)
        self._path, self._heard = path, heard
        self._asker, self._meter = Asker(_SENDER), LossMeter()
        self._report_ns = REPORT_NS
        self.on_shown: Callable[[Frame, PoseSample], None] = lambda frame, sample: None

    def tick(self, now_ns: int) -> None:
        """Send a pose of its own, which is of no account here, and a report when it is time."""
        report: list[Control] = []
        if now_ns >= self._report_ns:
            self._report_ns += REPORT_NS
            share = self._meter.share(now_ns)
            if share is not None:
                report = [LossReport.of(_SENDER, share)]
        self._path.push(now_ns, encode_control(report))

    def hear(self, frames: tuple[Frame, ...], now_ns: int) -> None:
        """A bundle came."""
        for frame in frames:
            self._hear(frame, now_ns)

    def _hear(self, frame: Frame, now_ns: int) -> None:
        patient = self._patient
        self._heard.came_ns.setdefault(frame.sequence, now_ns)
        self._meter.heard(frame.sequence, now_ns)
        for decoded, sample in patient.push(frame):
            self._heard.decoded_ns[decoded.sequence] = now_ns
            self.on_shown(decoded, sample)
        missing = patient.missing
        if missing is None:
            return
        request = self._asker.ask(
            missing,
            patient.known,
            now_ns,
            in_touch=patient.in_touch,
            round_trip_ns=2 * ONE_WAY_NS,
        )
        if request is not None:
            self._heard.requests += 1
            self._path.push(now_ns, encode_control([request]))


def simulate(
    maker: Maker,
    decoder: Decodes,
    loss: Loss,
    *,
    rate: int,
    frames: int,
    seed: int,
    on_shown: Callable[[Frame, PoseSample], None] | None = None,
) -> Heard:
    """Send frames, one a datagram, over a path of 40 ms each way that loses some.

    Args:
        maker: makes the frames.
        decoder: a real one, or a :class:`Structure`.
        loss: of either direction.
        rate: frames a second.
        frames: how many; more than ``SETTLE_S`` takes.
        seed: of the losses.
        on_shown: gets each decoded frame with its sample.
    """
    conditions = Conditions(loss=loss.share, burst=loss.burst, delay_ns=ONE_WAY_NS)
    there, back = LossyPath(conditions, 2 * seed), LossyPath(conditions, 2 * seed + 1)
    heard = Heard(rate, frames=frames)
    sender, receiver = _Sender(maker, there, heard), _Receiver(decoder, back, heard)
    if on_shown is not None:
        receiver.on_shown = on_shown
    for sequence in range(frames):
        tick_ns = sequence * SECOND // rate
        _deliver(there, back, sender, receiver, tick_ns)
        sender.tick(sequence, tick_ns)
        other_ns = tick_ns + SECOND // (2 * rate)
        _deliver(there, back, sender, receiver, other_ns)
        receiver.tick(other_ns)
    _deliver(there, back, sender, receiver, frames * SECOND // rate + SECOND)
    return heard


def _deliver(
    there: LossyPath, back: LossyPath, sender: _Sender, receiver: _Receiver, until_ns: int
) -> None:
    """Let come what is due by then, in the order of its coming."""
    while True:
        due = [ns for path in (there, back) if (ns := path.next_due_ns()) is not None]
        if not due or min(due) > until_ns:
            return
        now_ns = min(due)
        for message in back.pop_due(now_ns):
            sender.hear(message, now_ns)
        for index in there.pop_due(now_ns):
            receiver.hear(receiver._heard.bundles[int.from_bytes(index, "big")], now_ns)
