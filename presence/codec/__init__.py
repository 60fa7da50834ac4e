"""PoseSample ↔ Frame, the error metric, and the profile that carries a person's proportions."""

from presence.codec.decoder import Decoder
from presence.codec.encoder import Encoder
from presence.codec.frame import Frame
from presence.codec.metric import vertex_errors
from presence.codec.profile import decode_profile, encode_profile
from presence.codec.repeats import Repeater
from presence.codec.settings import CodecSettings
from presence.codec.waiting import PatientDecoder

__all__ = [
    "CodecSettings",
    "Decoder",
    "Encoder",
    "Frame",
    "PatientDecoder",
    "Repeater",
    "decode_profile",
    "encode_profile",
    "vertex_errors",
]
