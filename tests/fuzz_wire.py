"""What is fuzzed of the wire: a bundle of envelopes, and what is in them."""

from __future__ import annotations

from smooth_motion import PERSON, SECOND, SmoothMotion

from presence.codec import Encoder, decode_profile
from presence.errors import ControlError, EnvelopeError
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.control import Bye, LossReport, Ping, RepairRequest, decode_control
from presence.wire.control import encode_control as control_bytes
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope


def check(data: bytes) -> None:
    """A bundle, its envelopes, and their payloads are what they were made of, or errors."""
    try:
        parts = unpack_bundle(data)
    except EnvelopeError:
        parts = [data]
    else:
        assert b"".join(pack_bundles(parts)) == data
    for part in parts:
        try:
            envelope = decode_envelope(part)
        except EnvelopeError:
            continue
        assert encode_envelope(envelope) == part
        assert envelope.size == len(part)
        encode_envelope(envelope.without_detail())
        payload(envelope)


def payload(envelope: Envelope) -> None:
    try:
        if envelope.kind == Kind.PROFILE:
            decode_profile(envelope.core)
        else:
            messages = decode_control(envelope.core)
            assert decode_control(control_bytes(messages)) == messages
    except ControlError:
        return


def seeds(*, many: bool) -> list[bytes]:
    encoder, motion = Encoder(PERSON), SmoothMotion()
    poses = [
        Envelope.pose(7, encoder.encode(motion.at(k * SECOND // 60)))
        for k in range(7 if many else 1)
    ]
    control = control_bytes([Ping(5), RepairRequest(7, 6, 0), LossReport(7, 3), Bye()])
    single = Envelope.single(Kind.CONTROL, 7, sequence=1, capture_ns=0, payload=control)
    envelopes = [encode_envelope(envelope) for envelope in (*poses, single)]
    return [*envelopes, *pack_bundles(envelopes)]
