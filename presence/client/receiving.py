"""From envelopes to the view and the ears: unwrap, decode, pass on, ask and report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from presence.allowance import Allowance
from presence.client.asking import Asker
from presence.client.logs import Columns
from presence.client.loss_meter import LossMeter
from presence.client.records import Came, Heard, Record, VoicePacket, Went
from presence.clock import MILLISECOND, SkewedClock
from presence.codec import Decoder, Frame, PatientDecoder
from presence.codec.profile import decode_profile
from presence.errors import CodecError, EnvelopeError, WireError
from presence.pose.proportions import Proportions
from presence.wire.control import Control, LossReport, ProfileRequest
from presence.wire.envelope import HEADER_LENGTH, Envelope, Kind, seal_length
from presence.wire.unwrap import CaptureTimes, Unwrapped, Unwrapper

REPORT_NS = 500 * MILLISECOND
"""How often each sender is told how much of theirs gets lost."""
PROFILE_AGAIN_NS = 100 * MILLISECOND
"""How long to wait for a profile before asking for it again."""
POSES_A_SECOND = 240
"""How many poses of one person are decoded, at most: one who sends more must not cost the rest."""
POSES_AT_ONCE = 240.0
"""How many of those may come together, as after a pause of this machine."""
PACKETS_A_SECOND, PACKETS_AT_ONCE = 100, 100.0
"""Likewise packets of one voice, of which there are 50 a second."""
_LARGEST_STAMP = 1 << 62
"""Nanoseconds: no clock shows more; somebody whose time leaps on and on would get there."""


@dataclass(slots=True)
class _Speaker:
    """Someone heard. State: their decoder and what was heard of them."""

    name: str
    seat: int
    asker: Asker
    body: str = ""
    times: CaptureTimes = field(default_factory=CaptureTimes)
    poses: Unwrapper = field(init=False)
    packets: Unwrapper = field(init=False)
    proportions: Proportions | None = None
    decoder: PatientDecoder | None = None
    profile: bytes = b""
    asked_ns: int = 0
    """When the profile was asked for last."""
    loss: LossMeter = field(default_factory=LossMeter)
    reported_ns: int = 0
    heard_ns: int = 0
    frames: int = 0
    bytes: int = 0
    moves: Allowance = field(default_factory=lambda: Allowance(POSES_A_SECOND, POSES_AT_ONCE))
    speech: Allowance = field(default_factory=lambda: Allowance(PACKETS_A_SECOND, PACKETS_AT_ONCE))

    def __post_init__(self) -> None:
        self.poses, self.packets = Unwrapper(self.times), Unwrapper(self.times)


class Receiver:
    """Everyone heard. State: a decoder and counters for each stream."""

    def __init__(
        self,
        clock: SkewedClock,
        pass_on: Callable[[Record], None],
        ask: Callable[[int, Control], None],
        log: Columns | None = None,
        *,
        round_trip_ns: Callable[[int], int | None] = lambda stream: None,
        listen: Callable[[VoicePacket], None] = lambda packet: None,
    ) -> None:
        """Nobody is heard yet.

        Args:
            clock: this participant's own.
            pass_on: takes records for the view.
            ask: sends a control message to a stream.
            log: gets a row for each decoded frame.
            round_trip_ns: how long to a stream's sender and back, as far as is known.
            listen: takes packets of voices.
        """
        self._listen = listen
        self._clock = clock
        self._round_trip_ns = round_trip_ns
        self._pass_on = pass_on
        self._ask = ask
        self._speakers: dict[int, _Speaker] = {}
        self._log = log
        self.refused = 0
        """Envelopes from nobody known, too many at once, or such as could not be decoded."""

    def came(self, stream: int, name: str, seat: int) -> None:
        """Someone joined: from now on their frames are decoded; or is there still, or again."""
        speaker = self._speakers.get(stream)
        if speaker is None:
            self._speakers[stream] = _Speaker(name, seat, Asker(stream))
        else:
            speaker.name, speaker.seat = name, seat
            self._introduce(stream, speaker)

    def went(self, stream: int) -> None:
        """Someone is gone."""
        if self._speakers.pop(stream, None) is not None:
            self._pass_on(Went(stream))

    def heard(self, stream: int) -> tuple[int, int]:
        """Frames decoded and bytes received of somebody so far."""
        speaker = self._speakers.get(stream)
        return (speaker.frames, speaker.bytes) if speaker else (0, 0)

    def last_heard_ns(self, stream: int) -> int:
        """When somebody's last frame arrived, by the machine's clock; 0 when none ever did."""
        speaker = self._speakers.get(stream)
        return speaker.heard_ns if speaker else 0

    def hear(self, envelope: Envelope, arrival_machine_ns: int) -> None:
        """Take in a pose, a voice or a profile; whatever cannot be used is counted and dropped."""
        speaker = self._speakers.get(envelope.stream)
        if speaker is None:
            self.refused += 1
            return
        try:
            if envelope.kind == Kind.PROFILE:
                self._learn(envelope.stream, speaker, envelope.core)
            elif envelope.kind == Kind.POSE:
                self._decode(speaker, envelope, arrival_machine_ns)
            elif envelope.kind == Kind.VOICE:
                self._hear_voice(speaker, envelope, arrival_machine_ns)
        except (CodecError, WireError):
            self.refused += 1

    def _learn(self, stream: int, speaker: _Speaker, profile: bytes) -> None:
        if profile == speaker.profile:
            return
        speaker.proportions = decode_profile(profile)
        speaker.profile = profile
        speaker.decoder = PatientDecoder(Decoder(speaker.proportions))
        self._introduce(stream, speaker)

    def dress(self, stream: int, body: str) -> None:
        """The file of somebody's body is there."""
        speaker = self._speakers.get(stream)
        if speaker is not None:
            speaker.body = body
            self._introduce(stream, speaker)

    def introduce_all(self) -> None:
        """Tell the view again who is here, in case it was too slow to hear it."""
        for stream, speaker in self._speakers.items():
            self._introduce(stream, speaker)

    def _introduce(self, stream: int, speaker: _Speaker) -> None:
        """Tell the view who is here, once it can know their measures."""
        if speaker.profile:
            self._pass_on(Came(stream, speaker.seat, speaker.name, speaker.body, speaker.profile))

    def _decode(self, speaker: _Speaker, envelope: Envelope, arrival_machine_ns: int) -> None:
        stream, decoder = envelope.stream, speaker.decoder
        if decoder is None:
            if arrival_machine_ns - speaker.asked_ns >= PROFILE_AGAIN_NS:
                speaker.asked_ns = arrival_machine_ns
                self._ask(stream, ProfileRequest(stream))
            return
        if not speaker.moves.take(arrival_machine_ns):
            self.refused += 1
            return
        counted = _counted(speaker.poses, envelope)
        frame = Frame(
            sequence=counted.sequence,
            refers_to=counted.refers_to,
            capture_ns=counted.capture_ns,
            core=envelope.core,
            detail=envelope.detail,
            reference=envelope.reference,
        )
        unsound = decoder.refused
        decoded = decoder.push(frame)
        self.refused += decoder.refused - unsound
        speaker.bytes += envelope.sealed_size
        arrival_ns = self._clock.from_machine_ns(arrival_machine_ns)
        for one, sample in decoded:
            speaker.heard_ns = arrival_machine_ns
            speaker.frames += 1
            if self._log is not None:
                self._log.add(stream, one.sequence, arrival_machine_ns, _sealed_size(one))
            self._pass_on(Heard(stream, one.sequence, arrival_ns, sample))
        speaker.loss.heard(frame.sequence, arrival_machine_ns)
        self._answer_back(stream, speaker, decoder, arrival_machine_ns)

    def _hear_voice(self, speaker: _Speaker, envelope: Envelope, arrival_machine_ns: int) -> None:
        if not speaker.speech.take(arrival_machine_ns):
            self.refused += 1
            return
        counted = _counted(speaker.packets, envelope)
        speaker.bytes += envelope.sealed_size
        self._listen(
            VoicePacket(
                stream=envelope.stream,
                sequence=counted.sequence,
                capture_ns=counted.capture_ns,
                arrival_ns=self._clock.from_machine_ns(arrival_machine_ns),
                opus=envelope.core,
            )
        )

    def _answer_back(
        self, stream: int, speaker: _Speaker, decoder: PatientDecoder, now_ns: int
    ) -> None:
        """Ask for what is missing, and report what is lost, when it is time to."""
        # At once, though a repeat may be on its way: a round trip costs more than the request.
        if (missing := decoder.missing) is not None:
            request = speaker.asker.ask(
                missing,
                decoder.known,
                now_ns,
                in_touch=decoder.in_touch,
                round_trip_ns=self._round_trip_ns(stream),
            )
            if request is not None:
                self._ask(stream, request)
        if now_ns - speaker.reported_ns >= REPORT_NS:
            share = speaker.loss.share(now_ns)
            if share is not None:
                speaker.reported_ns = now_ns
                self._ask(stream, LossReport.of(stream, share))


def _counted(unwrapper: Unwrapper, envelope: Envelope) -> Unwrapped:
    counted = unwrapper.unwrap(envelope)
    if abs(counted.capture_ns) > _LARGEST_STAMP:
        raise EnvelopeError(f"stream {envelope.stream} states a time that no clock shows")
    return counted


def _sealed_size(frame: Frame) -> int:
    """Bytes of the envelope that a frame came in."""
    tag = seal_length(Kind.POSE, frame.golden)
    sections = sum(len(section) + tag for section in (frame.core, frame.detail) if section)
    return HEADER_LENGTH + sections
