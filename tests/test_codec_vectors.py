"""Golden vectors: frames in bytes, and what every decoder must make of them.

``python tests/test_codec_vectors.py --write`` makes them anew, after a deliberate change of format.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from smooth_motion import PERSON, SECOND, SmoothMotion, wild_sample

from presence.codec import Decoder, Encoder, Frame, decode_profile, encode_profile
from presence.errors import CodecError

VECTORS = Path(__file__).parent / "vectors" / "codec.json"


def _values(sample) -> dict:
    return {
        "root_position": sample.root_position.round(7).tolist(),
        "rotations": sample.rotations.round(7).tolist(),
        "face": sample.face.round(7).tolist(),
        "gaze_direction": sample.gaze_direction.round(7).tolist(),
        "gaze_distance": round(sample.gaze_distance, 7),
        "attention": [sample.attention.target, round(sample.attention.confidence, 7)],
        "tracked": sample.tracked.round(7).tolist(),
        "contacts": int(sample.contacts),
    }


def write() -> None:
    profile = encode_profile(PERSON)
    motion, encoder, decoder = SmoothMotion(5), Encoder(PERSON), Decoder(decode_profile(profile))
    named = {
        "golden": motion.at(0),
        "dependent": motion.at(SECOND // 60),
        "dependent, everything else": wild_sample(np.random.default_rng(8), 2 * SECOND // 60),
        "golden, requested": motion.at(3 * SECOND // 60),
        "not written": motion.at(4 * SECOND // 60),
        "not written either": motion.at(5 * SECOND // 60),
        "anchor": motion.at(6 * SECOND // 60),
        "dependent, of the anchor": motion.at(7 * SECOND // 60),
    }
    frames = []
    for name, sample in named.items():
        if "requested" in name:
            encoder.request_golden()
        frame = encoder.encode(sample)
        if "not written" in name:
            continue
        frames.append(
            {
                "name": name,
                "sequence": frame.sequence,
                "refers_to": frame.refers_to,
                "reference": frame.reference,
                "capture_ns": frame.capture_ns,
                "core": frame.core.hex(),
                "detail": frame.detail.hex(),
                "decodes_to": _values(decoder.decode(frame)),
            }
        )
    golden = frames[0]
    refused = [
        {"why": "cut short", "core": golden["core"][:-2]},
        {"why": "padded", "core": golden["core"] + "00"},
        {"why": "trailing byte", "core": golden["core"] + "01"},
        {"why": "empty", "core": ""},
        {"why": "too large", "core": "01" * 240},
    ]
    content = {"profile": profile.hex(), "frames": frames, "refused": refused}
    VECTORS.write_text(json.dumps(content, indent=1) + "\n")


def vectors() -> dict:
    return json.loads(VECTORS.read_text())


def test_frames_decode_to_what_was_written_down():
    content = vectors()
    decoder = Decoder(decode_profile(bytes.fromhex(content["profile"])))
    for vector in content["frames"]:
        frame = Frame(
            vector["sequence"],
            vector["refers_to"],
            vector["capture_ns"],
            bytes.fromhex(vector["core"]),
            bytes.fromhex(vector["detail"]),
            vector["reference"],
        )
        sample = decoder.decode(frame)
        assert sample.capture_ns == vector["capture_ns"]
        for name, value in _values(sample).items():
            expected = vector["decodes_to"][name]
            assert np.abs(np.subtract(value, expected)).max() < 1e-6, (vector["name"], name)


@pytest.mark.parametrize("why", ["cut short", "padded", "trailing byte", "empty", "too large"])
def test_invalid_sections_are_refused(why):
    (core,) = (vector["core"] for vector in vectors()["refused"] if vector["why"] == why)
    with pytest.raises(CodecError):
        Decoder(PERSON).decode(Frame(0, 0, 0, bytes.fromhex(core), b"", reference=True))


if __name__ == "__main__" and "--write" in sys.argv:
    write()
