"""The vectors in tests/vectors, which another implementation could be tested by too."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from presence import errors
from presence.wire.bundle import pack_bundles, unpack_bundle
from presence.wire.control import decode_control, encode_control
from presence.wire.envelope import Envelope, decode_envelope, encode_envelope

VECTORS = Path(__file__).parent / "vectors"


def cases(name, valid):
    vectors = json.loads((VECTORS / f"{name}.json").read_text())["vectors"]
    return [
        pytest.param(vector, id=vector["name"])
        for vector in vectors
        if ("error" not in vector) == valid
    ]


def envelope_of(fields):
    return Envelope(**{**fields, **{key: bytes.fromhex(fields[key]) for key in ("core", "detail")}})


def message_fields(message):
    return {"type": type(message).__name__, **asdict(message)}


@pytest.mark.parametrize("vector", cases("envelope", valid=True))
def test_envelope_vector_decodes_to_its_fields_and_encodes_to_its_bytes(vector):
    data = bytes.fromhex(vector["hex"])
    envelope = envelope_of(vector["envelope"])
    assert decode_envelope(data) == envelope
    assert encode_envelope(envelope) == data
    assert envelope.size == len(data)


@pytest.mark.parametrize("vector", cases("bundle", valid=True))
def test_bundle_vector_holds_its_envelopes(vector):
    data = bytes.fromhex(vector["hex"])
    envelopes = [bytes.fromhex(envelope) for envelope in vector["envelopes"]]
    assert unpack_bundle(data) == envelopes
    assert pack_bundles(envelopes) == [data]


@pytest.mark.parametrize("vector", cases("control", valid=True))
def test_control_vector_holds_its_messages(vector):
    messages = decode_control(bytes.fromhex(vector["hex"]))
    assert [message_fields(message) for message in messages] == vector["messages"]
    if "unknown" not in vector["name"]:
        assert encode_control(messages).hex() == vector["hex"]


@pytest.mark.parametrize(
    ("decode", "vector"),
    [
        pytest.param(decode, *case.values, id=f"{name}-{case.id}")
        for name, decode in (
            ("envelope", decode_envelope),
            ("bundle", unpack_bundle),
            ("control", decode_control),
        )
        for case in cases(name, valid=False)
    ],
)
def test_invalid_vector_raises_its_documented_error(decode, vector):
    with pytest.raises(getattr(errors, vector["error"])):
        decode(bytes.fromhex(vector["hex"]))
