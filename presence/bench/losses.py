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
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from presence.bench.sizes import rates_kbps
from presence.client.asking import Asker
from presence.client.loss_meter import LossMeter
from presence.client.receiving import REPORT_NS
from presence.clock import MILLISECOND, SECOND
from presence.codec import Encoder, Frame, PatientDecoder, Repeater
from presence.codec.decoder import KEPT_REFERENCES
from presence.codec.waiting import Decodes
from presence.errors import MissingReferenceError
from presence.pose.sample import PoseSample
from presence.transport.lossy import Conditions, LossyPath
from presence.wire.control import (
    Control,
    LossReport,
    RepairRequest,
    decode_control,
    encode_control,
)
from presence.wire.envelope import SEQUENCE_PERIOD

ONE_WAY_NS = 40 * MILLISECOND
DEADLINE_NS = ONE_WAY_NS + 60 * MILLISECOND
"""After its capture: when a frame is played out."""
SETTLE_S = 3.0
"""Not counted, at the beginning: nothing was reported yet."""
_STREAM = 1


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
        """``frames`` begin with a golden; only whole golden intervals are used."""
        whole = len(frames) // golden_interval * golden_interval
        self._frames = frames[:whole]
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
        return replace(frame, sequence=sequence, refers_to=needs)


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
        self._repeater = Repeater()
        self._loss = 0.0

    def tick(self, sequence: int, now_ns: int) -> None:
        """Send the next frame, and what is due for repetition with it."""
        frame = self._maker.frame(sequence)
        self._repeater.sent(frame)
        repeats = self._repeater.due(self._loss)
        self._heard.repeats += len(repeats)
        self._send((frame, *repeats), now_ns)

    def hear(self, message: bytes, now_ns: int) -> None:
        """A request or a report came."""
        (asked,) = decode_control(message)
        frame = None
        match asked:
            case LossReport():
                self._loss = asked.share
                return
            case RepairRequest(_, sequence):
                frame = self._repeater.find(sequence, SEQUENCE_PERIOD)
        if frame is None:
            self._maker.request_golden()
            self._heard.goldens_asked += 1
        else:
            self._heard.repairs += 1
            self._send((frame,), now_ns)

    def _send(self, frames: tuple[Frame, ...], now_ns: int) -> None:
        self._path.push(now_ns, len(self._heard.bundles).to_bytes(4, "big"))
        self._heard.bundles.append(frames)


class _Receiver:
    """Decodes, asks and reports. State: what waits, what was asked, what came of late."""

    def __init__(self, decoder: Decodes, path: LossyPath, heard: Heard) -> None:
        self._patient = PatientDecoder(decoder)
        self._path, self._heard = path, heard
        self._asker, self._meter = Asker(_STREAM), LossMeter()
        self.on_shown: Callable[[Frame, PoseSample], None] = lambda frame, sample: None

    def hear(self, frames: tuple[Frame, ...], now_ns: int) -> None:
        """A bundle came."""
        for frame in frames:
            self._heard.came_ns.setdefault(frame.sequence, now_ns)
            self._meter.heard(frame.sequence, now_ns)
            for decoded, sample in self._patient.push(frame):
                self._heard.decoded_ns[decoded.sequence] = now_ns
                self.on_shown(decoded, sample)
        missing = self._patient.missing
        if missing is None:
            return
        request = self._asker.ask(missing, now_ns, in_touch=self._patient.in_touch)
        if request is not None:
            self._heard.requests += 1
            self._say(request, now_ns)

    def report(self, now_ns: int) -> None:
        """Say how much was lost of late."""
        share = self._meter.share(now_ns)
        if share is not None:
            self._say(LossReport.of(_STREAM, share), now_ns)

    def _say(self, message: Control, now_ns: int) -> None:
        self._path.push(now_ns, encode_control([message]))


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
    report_ns = REPORT_NS
    for sequence in range(frames):
        tick_ns = sequence * SECOND // rate
        _deliver(there, back, sender, receiver, tick_ns)
        if tick_ns >= report_ns:
            receiver.report(tick_ns)
            report_ns += REPORT_NS
        sender.tick(sequence, tick_ns)
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
