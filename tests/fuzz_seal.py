"""What is fuzzed of the seal: an envelope, a key package or an identity from whoever has no key."""

from __future__ import annotations

from smooth_motion import PERSON, SECOND, SmoothMotion
from villagers import someone

from presence.codec import Encoder
from presence.errors import EnvelopeError, SealError
from presence.wire.envelope import Envelope, Kind, decode_envelope, encode_envelope
from presence.wire.identity import check_identity
from presence.wire.key_package import Party, pack_key, unpack_key
from presence.wire.sealing import Opener, Sealer
from presence.wire.signalling import Identity

_ADA, _BEN = someone(), someone()
_KEY = bytes(range(16))
_WHO = _ADA.introduce("Ada", 0)


def check(data: bytes) -> None:
    """Only what was sealed opens, and only what was signed is believed; the rest is an error."""
    what, data = data[:1], data[1:]
    if what == b"k":
        try:
            unpack_key(_BEN, 2, Party.own(1, _ADA), data)
        except SealError:
            return
        assert data in _boxes
    elif what == b"i":
        parts = [data[:32], data[32:64], data[64:128], data[128:160]]
        names = ("device", "agreement", "signature", "proof")
        who = Identity(**dict(zip(names, parts, strict=True)))
        try:
            check_identity(who, _BEN.secret, "Ada", 0)
        except SealError:
            return
        assert who == _WHO
    else:
        opener = Opener(7)
        opener.add(1, _KEY)
        try:
            opened = opener.open(decode_envelope(data), 0)
        except (EnvelopeError, SealError):
            return
        assert opened is None or data in _sealed or _whole(data) in _sealed


_boxes = [pack_key(_ADA, 1, Party.own(2, _BEN), n, _KEY) for n in (1, 2)]
_sealed: list[bytes] = []


def _whole(data: bytes) -> bytes:
    """The sealed envelope of which a relay may have dropped the detail."""
    return next((whole for whole in _sealed if whole.startswith(data)), b"")


def seeds(*, many: bool) -> list[bytes]:
    who = _WHO.device + _WHO.agreement + _WHO.signature + _WHO.proof
    return [
        *(b"e" + envelope for envelope in _sealed),
        *(b"k" + box for box in _boxes),
        b"i" + who,
    ]


def _seal_some() -> None:
    encoder, motion, sealer = Encoder(PERSON), SmoothMotion(), Sealer(7, 1, _KEY)
    envelopes = [Envelope.pose(7, encoder.encode(motion.at(k * SECOND // 60))) for k in range(3)]
    envelopes += [
        Envelope.single(kind, 7, sequence=1, capture_ns=0, payload=bytes(20))
        for kind in (Kind.VOICE, Kind.CONTROL, Kind.PROFILE)
    ]
    _sealed.extend(encode_envelope(sealer.seal(envelope)) for envelope in envelopes)


_seal_some()
